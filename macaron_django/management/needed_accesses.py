"""Collects the accesses to DynamoDB tables that a service needs, with the reason for each."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from macaron_django.api.plans.item_accesses import generated_accesses
from macaron_django.api.rules.resources import described
from macaron_django.api.views.resource_viewsets import ResourceViewSet
from macaron_django.conf import settings
from macaron_django.dynamodb import Persistence
from macaron_django.dynamodb.tables.table_accesses import TableAccess
from macaron_django.registry import API, registry
from macaron_django.shipping.permissions.recorded_calls import read_recorded
from macaron_django.tasks.item_tables import own_accesses

__all__ = ["Needs", "add_access_arguments", "needed_accesses"]

Needs = Mapping[TableAccess, list[str]]

#: The accesses of the admin to a table: for lists, forms, imports, and the page about the table.
_ADMIN_ACTIONS: Final = (
    *("BatchGetItem", "DeleteItem", "DescribeContinuousBackups", "DescribeTable", "DescribeTimeToLive", "GetItem"),
    *("ListTagsOfResource", "PutItem", "Query", "Scan", "UpdateItem"),
)
_READY: Final = "macaron_django.api.builtin.ready"


def add_access_arguments(parser: ArgumentParser) -> None:
    """Adds the options --recorded and --admin, with which users add accesses that the spec doesn't show."""
    parser.add_argument(
        "--recorded",
        metavar="FILE",
        action="append",
        default=[],
        type=Path,
        help="Also allow the calls that `pytest --dynamodb-record FILE` has recorded. This option can be repeated.",
    )
    parser.add_argument("--admin", action="store_true", help="Also allow the calls that the Django admin makes.")


def needed_accesses(recorded: Iterable[Path] = (), *, admin: bool = False) -> Needs:
    """Returns each access that the project needs, with the reasons for it.

    A reason names an operation, tasks, the admin, or a file with recorded calls.

    Raises OSError or ValueError if a recorded file can't be read.
    """
    needs: defaultdict[TableAccess, list[str]] = defaultdict(list)
    persistences = [each for api in registry for each in api.persistences.values()]
    for access, reason in (
        *(each for api in registry for each in _of_operations(api)),
        *(each for api in registry for each in _of_readiness(api, persistences)),
        *((access, "tasks") for access in own_accesses()),
        *(each for each in _of_admin(persistences) if admin),
        *(
            (access, f"calls recorded in {file}")
            for file in recorded
            for access in sorted(set(read_recorded(file, settings.DYNAMODB.TABLE_PREFIX)))
        ),
    ):
        needs[access].append(reason)
    return dict(sorted(needs.items()))


def _of_operations(api: API) -> Iterator[tuple[TableAccess, str]]:
    for viewset, served in api.viewsets.served():
        if served.generated is not None and issubclass(viewset, ResourceViewSet):
            for access in generated_accesses(served.generated, viewset.store):
                yield access, f"{described(served.operation)} of {api.name}"


def _of_readiness(api: API, persistences: Iterable[Persistence]) -> Iterator[tuple[TableAccess, str]]:
    for _, served in api.viewsets.served():
        if served.handler is not None and served.handler.dotted == _READY:
            for each in persistences:
                yield TableAccess(each.table_name, "", "DescribeTable"), described(served.operation)


def _of_admin(persistences: Iterable[Persistence]) -> Iterator[tuple[TableAccess, str]]:
    for each in persistences:
        yield from ((TableAccess(each.table_name, "", action), "the admin") for action in _ADMIN_ACTIONS)
        for index in (*each.options.indexes, *each.options.local_indexes):
            yield TableAccess(each.table_name, index, "Query"), "the admin"
