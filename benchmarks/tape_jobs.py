"""Seconds that a tape of several days takes with one process and with two, and whether bytes agree.

Run with ``python -m benchmarks.tape_jobs MODEL [HOURS]``: three synthetic days of so many hours
each (2 by default), with nights between them, written by turns. Start-up of the processes counts.
"""

import hashlib
import shutil
import sys
import tempfile
import time
from pathlib import Path

from nautilus_scalp.data.synthetic.params import SyntheticParams
from nautilus_scalp.data.synthetic.writer import write_synthetic
from nautilus_scalp.runtime.tape import write_tape


DAYS, ROUNDS = 3, 2
DAY_NS = 86_400_000_000_000
FIRST_NS = 20_000 * DAY_NS


def main() -> None:
    """Write the days, then their tape by turns with one and with two processes."""
    model, hours = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 2.0
    with tempfile.TemporaryDirectory(prefix="nautilus-scalp-") as folder:
        catalog = write_days(Path(folder), hours)
        written = set()
        for _ in range(ROUNDS):
            for jobs in (1, 2):
                started = time.perf_counter()
                tape = write_tape(model, catalog, jobs=jobs)
                took = time.perf_counter() - started
                print(f"{jobs} processes: {took:.1f} s, {tape.quotes:,} quotes", flush=True)  # noqa: T201
                files = [(catalog / file).read_bytes() for file in tape.files]
                written.add(hashlib.sha256(b"".join(files)).hexdigest())
        print(f"different tapes: {len(written)}")  # noqa: T201


def write_days(folder: Path, hours: float) -> Path:
    """Write some days of one instrument into a catalog, and return it."""
    for day in range(DAYS):
        params = SyntheticParams(seed=day, hours=hours, start_ns=FIRST_NS + day * DAY_NS)
        write_synthetic(folder / str(day), params)
        shutil.copytree(folder / str(day) / "data", folder / "all" / "data", dirs_exist_ok=True)
    return folder / "all"


if __name__ == "__main__":
    main()
