"""What was assumed and what happened, in words for the report."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from typing import Protocol

from nautilus_scalp.data.fees import fee_schedule
from nautilus_scalp.data.funding import FundingTime
from nautilus_scalp.runtime.backtest import Window
from nautilus_scalp.runtime.config import BacktestConfig
from nautilus_scalp.runtime.simulation.records import DepthShortfall
from nautilus_scalp.runtime.simulation.records import Liquidation
from nautilus_scalp.runtime.simulation.schedule import uncharged
from nautilus_scalp.settings import to_iso


_NS_PER_S = 1_000_000_000


class SimulatedRun(Protocol):
    """The parts of a finished run that there is something to say about."""

    @property
    def name(self) -> str:
        """Name of the configuration."""

    @property
    def config(self) -> BacktestConfig:
        """The configuration."""

    @property
    def window(self) -> Window:
        """What was replayed."""

    @property
    def funding(self) -> tuple[FundingTime, ...]:
        """What was settled when."""

    @property
    def liquidations(self) -> list[Liquidation]:
        """When the account was closed out."""

    @property
    def shortfalls(self) -> Counter[DepthShortfall]:
        """Market orders that found too little in the recorded book."""


def assumptions(config: BacktestConfig) -> tuple[str, ...]:
    """Return the assumptions behind the fills, one sentence each.

    Parameters
    ----------
    config : BacktestConfig
        The configuration.

    Returns
    -------
    tuple[str, ...]
        For the reader of the tearsheet.

    """
    venue = config.venue
    queue = "behind the size already there" if venue.queue_position else "first in its queue"
    gone = "is gone until the book changes"
    taken = gone if venue.liquidity_consumption else "is there again at once"
    latencies = (venue.insert_latency_ms, venue.update_latency_ms, venue.cancel_latency_ms)
    submit, amend, cancel = (f"{latency:g} ms" for latency in latencies)
    inference = f", {venue.signal_latency_ms:g} ms later with a model" if config.actors else ""
    closed_out = (
        "An account below its maintenance margin is closed out at market and trades no more."
        if venue.liquidation
        else "Nothing is liquidated."
    )
    afforded = (
        f"Orders that need more than the equity at {venue.default_leverage:g}x are denied."
        if venue.initial_margin
        else "Initial margin is not checked."
    )
    delays = f"{submit} (submit), {amend} (amend) and {cancel} (cancel){inference}"
    return (
        f"Commands take effect after {delays}.",
        f"A resting order is {queue}; size that was taken {taken}.",
        "The book is the recorded best bid and ask; larger market orders walk the recorded depth.",
        "What is sent makes nobody else act.",
        "Funding is paid at recorded rates, or at the configured one.",
        f"{afforded} {closed_out}",
    )


def simulation_notes(runs: Sequence[SimulatedRun]) -> list[str]:
    """Return what the reader has to know about fees, funding and liquidations.

    Parameters
    ----------
    runs : Sequence[SimulatedRun]
        Of one report.

    Returns
    -------
    list[str]
        Every remark once; one of a single run of several names it.

    """
    notes: dict[str, None] = {}
    for run in runs:
        own = [*_fee_notes(run), *_funding_notes(run), *_depth_notes(run)]
        liquidated = _liquidation_notes(run)
        if len(runs) > 1:
            liquidated = [f"{run.name}: {note}" for note in liquidated]
        notes.update(dict.fromkeys([*liquidated, *own]))
    return list(notes)


def _fee_notes(run: SimulatedRun) -> list[str]:
    venue = run.config.venue
    schedule = fee_schedule(venue.name) if venue.fee_tier else None
    if schedule is None:
        return []
    started = datetime.fromtimestamp(run.window.start_ns / _NS_PER_S, UTC).date()
    if started >= schedule.valid_from:
        return []
    since = f"those in force since {schedule.valid_from}"
    return [f"fees of {venue.fee_tier} are {since}; the window is older"]


def _funding_notes(run: SimulatedRun) -> list[str]:
    window = (run.window.start_ns, run.window.end_ns)
    missing = uncharged(run.funding, run.config.instrument_ids, window)
    remedy = "nothing was paid then (set venue.funding_rate to charge one)"
    return [
        f"{name}: {count} funding time(s) in the window without a rate; {remedy}"
        for name, count in missing.items()
    ]


def _depth_notes(run: SimulatedRun) -> list[str]:
    found = {True: "took all recorded levels", False: "met no recorded depth of the last 5 s"}
    return [
        f"{short.instrument_id}: {count} market order(s) {found[short.recorded]}; "
        "their rest was filled one tick further, which flatters"
        for short, count in run.shortfalls.items()
    ]


def _liquidation_notes(run: SimulatedRun) -> list[str]:
    if not run.liquidations:
        return []
    first = run.liquidations[0]
    short = f"equity {first.equity:,.2f} under a maintenance margin of {first.maintenance:,.2f}"
    return [f"LIQUIDATED at {to_iso(first.ts_ns)}: {short}; trading stopped"]
