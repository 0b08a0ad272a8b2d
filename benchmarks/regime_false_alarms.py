"""
How often a market without any regime is said to be in one.

Returns of a second each are independent, normal or with the heavy tails of Student's t with three
degrees of freedom; prices bounce nowhere. Run ``python -m benchmarks.regime_false_alarms``.
"""

import sys
from collections import Counter

import numpy as np
import numpy.typing as npt

from nautilus_scalp.signals.regime import RegimeClassifier
from nautilus_scalp.signals.regime import RegimeParams


BARS = 200_000
SEEDS = (5, 6, 7, 8)
START_NS, BAR_NS = 1_700_000_000_000_000_000, 1_000_000_000


def count(returns_bps: npt.NDArray[np.float64]) -> Counter[str]:
    """Return how many bars each regime lasted."""
    classifier = RegimeClassifier(RegimeParams())
    bars: Counter[str] = Counter()
    for i, price in enumerate(100.0 * np.exp(np.cumsum(1e-4 * returns_bps))):
        classifier.on_mid(START_NS + i * BAR_NS, float(price))
        bars[str(classifier.regime or "unknown")] += 1
    return bars


def main() -> None:
    """Print the share of each regime, over all seeds."""
    for name in ("normal", "Student's t, 3"):
        bars: Counter[str] = Counter()
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            walk = rng.standard_normal(BARS) if name == "normal" else rng.standard_t(3, BARS)
            bars += count(walk)
        shares = (f"{regime} {number / bars.total():.3%}" for regime, number in bars.most_common())
        sys.stdout.write(f"{name}: {', '.join(shares)}\n")


if __name__ == "__main__":
    main()
