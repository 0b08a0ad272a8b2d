"""What a live process must not load: a training library costs seconds, memory and surprises."""

import subprocess
import sys


_PROGRAM = """
import sys
import nautilus_scalp.actors.ensemble
import nautilus_scalp.actors.session
import nautilus_scalp.strategies.market_making
import nautilus_scalp.strategies.mean_reversion
import nautilus_scalp.strategies.momentum_breakout
training = {"torch", "sklearn", "xgboost", "optuna", "nautilus_scalp.training"}
print(sorted(training & set(sys.modules)))
"""


def test_strategies_and_actors_load_no_training_library() -> None:
    command = [sys.executable, "-c", _PROGRAM]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert loaded.stdout.strip() == "[]"
