"""Finds the properties that other users have changed since a user loaded an item.

The form contains a signed record of the loaded item. The record has a digest of each attribute, and the JSON that was
shown, without secrets.
"""

from __future__ import annotations

import json as standard_json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core import signing
from django.utils.crypto import salted_hmac

from macaron_django.admin.display.differences import same_json
from macaron_django.admin.forms.edits import changed_names, shown_json
from macaron_django.dynamodb.transfer.item_lines import to_dynamodb_json
from macaron_django.schemas.values.conversions import UNSET
from macaron_django.schemas.values.json_text import dump_json, exact_json

if TYPE_CHECKING:
    from macaron_django.dynamodb.codec.attribute_values import AttributeMap, AttributeValue
    from macaron_django.dynamodb.items.persistence import Persistence

__all__ = ["Conflict", "LoadedItem", "conflicts_of", "expected_of"]

_SALT = "macaron_django.admin.loaded"


@dataclass(frozen=True)
class Conflict:
    """A property that two users changed: its value as loaded, as stored now (``theirs``) and as typed (``mine``).

    UNSET means that the property is missing.
    """

    name: str
    loaded: Any
    theirs: Any
    mine: Any


@dataclass(frozen=True)
class LoadedItem:
    """The record of an item at the time of loading: the JSON that was shown, and a digest of each attribute."""

    json: Mapping[str, Any]
    digests: Mapping[str, str]

    @classmethod
    def of(cls, persistence: Persistence, item: AttributeMap) -> LoadedItem:
        json = shown_json(persistence, persistence.decode(item))
        return cls(json, {name: _digest(name, value) for name, value in item.items()})

    @classmethod
    def unsealed(cls, text: str) -> LoadedItem:
        """Reads the record from a text that ``sealed`` returned. Raises ``signing.BadSignature`` for any other text."""
        said = exact_json(signing.loads(text, salt=_SALT))
        return cls(said["json"], said["digests"])

    def sealed(self) -> str:
        text = dump_json({"json": self.json, "digests": self.digests}).decode()
        return signing.dumps(text, salt=_SALT, compress=True)

    def changed_since(self, persistence: Persistence, item: AttributeMap) -> list[str]:
        """Returns the names of the properties whose values in ``item`` differ from the loaded values."""
        now = {name: _digest(name, value) for name, value in item.items()}
        attributes = {name for name in (*self.digests, *now) if self.digests.get(name) != now.get(name)}
        known = persistence.attributes
        owners = {attribute.given_name: name for name, attribute in known.items() if attribute.keeps_given}
        return sorted({owners.get(name, name) for name in attributes})


def conflicts_of(
    loaded: LoadedItem, mine: Mapping[str, Any], theirs: Mapping[str, Any], by_others: Iterable[str]
) -> list[Conflict]:
    """Returns the properties that both users changed to different values.

    ``by_others`` has the names of the properties that others changed.
    """
    changed = set(changed_names(loaded.json, mine))
    return [
        Conflict(name, loaded.json.get(name, UNSET), theirs.get(name, UNSET), mine.get(name, UNSET))
        for name in by_others
        if name in changed and not same_json(mine.get(name, UNSET), theirs.get(name, UNSET))
    ]


def expected_of(
    persistence: Persistence, item: AttributeMap, changed: Iterable[str]
) -> dict[str, AttributeValue | None]:
    """Returns the condition for a write that changes the properties in ``changed``.

    The condition requires that the stored attributes of these properties still equal the attributes in ``item``.
    """
    if persistence.options.version:
        return {}  # the write already has a condition on the item's version
    known = persistence.attributes
    places = set(changed)
    places |= {known[name].given_name for name in places & known.keys() if known[name].keeps_given}
    return {place: item.get(place) for place in places}


def _digest(name: str, value: AttributeValue) -> str:
    text = standard_json.dumps(_ordered(to_dynamodb_json({name: value})), sort_keys=True)
    return b64encode(salted_hmac(_SALT, text, algorithm="sha256").digest()[:15]).decode()


def _ordered(value: Any) -> Any:
    """Sorts the members of sets, so that equal items have equal digests."""
    if isinstance(value, dict):
        return {
            name: sorted(inner)
            if name in {"SS", "NS", "BS"} and isinstance(inner, list) and _texts(inner)
            else _ordered(inner)
            for name, inner in value.items()
        }
    return [_ordered(inner) for inner in value] if isinstance(value, list) else value


def _texts(members: list[Any]) -> bool:
    return all(isinstance(member, str) for member in members)
