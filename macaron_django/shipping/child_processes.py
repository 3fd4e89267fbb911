"""Ends a command's child processes in an orderly way when the command itself must end."""

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

#: Seconds that a child process gets on Ctrl-C to finish its work.
GRACE = 60


def wait_for(process: Popen[Any]) -> int:
    """Waits until a child process ends, and returns its exit code.

    If the command must end before the child does, interrupts the child.
    """
    try:
        return process.wait()
    except BaseException:
        try:
            # Ctrl-C in a terminal also reaches the child. A signal to this process alone doesn't reach the child.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
        finally:  # a second Ctrl-C kills the child at once
            process.kill()
            process.wait()
        raise


@contextlib.contextmanager
def ending_on_sigterm() -> Iterator[None]:
    """Within the ``with`` block, SIGTERM ends this process and its children in an orderly way, like Ctrl-C."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
