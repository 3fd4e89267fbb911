"""Ends a command's child processes in order when the command itself must end."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from subprocess import Popen

__all__ = ["ending_on_sigterm", "wait_for"]

#: Seconds that a process gets on Ctrl-C to finish what it does.
GRACE = 60


def wait_for(process: Popen[Any]) -> int:
    """Waits until a process ends, and returns its exit code; interrupts it when this process must end."""
    try:
        return process.wait()
    except BaseException:
        try:
            # A terminal's Ctrl-C has reached it, too; a signal to this process alone hasn't.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
        finally:  # at once on the next Ctrl-C
            process.kill()
            process.wait()
        raise


@contextlib.contextmanager
def ending_on_sigterm() -> Iterator[None]:
    """Ends the processes in order on SIGTERM, as on Ctrl-C."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
