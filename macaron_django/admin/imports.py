"""The items of a file against those of a table: what an import would do with each, and doing it.

In go entries of ``item_files``; out come ``Outcome``s: created, changed (with the difference), unchanged or refused.
The dry run and the import are the same steps, the last of which writes. Apart from ``importing``, which has pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from django.utils.translation import gettext as _

from macaron_django.admin.conflicts import expected_of
from macaron_django.admin.differences import Difference, differences
from macaron_django.admin.drafts import Draft, shown_json
from macaron_django.admin.item_files import Entry
from macaron_django.admin.secret_values import without_secret_attributes
from macaron_django.dynamodb.attribute_values import same_items
from macaron_django.dynamodb.items import describe_key
from macaron_django.exceptions import PyMacaronException
from macaron_django.schemas.conversions import UNSET

if TYPE_CHECKING:
    from macaron_django.dynamodb.attribute_values import AttributeMap
    from macaron_django.dynamodb.persistence import Persistence

__all__ = ["Kind", "Outcome", "outcomes", "write"]

Kind: TypeAlias = Literal["created", "changed", "unchanged", "refused"]

#: Items that are compared with one BatchGetItem.
_CHUNK: Final = 100


@dataclass
class Outcome:
    """What becomes of one entry; ``problems`` say why it is refused."""

    line: int
    kind: Kind
    key: str = ""
    problems: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    draft: Draft | None = None
    stored: AttributeMap | None = None
    attributes: AttributeMap | None = None


def outcomes(persistence: Persistence, entries: Iterable[Entry]) -> Iterator[Outcome]:
    """What each entry would do; of a key that stands in the file twice only the first one is taken."""
    seen: set[Any] = set()
    remaining = iter(entries)
    while chunk := list(islice(remaining, _CHUNK)):
        drafts = [_drafted(persistence, entry) for entry in chunk]
        keys = [draft for draft in drafts if not isinstance(draft, Outcome)]
        found = iter(persistence.batch_get([key for _entry, _row, key in keys], consistent=True))
        for drafted in drafts:
            if isinstance(drafted, Outcome):
                yield drafted
                continue
            entry, row, key = drafted
            stored, identity = next(found), persistence._identity(key)
            if identity in seen:
                yield Outcome(entry.line, "refused", describe_key(key), [_("This key stands in the file before.")])
                continue
            seen.add(identity)
            yield _compared(persistence, entry, row, key, stored)


def write(persistence: Persistence, outcome: Outcome) -> Any:
    """Do what an outcome says, if the item still is what it was compared with; the row as it is then.

    ItemExists and StaleItem where somebody was faster.
    """
    stored, draft = outcome.stored, outcome.draft
    if outcome.attributes is not None:
        item = outcome.attributes
        if stored is None:
            persistence.put_item(item, condition="absent")
        else:
            item = _kept(persistence, stored, item)
            names = {name for name in {*stored, *item} if stored.get(name) != item.get(name)}
            version = persistence.options.version
            if version and version in stored:
                names.add(version)
                item[version] = {"N": str(int(stored[version]["N"]) + 1)}
            persistence.put_item(item, condition="present", expected={name: stored.get(name) for name in names})
        return persistence.decode(item)
    if draft is None:
        raise ValueError(f"line {outcome.line} was refused")
    if stored is None:
        draft.row.save(force_insert=True)
    else:
        draft.row._state.expected = expected_of(persistence, stored, draft.changed)
        draft.row.save(force_update=True)
    return draft.row


def _drafted(persistence: Persistence, entry: Entry) -> Outcome | tuple[Entry, Any, AttributeMap]:
    """The entry with a row and the key that it says; a refusal where it says none."""
    if entry.error:
        return Outcome(entry.line, "refused", problems=[entry.error])
    try:
        row = (
            persistence.model.from_json(entry.json)
            if entry.json is not None
            else persistence.decode(entry.attributes or {})
        )
        for name, value in row._generated(creating=True).items():
            if name in persistence.key_names:
                row[name] = value
        return entry, row, persistence.key_of(row)
    except PyMacaronException as error:
        return Outcome(entry.line, "refused", problems=[str(error)])


def _compared(
    persistence: Persistence, entry: Entry, row: Any, key: AttributeMap, stored: AttributeMap | None
) -> Outcome:
    outcome = Outcome(entry.line, "created" if stored is None else "changed", describe_key(key), stored=stored)
    before = {} if stored is None else shown_json(persistence, persistence.decode(stored))
    if entry.attributes is not None:
        draft = outcome.draft = Draft.checked(persistence, row)
        outcome.attributes = entry.attributes
        after = shown_json(persistence, row)
        if stored is not None and same_items(
            without_secret_attributes(persistence.schema, stored),
            without_secret_attributes(persistence.schema, _kept(persistence, stored, entry.attributes)),
        ):
            outcome.kind = "unchanged"
    else:
        typed = {name: value for name, value in row.to_json().items() if name not in _versions(persistence)}
        if stored is None:
            draft = Draft.new(persistence, typed, fixed=())
        else:
            kept = {
                name for name in before if name in entry.partial or (name not in typed and _stays(persistence, name))
            }
            kept |= _versions(persistence)
            typed = {name: value for name, value in typed.items() if name not in kept}
            typed |= {name: before[name] for name in kept if name in before}
            draft = Draft.change(persistence, stored, typed, before, fixed=())
        outcome.draft, after = draft, shown_json(persistence, draft.row)
        if stored is not None and not draft.changed:
            outcome.kind = "unchanged"
    if draft.violations and outcome.kind != "unchanged":
        problems = [f"{each.pointer}: {each.message}" if each.pointer else each.message for each in draft.violations]
        return Outcome(entry.line, "refused", outcome.key, problems)
    if outcome.kind == "changed":
        outcome.differences = list(differences(before, after)) or [Difference("", UNSET, UNSET)]
    return outcome


def _versions(persistence: Persistence) -> set[str]:
    """The version is counted, never imported."""
    return {persistence.options.version} if persistence.options.version else set()


def _stays(persistence: Persistence, name: str) -> bool:
    """Whether a property that a line doesn't have stays: what nobody may set, nobody takes away by leaving it out."""
    described = persistence.schema.properties.get(name)
    return described is not None and described.read_only


def _kept(persistence: Persistence, stored: AttributeMap, item: AttributeMap) -> AttributeMap:
    """An item in DynamoDB's form over the one that is there: secrets and the version stay."""
    shown = without_secret_attributes(persistence.schema, stored)
    kept = {name: value for name, value in stored.items() if name not in shown and name not in item}
    version = persistence.options.version
    if version and version in stored:
        kept[version] = stored[version]
    return {**item, **kept}
