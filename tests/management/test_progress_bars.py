"""The progress bar: what a terminal shows, and that nobody else sees it."""

from __future__ import annotations

from io import StringIO

from macaron_django.management.progress_bars import ProgressBar


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_it_shows_the_rate_and_the_time_that_is_left():
    now = [0.0]
    terminal = Terminal()
    bar = ProgressBar(terminal, clock=lambda: now[0])
    bar.update(0, 0.0)
    now[0] = 10
    bar.update(1000, 0.25)
    line = terminal.getvalue().rsplit("\r", 1)[-1]
    assert line.rstrip() == "[######..................]  25%  1,000 items, 100/s, 0:30 left"
    bar.update(1001, 0.26)  # too soon to be shown
    assert terminal.getvalue().endswith(line)
    bar.clear()
    assert terminal.getvalue().endswith(f"\r{' ' * len(line)}\r")
    assert bar.summary(1000) == "1,000 items in 0:10 (100/s)"


def test_without_a_total_it_counts():
    now = [0.0]
    terminal = Terminal()
    bar = ProgressBar(terminal, clock=lambda: now[0])
    now[0] = 2
    bar.update(50, None)
    assert "[" not in terminal.getvalue()
    assert "50 items" in terminal.getvalue()


def test_what_an_earlier_run_did_says_nothing_about_this_ones_speed():
    now = [0.0]
    terminal = Terminal()
    bar = ProgressBar(terminal, clock=lambda: now[0])
    bar.update(500, 0.5)
    now[0] = 10
    bar.update(600, 0.6)
    assert "60%  600 items, 10/s, 0:40 left" in terminal.getvalue()


def test_where_nobody_watches_nothing_is_written():
    stream = StringIO()
    bar = ProgressBar(stream)
    bar.update(1, 0.1)
    bar.clear()
    assert stream.getvalue() == ""
