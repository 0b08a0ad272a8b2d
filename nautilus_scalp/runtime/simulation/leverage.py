"""The simulated venue's side of a change of leverage."""

from decimal import Decimal

from nautilus_trader.backtest.engine import BacktestEngine

from nautilus_scalp.messages import LEVERAGE_ENDPOINT
from nautilus_scalp.messages import LeverageRequest


def obey_leverage(engine: BacktestEngine) -> None:
    """
    Let the account of the simulated venue take the leverage that a ``PortfolioGuard`` asks for.

    Parameters
    ----------
    engine : BacktestEngine
        Before it runs.

    """
    cache = engine.cache

    def apply(request: LeverageRequest) -> None:
        account = cache.account_for_venue(request.instrument_id.venue)
        if account is not None and account.is_margin_account:
            account.set_leverage(request.instrument_id, Decimal(request.leverage))

    engine.kernel.msgbus.register(LEVERAGE_ENDPOINT, apply)
