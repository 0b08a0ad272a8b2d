"""The simulated venue of a configuration: every assumption behind a fill in one place."""

from typing import Any

from msgspec import to_builtins
from nautilus_trader.backtest.config import BacktestVenueConfig
from nautilus_trader.backtest.config import ImportableFeeModelConfig
from nautilus_trader.backtest.config import ImportableFillModelConfig
from nautilus_trader.backtest.config import ImportableLatencyModelConfig
from nautilus_trader.config import ImportableActorConfig
from nautilus_trader.model.objects import Money

from nautilus_scalp.data.fees import fee_rates
from nautilus_scalp.data.funding import FundingTime
from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.config import RunSection
from nautilus_scalp.runtime.config import VenueSection
from nautilus_scalp.runtime.simulation.fees import TierFeesConfig


_NS_PER_MS = 1_000_000
_PACKAGE = "nautilus_scalp.runtime.simulation"


def venue_config(
    venue: VenueSection, run: RunSection, funding: tuple[FundingTime, ...], *, signals: bool
) -> BacktestVenueConfig:
    """Return Nautilus's configuration of the venue, with our modules and fees.

    Parameters
    ----------
    venue : VenueSection
        What the venue is like.
    run : RunSection
        Where the recorded depth is, and the seed of the fill model.
    funding : tuple[FundingTime, ...]
        What is paid when.
    signals : bool
        Whether a model's signals drive orders, which then leave later by the time of inference.

    Returns
    -------
    BacktestVenueConfig
        For ``BacktestRunConfig``.

    Raises
    ------
    UsageError
        For a fee tier that the table does not have.

    """
    return BacktestVenueConfig(
        name=venue.name,
        oms_type="NETTING",
        account_type="MARGIN",
        starting_balances=list(venue.starting_balances),
        default_leverage=venue.default_leverage,
        book_type="L1_MBP",
        queue_position=venue.queue_position,
        liquidity_consumption=venue.liquidity_consumption,
        modules=_modules(venue, funding),
        fill_model=ImportableFillModelConfig(
            fill_model_path=f"{_PACKAGE}.depth:RecordedDepth",
            config_path=f"{_PACKAGE}.depth:RecordedDepthConfig",
            config={
                "prob_fill_on_limit": venue.prob_fill_on_limit,
                "prob_slippage": venue.prob_slippage,
                "random_seed": run.seed,
                "catalog": run.catalog,
                "consumption": venue.liquidity_consumption,
            },
        ),
        latency_model=_latency(venue, signals=signals),
        fee_model=ImportableFeeModelConfig(
            fee_model_path=f"{_PACKAGE}.fees:TierFees",
            config_path=f"{_PACKAGE}.fees:TierFeesConfig",
            config=to_builtins(tier_fees(venue)),
        ),
    )


def _modules(venue: VenueSection, funding: tuple[FundingTime, ...]) -> list[ImportableActorConfig]:
    """Return the modules in the order in which they see an event."""
    currency = Money.from_str(venue.starting_balances[0]).currency.code
    modules = [
        _module("standing_quote", "StandingQuote"),
        _module("funding", "Funding", times=to_builtins(funding)),
        _module("closed_positions", "ClosedPositions"),
    ]
    if venue.liquidation:
        modules.append(_module("liquidation", "CrossMargin", currency=currency))
    return modules


def _module(file: str, name: str, **config: Any) -> ImportableActorConfig:  # noqa: ANN401
    return ImportableActorConfig(
        actor_path=f"{_PACKAGE}.{file}:{name}",
        config_path=f"{_PACKAGE}.{file}:{name}Config",
        config=config,
    )


def _latency(venue: VenueSection, *, signals: bool) -> ImportableLatencyModelConfig:
    # Nautilus's latency model cannot tell which order a signal caused: all of them wait for it.
    inference_ms = venue.signal_latency_ms if signals else 0.0
    return ImportableLatencyModelConfig(
        latency_model_path="nautilus_trader.backtest.models:LatencyModel",
        config_path="nautilus_trader.backtest.config:LatencyModelConfig",
        config={
            "base_latency_nanos": round(inference_ms * _NS_PER_MS),
            "insert_latency_nanos": round(venue.insert_latency_ms * _NS_PER_MS),
            "update_latency_nanos": round(venue.update_latency_ms * _NS_PER_MS),
            "cancel_latency_nanos": round(venue.cancel_latency_ms * _NS_PER_MS),
        },
    )


def tier_fees(venue: VenueSection) -> TierFeesConfig:
    """Return what the venue charges.

    Parameters
    ----------
    venue : VenueSection
        What the venue is like.

    Returns
    -------
    TierFeesConfig
        Without rates where the instruments' own are charged.

    Raises
    ------
    UsageError
        For a fee tier that the table does not have, or a discount in BNB elsewhere than at Binance.

    """
    if venue.bnb_discount and venue.name != "BINANCE":
        message = f"venue.bnb_discount: {venue.name} takes no fees in BNB"
        raise UsageError(message, "leave it out, or choose a fee_tier of that venue")
    multiplier = venue.fee_multiplier * (1.0 - venue.bnb_discount)
    if venue.fee_tier is None:
        return TierFeesConfig(multiplier=multiplier)
    rates = fee_rates(venue.name, venue.fee_tier)
    return TierFeesConfig(
        maker_bps=rates.maker_bps, taker_bps=rates.taker_bps, multiplier=multiplier
    )


def tier_name(venue: VenueSection) -> str:
    """Return what the fees are called in a report.

    Parameters
    ----------
    venue : VenueSection
        What the venue is like.

    Returns
    -------
    str
        Venue and tier, and whatever changes them.

    """
    parts = [f"{venue.name} {venue.fee_tier or 'VIP 0'}"]
    if venue.bnb_discount:
        parts.append(f"{venue.bnb_discount:.0%} off in BNB")
    if venue.fee_multiplier != 1.0:
        parts.append(f"times {venue.fee_multiplier:g}")
    return ", ".join(parts)
