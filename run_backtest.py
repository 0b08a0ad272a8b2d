"""Backtest one or several configurations: ``uv run run_backtest.py [CONFIG ...]``."""

import sys
from pathlib import Path

from nautilus_scalp.runtime.cli import backtest


if __name__ == "__main__":
    sys.exit(backtest(Path(__file__).parent / "configs" / "backtest" / "default.toml"))
