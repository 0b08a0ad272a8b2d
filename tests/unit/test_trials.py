import multiprocessing
from pathlib import Path

import pytest

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.trials import LEDGER_VARIABLE
from nautilus_scalp.runtime.trials import DataWindow
from nautilus_scalp.runtime.trials import Trial
from nautilus_scalp.runtime.trials import count_trials
from nautilus_scalp.runtime.trials import data_window
from nautilus_scalp.runtime.trials import identity
from nautilus_scalp.runtime.trials import ledger_path
from nautilus_scalp.runtime.trials import record_trial


SAMPLE = Path(__file__).parents[2] / "catalogs" / "sample"
WINDOW = DataWindow(files=("a", "b"), start_ns=100, end_ns=200)


def trial(name: str, window: DataWindow = WINDOW, sharpe: float | None = None) -> Trial:
    return Trial(kind="tune", name=name, identity=identity(name), window=window, sharpe=sharpe)


def test_each_configuration_counts_once_with_its_best_ratio(tmp_path: Path) -> None:
    ledger = tmp_path / "runs" / "trials.jsonl"
    assert count_trials(WINDOW, ledger).count == 0
    for name, sharpe in (("x", None), ("x", 0.1), ("x", 0.3), ("y", None), ("z", -0.2)):
        record_trial(trial(name, sharpe=sharpe), ledger)
    tried = count_trials(WINDOW, ledger)
    assert tried.count == 3
    assert sorted(tried.sharpes) == [-0.2, 0.3]
    assert ledger.read_text().count("\n") == 5  # every run keeps its line


@pytest.mark.parametrize(
    ("window", "count"),
    [
        (DataWindow(files=("b", "c"), start_ns=199, end_ns=300), 1),
        (DataWindow(files=("b", "c"), start_ns=200, end_ns=300), 0),  # afterwards
        (DataWindow(files=("c",), start_ns=100, end_ns=200), 0),  # other data, same time
    ],
)
def test_trials_count_for_data_they_have_seen(
    tmp_path: Path, window: DataWindow, count: int
) -> None:
    record_trial(trial("x"), tmp_path / "ledger")
    assert count_trials(window, tmp_path / "ledger").count == count


def append(ledger: Path, process: int) -> None:
    for number in range(50):
        record_trial(trial(f"{process}-{number}" + 4_000 * "."), ledger)


def test_processes_append_at_once_without_mixing_lines(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    ledger = tmp_path / "ledger"
    processes = [context.Process(target=append, args=(ledger, number)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert count_trials(WINDOW, ledger).count == 200


def test_damaged_line_is_named(tmp_path: Path) -> None:
    record_trial(trial("x"), tmp_path / "ledger")
    with (tmp_path / "ledger").open("a") as file:
        file.write("{\n")
    with pytest.raises(InputError, match="ledger:2"):
        count_trials(WINDOW, tmp_path / "ledger")


def test_ledger_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write the ledger"):
        record_trial(trial("x"), tmp_path / "file" / "ledger")


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LEDGER_VARIABLE)
    assert ledger_path() == Path("runs/trials.jsonl")
    monkeypatch.setenv(LEDGER_VARIABLE, "/elsewhere/trials.jsonl")
    assert ledger_path() == Path("/elsewhere/trials.jsonl")


def test_data_are_known_by_their_content() -> None:
    names = ["BTCUSDT-PERP.BINANCE"]
    early = data_window(SAMPLE, names, 0, 1_690_000_000_000_000_000)  # the recording of 2023
    late = data_window(SAMPLE, names, 1_700_000_000_000_000_000, 2_000_000_000_000_000_000)
    both = data_window(SAMPLE, names, 0, 2_000_000_000_000_000_000)
    assert len(early.files) == len(late.files) == 1
    assert set(both.files) == {*early.files, *late.files}


def test_identity_sees_every_value_and_no_order() -> None:
    assert identity({"a": 1, "b": 2}) == identity({"b": 2, "a": 1})
    assert identity({"a": 1}) != identity({"a": 2})
