"""What survives a restart, and who may touch it."""

import errno
import os
import warnings
from pathlib import Path

import pytest

from nautilus_scalp.errors import InputError
from nautilus_scalp.errors import UsageError
from nautilus_scalp.runtime.live.state import StateDirectory


class Counter:
    """A component with one number."""

    def __init__(self, name: str, count: int) -> None:
        self.id = name
        self.count = count

    def save(self) -> dict[str, bytes]:
        """Return the number, unless it is 0."""
        return {"count": str(self.count).encode()} if self.count else {}

    def load(self, state: dict[str, bytes]) -> None:
        """Take the number back."""
        self.count = int(state["count"])


def test_state_goes_back_to_its_owner(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path / "state")
    state.save([Counter("a", 3), Counter("empty", 0)])
    restored = [Counter("a", 0), Counter("b", 7)]
    assert state.load(restored, print) == {"a": {"count": b"3"}}
    assert [component.count for component in restored] == [3, 7]
    state.close()


def test_a_full_disk_is_told_and_trading_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, said = StateDirectory(tmp_path), []
    state.save_or_say([Counter("a", 3)], said.append)
    assert said == []

    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("nautilus_scalp.runtime.live.state.replace_file", full)
    state.save_or_say([Counter("a", 4)], said.append)
    assert said == [
        f"state not saved (No space left on device), the last one stays: {tmp_path / 'state.json'}"
    ]
    assert state.load([Counter("a", 0)], print) == {"a": {"count": b"3"}}
    state.close()


def test_damaged_state_is_refused(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    (tmp_path / "state.json").write_text('{"a": {"count"', encoding="utf-8")
    with pytest.raises(InputError, match=r"state\.json: damaged"):
        state.load([Counter("a", 0)], print)
    state.close()


def test_state_of_another_version_is_refused_or_warned_of(tmp_path: Path) -> None:
    class Forgiving(Counter):
        def load(self, state: dict[str, bytes]) -> None:
            warnings.warn(f"{sorted(state)} begun anew", stacklevel=2)

    state, said = StateDirectory(tmp_path), []
    state.save([Counter("a", 3)])
    assert state.load([Forgiving("a", 0)], said.append) == {"a": {"count": b"3"}}
    assert said == [f"{tmp_path / 'state.json'}: ['count'] begun anew"]
    (tmp_path / "state.json").write_text('{"a": {"former": "Mw=="}}', encoding="utf-8")
    with pytest.raises(InputError, match=r"state\.json: saved by another version .*'count'"):
        state.load([Counter("a", 0)], said.append)
    state.close()


def test_marker_tells_a_crash_from_a_clean_end(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    assert not state.crashed
    state.mark_running({"BTCUSDT-PERP.BINANCE": "module:Class"})
    state.close()
    again = StateDirectory(tmp_path)
    assert again.crashed
    again.mark_clean()
    assert not again.crashed
    again.close()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    first = StateDirectory(tmp_path)
    with pytest.raises(UsageError, match="another process"):
        StateDirectory(tmp_path)
    first.close()
    StateDirectory(tmp_path).close()
