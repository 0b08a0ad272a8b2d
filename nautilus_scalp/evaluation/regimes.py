"""In which regime each moment of a run was, told from its mid prices alone."""

import msgspec
import numpy as np
import numpy.typing as npt

from nautilus_scalp.evaluation.fills import NS_PER_MS
from nautilus_scalp.evaluation.fills import MidSeries
from nautilus_scalp.signals.regime import Regime
from nautilus_scalp.signals.regime import RegimeClassifier
from nautilus_scalp.signals.regime import RegimeParams


UNKNOWN = "warming up"
NAMES = (UNKNOWN, *Regime)


class RegimeSeries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, eq=False):
    """
    When each regime began.

    Attributes
    ----------
    ts_ns : int64[k]
        Times, increasing.
    code : int8[k]
        Which of `NAMES`.

    """

    ts_ns: npt.NDArray[np.int64]
    code: npt.NDArray[np.int8]

    def at(self, ts_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.int8]:
        """Return the regime of each moment as a code of `NAMES`; before the first one unknown."""
        known = np.concatenate((np.zeros(1, np.int8), self.code))
        found: npt.NDArray[np.int8] = known[np.searchsorted(self.ts_ns, ts_ns, side="right")]
        return found


def classify(mids: MidSeries, params: RegimeParams | None = None) -> RegimeSeries:
    """
    Follow a market from regime to regime, as a ``RegimeActor`` does.

    Parameters
    ----------
    mids : MidSeries
        The market; what comes before the window warms the classifier up.
    params : RegimeParams, optional
        Where one regime ends and another begins.

    Returns
    -------
    RegimeSeries
        A moment's regime rests on prices up to that moment only.

    """
    params = params or RegimeParams()
    classifier = RegimeClassifier(params)
    # What neither moves the price nor begins a bar says nothing; of a day's quotes few are left.
    bar = mids.ts_ns // round(params.measures.bar_ms * NS_PER_MS)
    telling = (np.diff(bar, prepend=-1) != 0) | (np.diff(mids.mid, prepend=np.nan) != 0.0)
    ts_ns: list[int] = []
    codes: list[int] = []
    regime: Regime | None = None
    for moment_ns, mid in zip(mids.ts_ns[telling].tolist(), mids.mid[telling], strict=True):
        classifier.on_mid(moment_ns, float(mid))
        if classifier.regime is not regime:
            regime = classifier.regime
            ts_ns.append(moment_ns)
            codes.append(NAMES.index(regime or UNKNOWN))
    return RegimeSeries(ts_ns=np.array(ts_ns, np.int64), code=np.array(codes, np.int8))
