"""A process that has everything imported, and forks a trader when it is told to.

Imports are most of the time that a trader takes to start; a dozen drills need not pay them each.
Reads one JSON object a line: what to run. Answers with the process id, then with its exit code.
"""

import json
import os
import sys
import traceback

from nautilus_scalp.runtime.cli import live
from nautilus_scalp.runtime.live import run as _preloaded  # noqa: F401 (what the fork inherits)


def trade(order: dict[str, object]) -> int:
    """Become the trader: its directory, its environment, its output."""
    os.chdir(str(order["cwd"]))
    os.environ.clear()
    os.environ.update(order["env"])
    sys.path[:0] = order["path"]
    output = os.open(str(order["output"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    return live(order["arguments"])


def main() -> None:
    """Say when everything is imported, and serve until standard input ends."""
    print("ready", flush=True)  # noqa: T201
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                code = trade(json.loads(line))
                sys.stdout.flush()
            except BaseException:  # noqa: BLE001 (the child must not return into the loop)
                traceback.print_exc()
                code = 70
            os._exit(code)
        print(pid, flush=True)  # noqa: T201
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
