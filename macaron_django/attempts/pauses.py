"""Describes the wait between two attempts."""

from __future__ import annotations

import asyncio
import time

__all__ = ["Pause"]


class Pause:
    """A wait of ``seconds``. It blocks the thread of a synchronous caller, but never an event loop."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def block(self) -> None:
        time.sleep(self.seconds)

    async def wait(self) -> None:
        await asyncio.sleep(self.seconds)
