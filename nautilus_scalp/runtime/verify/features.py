"""Prefix invariance: what comes later must not change a feature's past values."""

from collections.abc import Sequence

import numpy as np

from nautilus_scalp.evaluation.leak import changed_past
from nautilus_scalp.evaluation.leak import peek
from nautilus_scalp.features.params import FeatureParams
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.models.certificate import first_events
from nautilus_scalp.runtime.verify.check import Check
from nautilus_scalp.runtime.verify.check import at_least
from nautilus_scalp.runtime.verify.check import at_most
from nautilus_scalp.runtime.verify.options import VerifyOptions


def check_features(
    features: FeatureParams, names: Sequence[str], options: VerifyOptions, tape: Tape
) -> list[Check]:
    """Compute a model's features on a whole tape and on tapes cut off at random events.

    Parameters
    ----------
    features : FeatureParams
        Parameters of the features.
    names : sequence of str
        The model's own columns.
    options : VerifyOptions
        How many events and cuts.
    tape : Tape
        Events of every kind that the features read.

    Returns
    -------
    list[Check]
        The check, and the same with features that peek one quote ahead: they must be noticed.

    """
    whole = first_events(tape, options.invariance_events)
    rng = np.random.default_rng(options.seed)
    cuts = rng.integers(len(whole) // 4, len(whole), options.cuts)
    full = options.compute(whole, features, names).values
    changed, caught, compared = 0, 0, 0
    for cut in cuts.tolist():
        part = first_events(whole, cut)
        prefix = options.compute(part, features, names).values
        compared += prefix.size
        changed += changed_past(full, prefix)
        caught += changed_past(peek(full), peek(prefix)) > 0
    return [
        at_most(
            "prefix_invariance",
            changed,
            0.0,
            f"of {compared:,} past values of {len(names)} features changed when "
            f"the tape of {len(whole):,} events was cut off at {len(cuts)} random events",
        ),
        at_least(
            "prefix_invariance_control",
            caught,
            float(len(cuts)),
            f"of {len(cuts)} cuts at which features that peek one quote ahead were noticed",
        ),
    ]
