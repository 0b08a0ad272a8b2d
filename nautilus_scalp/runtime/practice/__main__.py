"""Start a practice exchange: settings as one line of JSON on standard input."""

import sys

import msgspec
import uvloop  # comes with nautilus_trader, whose nodes run on it

from nautilus_scalp.errors import ScalpError
from nautilus_scalp.runtime.practice.process import PracticeSettings
from nautilus_scalp.runtime.practice.process import serve


def main() -> int:
    """Read the settings, serve, and leave when standard input ends.

    Returns
    -------
    int
        The exit code.

    """
    settings = msgspec.json.decode(sys.stdin.readline(), type=PracticeSettings)
    try:
        uvloop.run(serve(settings))
    except ScalpError as error:
        sys.stderr.write(f"error: {error.message}\nremedy: {error.remedy}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
