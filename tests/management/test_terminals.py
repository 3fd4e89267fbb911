"""The progress bar is for terminals only, and leaves nothing behind."""

from __future__ import annotations

from io import StringIO

import pytest

from macaron_django.management.terminals import progress_bar


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_the_bar_until_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with progress_bar(2000, " items", done=500) as bar:
        bar.update(500)
        bar.refresh()
        line = terminal.getvalue().rsplit("\r", 1)[-1]
        assert " 50%" in line
        assert "1.00k/2.00k" in line
    assert terminal.getvalue().rsplit("\r", 2)[-2].strip() == ""


def test_a_file_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    with progress_bar(None, " items") as bar:
        bar.update(5 - bar.n)
        bar.refresh()
        bar.clear()
    assert stream.getvalue() == ""
