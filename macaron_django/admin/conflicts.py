"""An item as somebody loaded it, and what others have done to it since.

In goes an item; out comes a text for the form to carry, signed, and from it and the item as it is by then: who
changed what. It carries no secrets: of each attribute only a digest, and the JSON that was shown. Apart from the
form, because a version and a plain item are compared here in the same way.
"""

from __future__ import annotations

import json as standard_json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core import signing
from django.utils.crypto import salted_hmac

from macaron_django.admin.differences import same_json
from macaron_django.admin.drafts import changed_names, shown_json
from macaron_django.dynamodb.item_lines import to_dynamodb_json
from macaron_django.schemas.conversions import UNSET
from macaron_django.schemas.json_text import dump_json, exact_json

if TYPE_CHECKING:
    from macaron_django.dynamodb.attribute_values import AttributeMap, AttributeValue
    from macaron_django.dynamodb.persistence import Persistence

__all__ = ["Conflict", "Loaded", "conflicts_of", "expected_of"]

_SALT = "macaron_django.admin.loaded"


@dataclass(frozen=True)
class Conflict:
    """A property that two people changed: as it was, as it is now, as one wants it. UNSET: it isn't there."""

    name: str
    loaded: Any
    theirs: Any
    mine: Any


@dataclass(frozen=True)
class Loaded:
    """``json``: what was shown; ``digests``: of each attribute."""

    json: Mapping[str, Any]
    digests: Mapping[str, str]

    @classmethod
    def of(cls, persistence: Persistence, item: AttributeMap) -> Loaded:
        json = shown_json(persistence, persistence.decode(item))
        return cls(json, {name: _digest(name, value) for name, value in item.items()})

    @classmethod
    def unsealed(cls, text: str) -> Loaded:
        """Of what ``sealed`` made; ``signing.BadSignature`` of anything else."""
        said = exact_json(signing.loads(text, salt=_SALT))
        return cls(said["json"], said["digests"])

    def sealed(self) -> str:
        text = dump_json({"json": self.json, "digests": self.digests}).decode()
        return signing.dumps(text, salt=_SALT, compress=True)

    def changed_since(self, persistence: Persistence, item: AttributeMap) -> list[str]:
        """The properties that ``item`` holds otherwise than they were loaded."""
        now = {name: _digest(name, value) for name, value in item.items()}
        attributes = {name for name in (*self.digests, *now) if self.digests.get(name) != now.get(name)}
        known = persistence.table.attributes_by_name()
        owners = {attribute.given_name: name for name, attribute in known.items() if attribute.keeps_given}
        return sorted({owners.get(name, name) for name in attributes})


def conflicts_of(
    loaded: Loaded, mine: Mapping[str, Any], theirs: Mapping[str, Any], by_others: Iterable[str]
) -> list[Conflict]:
    """What both have changed, and not to the same: ``mine`` and ``theirs`` as JSON, ``by_others`` what they changed."""
    changed = set(changed_names(loaded.json, mine))
    return [
        Conflict(name, loaded.json.get(name, UNSET), theirs.get(name, UNSET), mine.get(name, UNSET))
        for name in by_others
        if name in changed and not same_json(mine.get(name, UNSET), theirs.get(name, UNSET))
    ]


def expected_of(
    persistence: Persistence, item: AttributeMap, changed: Iterable[str]
) -> dict[str, AttributeValue | None]:
    """What a write that changes these properties demands of the attributes that hold them: what ``item`` has there."""
    if persistence.options.version:
        return {}  # the version says it for the whole item
    known = persistence.table.attributes_by_name()
    places = set(changed)
    places |= {known[name].given_name for name in places & known.keys() if known[name].keeps_given}
    return {place: item.get(place) for place in places}


def _digest(name: str, value: AttributeValue) -> str:
    text = standard_json.dumps(_ordered(to_dynamodb_json({name: value})), sort_keys=True)
    return b64encode(salted_hmac(_SALT, text, algorithm="sha256").digest()[:15]).decode()


def _ordered(value: Any) -> Any:
    """The same for the same item: a set's members come in no order."""
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
