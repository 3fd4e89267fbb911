"""Puts a proxy in front of an engine.

For every call from any code, the proxy records the tables that the call accesses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from macaron_django.conf import settings
from macaron_django.dynamodb.engines import Engine
from macaron_django.dynamodb.engines.endpoint import EndpointEngine
from macaron_django.dynamodb.tables.table_accesses import TableAccess, accesses_of_call
from macaron_django.shipping.permissions.recorded_calls import add_recorded
from macaron_django.testing.faults import FaultProxy

__all__ = ["RecordedEngine"]


class RecordedEngine(EndpointEngine):
    """An engine behind a proxy.

    ``seen`` contains the table and the action of each call that was made inside ``recording()``.
    """

    name = "recorded"
    local = True
    credentials = Engine.credentials

    def __init__(self, engine: Engine) -> None:
        self._proxy = FaultProxy(str(engine.endpoint_url), watch=self._note)
        self._proxy.__enter__()
        super().__init__(self._proxy.url)
        self.returns_refused_items, self.keeps_tokens = engine.returns_refused_items, engine.keeps_tokens
        self.seen: set[TableAccess] = set()
        self._notes = False

    def stop(self) -> None:
        self._proxy.__exit__()

    @contextmanager
    def recording(self, file: Path | None = None) -> Iterator[None]:
        """Records the table and action of each call in the ``with`` block. Adds the new pairs to ``file``, if given."""
        before = set(self.seen)
        prefix = settings.DYNAMODB.TABLE_PREFIX
        self._notes = True
        try:
            yield
        finally:
            self._notes = False
            if file is not None:
                add_recorded(file, self.seen - before, prefix)

    def _note(self, operation: str, body: bytes) -> None:
        if self._notes:
            self.seen.update(accesses_of_call(operation, json.loads(body)))
