"""``manage.py synctables``: what it says, what it does, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from macaron_django.dynamodb import Persistence
from macaron_django.dynamodb.tables.syncing import create_table
from macaron_django.management.commands.synctables import Command

MakePersistence = Callable[..., Persistence]
Serve = Callable[..., None]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Have the registry hold APIs with these persistences."""

    def serve(**apis: Persistence) -> None:
        served = [SimpleNamespace(name=name, persistences={"Profile": one}) for name, one in apis.items()]
        monkeypatch.setattr("macaron_django.management.named_apis.registry", served)

    return serve


def _run(*arguments: str, **options: Any) -> str:
    output = StringIO()
    call_command(Command(), *arguments, stdout=output, no_color=True, **options)
    return output.getvalue()


@pytest.mark.usefixtures("engine")
def test_missing_tables_are_shown_and_made(serve: Serve, make_persistence: MakePersistence) -> None:
    persistence = make_persistence(table="profiles", indexes={"by_email": "email"}, ttl="created")
    serve(shop=persistence)
    shown = _run(dry_run=True)
    assert (
        f"  shop.Profile: {persistence.table_name}\n    + table {persistence.table_name}: hash key profile_id" in shown
    )
    assert _run(dry_run=True) == shown
    with pytest.raises(SystemExit) as unsynced:
        _run("--check")
    assert unsynced.value.code == 1
    assert _run("shop").endswith("    done\n")
    assert _run("--check").endswith(f"  shop.Profile: {persistence.table_name}: up to date\n")


@pytest.mark.usefixtures("engine")
def test_without_waiting_one_index_is_begun_at_a_time(serve: Serve, make_persistence: MakePersistence) -> None:
    create_table(make_persistence(table="profiles").table)
    serve(shop=make_persistence(table="profiles", indexes={"by_email": "email", "by_name": "name"}))
    assert _run("--no-wait").endswith("    begun\n")
    _run()
    assert "up to date" in _run()


@pytest.mark.usefixtures("engine")
def test_what_cannot_be_changed_ends_in_an_error(serve: Serve, make_persistence: MakePersistence) -> None:
    create_table(make_persistence(table="profiles").table)
    serve(shop=make_persistence(table="profiles", hash_key="age"))
    with pytest.raises(CommandError, match=r"1 difference.* can't be applied to an existing table"):
        _run()


def test_an_api_that_is_not_there_is_named(serve: Serve, make_persistence: MakePersistence) -> None:
    serve(shop=make_persistence())
    with pytest.raises(CommandError, match=r"no API named 'ship'\. Did you mean 'shop'"):
        _run("ship")


def test_without_persisted_schemas_there_is_nothing_to_do(serve: Serve) -> None:
    serve()
    assert _run() == "No schema has x-persist: there are no tables to create.\n"
