"""A process of its own that writes items and counts them until it is killed, and prints what each write came to.

``python -m tests.dynamodb.counting_worker ENGINE FOLDER PREFIX RUN`` is for ``test_killed_processes.py``. A line is a
step, what it came to, and its number: ``begin``, then ``together`` (an item and the counter ``together`` in one
transaction) and ``single`` (the counter ``single``), each ``done``, ``refused`` (nothing was written) or ``unknown``.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from macaron_django.dynamodb.engines.dynamodb_local import DynamoDBLocalEngine
from macaron_django.dynamodb.engines.embedded import EmbeddedEngine
from macaron_django.dynamodb.engines.process_engine import LocalProcessEngine

SCHEMA = {
    "type": "object",
    "properties": {"item_id": {"type": "string"}, "number": {"type": "integer"}},
    "x-persist": {"hash_key": "item_id"},
}


def make_engine(name: str, folder: Path) -> LocalProcessEngine:
    """An engine with its data in a folder, shared by all processes that name the same one."""
    return EmbeddedEngine(folder / "items.sqlite3") if name == "embedded" else DynamoDBLocalEngine(folder / "items")


@cache  # Django takes a model once
def make_persistence() -> Any:
    """The persistence of the items, with their model."""
    from macaron_django import openapi
    from macaron_django.dynamodb import ItemManager, Persistence, persistence_options
    from macaron_django.schemas import Classes, build_model

    head = {"openapi": "3.1.0", "info": {"title": "Count", "version": "1"}, "paths": {}}
    document = openapi.load({**head, "components": {"schemas": {"Item": SCHEMA}}})
    schema = document.schemas["Item"]
    described = schema.extensions.persist
    assert described is not None
    options, _ = persistence_options(described)
    persistence = Persistence("count", schema, options, Classes("count", document))
    persistence.bind(
        build_model(
            schema,
            api="count",
            label="macaron_count",
            classes=persistence.classes,
            manager=ItemManager(persistence),
            hash_key="item_id",
            module="macaron_django.apis.count",
        )
    )
    return persistence


def main(engine: str, folder: str, prefix: str, run: str) -> None:
    import django

    django.setup()
    from django.db.models import F
    from django.test.utils import override_settings

    from macaron_django.dynamodb import engines, transaction
    from macaron_django.exceptions import EngineUnavailable, StaleItem, Throttled, WriteOutcomeUnknown

    model = make_persistence().model

    def together(number: int) -> None:
        with transaction():
            model(item_id=f"{run}-{number}").save()
            model.objects.filter(pk="together").update(number=F("number") + 1)

    def single(number: int) -> None:
        assert model.objects.filter(pk="single").update(number=F("number") + 1) == 1

    def outcome(write: Callable[[int], None], number: int) -> str:
        try:
            write(number)
        except WriteOutcomeUnknown:
            return "unknown"
        except (EngineUnavailable, Throttled, StaleItem):
            time.sleep(0.02)  # until the engine is back
            return "refused"
        return "done"

    section = {"TABLE_PREFIX": prefix, "MAX_ATTEMPTS": 3, "READ_TIMEOUT": 60.0}
    with override_settings(MACARON={"DYNAMODB": section}), engines.use(make_engine(engine, Path(folder))):
        for number in itertools.count():
            print("begin", "", number, flush=True)
            for write in (together, single):
                print(write.__name__, outcome(write, number), number, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
