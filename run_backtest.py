"""Backtest one or several configurations: ``uv run run_backtest.py [CONFIG ...]``."""

import sys

from nautilus_scalp.runtime.cli import backtest


if __name__ == "__main__":
    sys.exit(backtest())
