"""Progress is drawn for a person at a terminal, and for nobody else."""

import pytest

from nautilus_scalp.runtime.console import progress_bar


def test_a_pipe_sees_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as progress:
        progress("fitting", 0.5)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_the_stage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar() as progress:
        progress("fitting", 0.5)
    seen = capsys.readouterr()
    assert seen.out == ""
    assert "fitting" in seen.err
