"""Share of a planted edge that is recovered, over several markets: mean and standard error.

Run with ``python -m benchmarks.planted_share SEED...``: what ``verify configs/training/sample.toml
--seed SEED`` tells of the planted edge, without its other checks. One market's share of the bps has
a standard error of 0.02, because jumps have heavy tails; that of the mean is taken from the
differences between markets.
"""

import sys
from pathlib import Path

import numpy as np

from nautilus_scalp.runtime.verify.markets import try_market
from nautilus_scalp.runtime.verify.options import VerifyOptions
from nautilus_scalp.runtime.verify.planted import check_planted_edge
from nautilus_scalp.runtime.verify.subject import find_subject


CONFIG = Path(__file__).parents[1] / "configs" / "training" / "sample.toml"
PREFIX = "planted_edge_"


def main() -> None:
    """Print every model's shares of every market, and then their mean."""
    found: dict[str, list[float]] = {}
    for seed in map(int, sys.argv[1:]):
        for name, share in shares(seed).items():
            found.setdefault(name, []).append(share)
        told = ", ".join(f"{name} {each[-1]:.3f}" for name, each in found.items())
        print(f"seed {seed}: {told}", flush=True)  # noqa: T201
    for name, each in found.items():
        error = np.std(each, ddof=1) / len(each) ** 0.5 if len(each) > 1 else np.nan
        print(f"{name:<20}{np.mean(each):.4f} +- {error:.4f}")  # noqa: T201


def shares(seed: int) -> dict[str, float]:
    """Train on a market, judge on another, and return what is recovered by figure and model."""
    options = VerifyOptions(seed=seed)
    training = find_subject(CONFIG, options, lambda _stage, _fraction: None).training
    assert training is not None
    trial = try_market(training, options, options.edge, options.edge_hours)
    return {
        check.name.removeprefix(PREFIX): check.value
        for check in check_planted_edge(trial, options)
        if check.value is not None
    }


if __name__ == "__main__":
    main()
