"""``API.Schema`` on a command line → the persistence that it means.

In goes the text; out comes the persistence, or an error that lists what there is. Commands about one table share it.
"""

from __future__ import annotations

from django.core.management.base import CommandError

from macaron_django.dynamodb import Persistence

__all__ = ["persistence_named"]


def persistence_named(name: str) -> Persistence:
    """The persistence of ``myserver.Profile``."""
    from macaron_django.registry import registry  # the composition root imports nothing of this at its own import

    known = {f"{api.name}.{schema}": one for api in registry for schema, one in api.persistences.items()}
    if name not in known:
        raise CommandError(f"There is no persisted schema {name!r}; there are: {', '.join(sorted(known)) or 'none'}.")
    return known[name]
