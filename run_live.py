"""Trade one configuration on a venue: ``uv run run_live.py CONFIG``."""

import sys

from nautilus_scalp.runtime.cli import live


if __name__ == "__main__":
    sys.exit(live())
