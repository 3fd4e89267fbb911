"""Finds the APIs and persisted schemas that are named on a command line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from django.core.management.base import CommandError

from macaron_django.discovery import discover
from macaron_django.dynamodb import Persistence
from macaron_django.registry import API, registry

__all__ = ["apis_named", "persistence_named", "reasons", "refuse_left_out"]


def apis_named(names: Iterable[str]) -> list[API]:
    """Returns the APIs with these names, in the order in which they are served.

    If ``names`` is empty, returns all APIs.

    Raises CommandError if a name isn't the name of an API, or if an API isn't served because its spec has errors.
    """
    names = list(names)
    served = {api.name: api for api in registry}
    found = {each.name: each for each in discover()}
    for name in names:
        if name in served:
            continue
        if name in found:
            lines = reasons(name)
            if len(lines) == 1:  # the registry hasn't read this API's spec, so it has no errors to show
                lines = [f"{lines[0]} `manage.py checkspec {found[name].path}` and `manage.py check` show them."]
            raise CommandError("\n".join(lines))
        known = sorted({*served, *found})
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"The known ones are {', '.join(known) or 'none'}."
        raise CommandError(f"There is no API named {name!r}. {hint}")
    return [api for name, api in served.items() if not names or name in names]


def reasons(name: str) -> list[str]:
    """Returns the lines that say why an API isn't served: the errors in its spec, with their places."""
    errors = [finding for finding in registry.left_out.get(name, ()) if finding.level == "error"]
    return [f"The API {name!r} isn't served because its spec has errors:", *(f"  {error}" for error in errors)]


def refuse_left_out(consequence: str) -> None:
    """Raises CommandError if any API isn't served.

    The message gives the reasons. It ends with ``consequence``, which says what would be missing.
    """
    left_out = [line for name in registry.left_out for line in reasons(name)]
    if left_out:
        raise CommandError("\n".join([*left_out, consequence]))


def persistence_named(name: str) -> Persistence:
    """Returns the ``Persistence`` of the schema with this name, such as ``myserver.Profile``.

    Raises CommandError if no schema has this name.
    """
    known = {f"{api.name}.{schema}": one for api in registry for schema, one in api.persistences.items()}
    if name not in known:
        raise CommandError(
            f"There is no persisted schema {name!r}; the known ones are {', '.join(sorted(known)) or 'none'}."
        )
    return known[name]
