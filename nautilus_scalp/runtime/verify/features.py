"""Prefix invariance: what comes later must not change a feature's past values."""

import msgspec
import numpy as np

from nautilus_scalp.evaluation.leak import changed_past
from nautilus_scalp.evaluation.leak import peek
from nautilus_scalp.features.tape import Tape
from nautilus_scalp.runtime.verify.check import Check
from nautilus_scalp.runtime.verify.check import at_least
from nautilus_scalp.runtime.verify.check import at_most
from nautilus_scalp.runtime.verify.options import VerifyOptions
from nautilus_scalp.runtime.verify.subject import Subject


def check_features(subject: Subject, options: VerifyOptions, tape: Tape) -> list[Check]:
    """Compute the model's features on a whole tape and on tapes cut off at random events.

    Parameters
    ----------
    subject : Subject
        Whose features.
    options : VerifyOptions
        How many events and cuts.
    tape : Tape
        Quotes and trades.

    Returns
    -------
    list[Check]
        The check, and the same with features that peek one quote ahead: they must be noticed.

    """
    whole = first_events(tape, options.invariance_events)
    rng = np.random.default_rng(options.seed)
    cuts = rng.integers(len(whole) // 4, len(whole), options.cuts)
    full = options.compute(whole, subject.features, subject.feature_names).values
    changed, caught, compared = 0, 0, 0
    for cut in cuts.tolist():
        part = first_events(whole, cut)
        prefix = options.compute(part, subject.features, subject.feature_names).values
        compared += prefix.size
        changed += changed_past(full, prefix)
        caught += changed_past(peek(full), peek(prefix)) > 0
    return [
        at_most(
            "prefix_invariance",
            changed,
            0.0,
            f"of {compared:,} past values of {len(subject.feature_names)} features changed when "
            f"the tape of {len(whole):,} events was cut off at {len(cuts)} random events",
        ),
        at_least(
            "prefix_invariance_control",
            caught,
            float(len(cuts)),
            f"of {len(cuts)} cuts at which features that peek one quote ahead were noticed",
        ),
    ]


def first_events(tape: Tape, count: int) -> Tape:
    """Return the first events of a tape."""
    return msgspec.structs.replace(
        tape,
        kind=tape.kind[:count],
        instrument=tape.instrument[:count],
        ts_event_ns=tape.ts_event_ns[:count],
        ts_init_ns=tape.ts_init_ns[:count],
        values=tape.values[:count],
    )
