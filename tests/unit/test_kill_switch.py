"""The kill switch survives a restart, half a file and a bare `touch`."""

from pathlib import Path

import pytest

from nautilus_scalp.risk.kill_switch import KillSwitch


def test_a_switch_survives_a_restart_and_keeps_its_first_reason(tmp_path: Path) -> None:
    path = tmp_path / "state" / "kill"
    first = KillSwitch(path)
    assert not first.engaged
    first.engage("drawdown of 15.0%", 7)
    first.engage("something else", 8)
    again = KillSwitch(path)
    assert again.engaged
    assert again.reason == "drawdown of 15.0%"
    assert [entry.name for entry in path.parent.iterdir()] == ["kill"]


@pytest.mark.parametrize("content", [b"", b'{"reas', b"\xff", b'{"ts_ns": 1}'])
def test_any_file_is_on(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "kill"
    path.write_bytes(content)
    assert KillSwitch(path).reason == f"found {path}"


def test_a_file_that_appears_later_is_seen(tmp_path: Path) -> None:
    switch = KillSwitch(tmp_path / "kill")
    (tmp_path / "kill").touch()
    assert not switch.engaged
    switch.look()
    assert switch.engaged


def test_deleting_the_file_and_restarting_switches_it_off(tmp_path: Path) -> None:
    path = tmp_path / "kill"
    KillSwitch(path).engage("test", 1)
    path.unlink()
    assert not KillSwitch(path).engaged


def test_without_a_file_it_lasts_as_long_as_the_process() -> None:
    switch = KillSwitch()
    switch.engage("test", 1)
    assert switch.engaged
    assert not KillSwitch().engaged
