"""Signals of a forecaster who knows how a synthetic market is made, and sees what is published."""

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
from nautilus_trader.common.actor import Actor
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_scalp.data.synthetic.market import generate
from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.messages import AlphaSignal
from nautilus_scalp.messages import signal_topic


_phi = NormalDist().cdf


class OracleConfig(ActorConfig, frozen=True):
    """Whose market it is, how far the forecaster looks, and how large a move it names."""

    instrument_id: InstrumentId
    seed: int
    hours: float
    edge: float
    half_life_ms: float = 2_000.0
    horizon_ms: int = 1_000
    move_bps: float = 1.0


class Oracle(Actor):
    """Publishes with every quote the chance that the next jump goes up; none can say more."""

    def __init__(self, config: OracleConfig) -> None:
        super().__init__(config)
        self._forecasts: npt.NDArray[np.float64] = np.empty((0, 2))
        self._row = 0

    def on_start(self) -> None:
        """Make the market once more, for what was not published, and listen."""
        config = self.config
        params = SyntheticParams(
            seed=config.seed,
            hours=config.hours,
            edge=config.edge,
            half_life_ms=config.half_life_ms,
        )
        self._forecasts = np.concatenate([chunk.signals[:, 1:] for chunk in generate(params)])
        self.subscribe_quote_ticks(config.instrument_id)

    def on_stop(self) -> None:
        """Do nothing."""

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Publish the forecast that belongs to the quote."""
        mean, variance = self._forecasts[self._row]
        self._row += 1
        up = chance_up(self.config.edge, float(mean), float(variance))
        lean = 2.0 * up - 1.0
        entropy = -sum(p * math.log(p) for p in (up, 1.0 - up) if p > 0.0)
        signal = AlphaSignal(
            tick.ts_event,
            tick.ts_init,
            instrument_id=tick.instrument_id,
            horizon_ms=self.config.horizon_ms,
            p_down=1.0 - up,
            p_flat=0.0,
            p_up=up,
            expected_move_bps=lean * self.config.move_bps,
            confidence=1.0 - entropy / math.log(3.0),
            strength=2.0 * lean,
        )
        self.msgbus.publish(signal_topic(tick.instrument_id), signal)


def chance_up(edge: float, mean: float, variance: float) -> float:
    """
    Return the chance that the next jump goes up.

    The jump's sign is that of ``edge * s + sqrt(1 - edge^2) * z``; all that is published makes `s`
    normal with this mean and variance, and `z` is standard normal.
    """
    return _phi(edge * mean / math.sqrt(1.0 - edge * edge * (1.0 - variance)))
