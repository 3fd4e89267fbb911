"""Decides which viewset serves each operation, and names viewsets and their methods."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from itertools import chain, count

from macaron_django.api.routing.routers import url_name
from macaron_django.api.rules.resources import Resource, Resources, class_name
from macaron_django.api.views import actions
from macaron_django.api.views.resource_viewsets import ResourceViewSet
from macaron_django.openapi import Document, Operation, is_dotted

__all__ = ["action_name", "viewset_operations"]


def viewset_operations(document: Document, found: Resources) -> dict[str, tuple[Resource | None, list[Operation]]]:
    """Returns the viewsets of a document: maps each name to the viewset's resource (or None) and operations.

    The operations are in document order.

    Operations on a resource's paths, and below these paths, belong to the resource's viewset. Other operations are
    grouped by the path before their first parameter. Operations with ``x-no-bind-server`` are left out.
    """
    groups: dict[str, tuple[Resource | None, list[Operation]]] = {each.name: (each, []) for each in found}
    owners = _owners(found)
    names: dict[str, str] = {}
    for operation in document.operations:
        if operation.extensions.no_bind_server:
            continue
        owner = _owner(operation.path, owners)
        if owner is not None:
            groups[owner.name][1].append(operation)
            continue
        key = operation.path.partition("{")[0]
        if key not in names:
            wanted = class_name(part for part in key.split("/") if part)
            options = chain([wanted], (f"{wanted}{n}" for n in count(2)))
            names[key] = next(option for option in options if option not in groups)
        groups.setdefault(names[key], (None, []))[1].append(operation)
    return {name: group for name, group in groups.items() if group[1]}


def _owners(found: Resources) -> dict[str, Resource]:
    """Returns the resources by their collection and item paths."""
    owners: dict[str, Resource] = {}
    for resource in found:
        for own in (resource.collection_path, resource.item_path):
            owners.setdefault((own or "").rstrip("/"), resource)
    owners.pop("", None)
    return owners


def _owner(path: str, owners: Mapping[str, Resource]) -> Resource | None:
    """Returns the resource to which a path belongs; None if it belongs to no resource.

    The path must be the resource's collection path or item path, or be below one of them. If several resources match,
    the one with the longest path is returned.
    """
    if not owners:
        return None
    stems = [path.rstrip("/"), *(path[: end.start()] for end in re.finditer("[/:]", path))]
    return next((owners[stem] for stem in sorted(stems, key=len, reverse=True) if stem in owners), None)


def action_name(operation: Operation, taken: Collection[str]) -> str:
    """Returns the name of the method for an operation: the last part of the operationId.

    If this name is in ``taken``, or if DRF uses it, returns a similar name.
    """
    last = url_name(operation).rpartition(".")[2] if is_dotted(operation.operation_id) else url_name(operation)
    wanted = re.sub(r"\W+", "_", last).strip("_") or "operation"
    wanted = wanted if wanted.isidentifier() else f"operation_{wanted}"
    options = chain([wanted, f"{wanted}_operation"], (f"{wanted}_{n}" for n in count(2)))
    return next(option for option in options if option not in taken and option not in _taken_names())


@cache
def _taken_names() -> frozenset[str]:
    """Returns the names of DRF's methods, and of the methods that serve generated operations."""
    return frozenset({*dir(ResourceViewSet), *(name for name, _ in actions.ACTIONS.values())})
