"""Waits between two attempts, as a step."""

from __future__ import annotations

import asyncio
import time

__all__ = ["Pause"]


class Pause:
    """A wait of some seconds, which blocks a thread but not an event loop."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def block(self) -> None:
        time.sleep(self.seconds)

    async def wait(self) -> None:
        await asyncio.sleep(self.seconds)
