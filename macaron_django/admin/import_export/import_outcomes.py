"""Compares the items of a file with the stored items, and writes the items of the file.

The outcome of an item is "created", "changed", "unchanged" or "refused". To preview an import, call only ``outcomes``.
To carry it out, call ``outcomes`` again, and call ``write`` for each item that must be created or changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from django.utils.translation import gettext as _

from macaron_django.admin.display.differences import Difference, differences
from macaron_django.admin.display.local_texts import local_error, local_text
from macaron_django.admin.display.redaction import without_secret_attributes
from macaron_django.admin.forms.conflicts import expected_of
from macaron_django.admin.forms.edits import ItemEdit, shown_json
from macaron_django.admin.import_export.item_files import FileItem
from macaron_django.dynamodb.codec.attribute_values import same_items
from macaron_django.dynamodb.items.write_conditions import describe_key
from macaron_django.exceptions import PyMacaronException
from macaron_django.schemas.validation.violation_search import MORE
from macaron_django.schemas.values.conversions import UNSET

if TYPE_CHECKING:
    from macaron_django.dynamodb.codec.attribute_values import AttributeMap
    from macaron_django.dynamodb.items.persistence import Persistence

__all__ = ["ImportOutcome", "Kind", "outcomes", "write"]

Kind: TypeAlias = Literal["created", "changed", "unchanged", "refused"]

#: Items to compare with one BatchGetItem, which accepts at most 100 keys.
_CHUNK: Final = 100
#: The most problems that are shown for one item, and the most characters of the error if the item can't be read.
_PROBLEMS: Final = 20
_CHARACTERS: Final = 2000
#: If a key isn't valid, the most characters shown of each of its parts.
_KEY: Final = 100


@dataclass
class ImportOutcome:
    """What an import does with one item of a file. If the item is refused, ``problems`` says why."""

    line: int
    kind: Kind
    key: str = ""
    problems: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    edit: ItemEdit | None = None
    stored: AttributeMap | None = None
    attributes: AttributeMap | None = None


def outcomes(persistence: Persistence, items: Iterable[FileItem]) -> Iterator[ImportOutcome]:
    """Yields the outcome of each item. If a key is in the file twice, the second item is refused."""
    seen: set[Any] = set()
    remaining = iter(items)
    while chunk := list(islice(remaining, _CHUNK)):
        edits = [_drafted(persistence, entry) for entry in chunk]
        keys = [edit for edit in edits if not isinstance(edit, ImportOutcome)]
        found = iter(persistence.batch_get([key for _entry, _row, key in keys], consistent=True))
        for drafted in edits:
            if isinstance(drafted, ImportOutcome):
                yield drafted
                continue
            entry, row, key = drafted
            stored, identity = next(found), persistence._identity(key)
            if identity in seen:
                yield ImportOutcome(
                    entry.line, "refused", describe_key(key), [_("This key occurs earlier in the file.")]
                )
                continue
            seen.add(identity)
            yield _compared(persistence, entry, row, key, stored)


def write(persistence: Persistence, outcome: ImportOutcome) -> Any:
    """Writes the item that an outcome describes, and returns the new row.

    Raises ItemExists or StaleItem if the stored item has changed since it was compared. Raises ValueError if the
    outcome is ``refused``.
    """
    stored, edit = outcome.stored, outcome.edit
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
    if edit is None:
        raise ValueError(f"line {outcome.line} was refused")
    if stored is None:
        edit.row.save(force_insert=True)
    else:
        edit.row._state.expected = expected_of(persistence, stored, edit.changed)
        edit.row.save(force_update=True)
    return edit.row


def _drafted(persistence: Persistence, entry: FileItem) -> ImportOutcome | tuple[FileItem, Any, AttributeMap]:
    """Returns a file's item with its row and key. If the key isn't valid, returns the outcome ``refused``."""
    if entry.error:
        return ImportOutcome(entry.line, "refused", entry.key, [entry.error])
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
        return ImportOutcome(entry.line, "refused", _key_typed(persistence, entry), [local_error(error)[:_CHARACTERS]])


def _key_typed(persistence: Persistence, entry: FileItem) -> str:
    """Returns an item's invalid key as text. The text leaves out the missing parts of the key."""
    if entry.json is not None:
        given = entry.json
    else:
        given = {name: next(iter(value.values())) for name, value in (entry.attributes or {}).items()}
    found = [given[name] for name in persistence.key_names if name in given]
    return " / ".join(str(value)[:_KEY] for value in found if isinstance(value, (str, int, float, Decimal)))


def _compared(
    persistence: Persistence, entry: FileItem, row: Any, key: AttributeMap, stored: AttributeMap | None
) -> ImportOutcome:
    outcome = ImportOutcome(entry.line, "created" if stored is None else "changed", describe_key(key), stored=stored)
    before = {} if stored is None else shown_json(persistence, persistence.decode(stored))
    if entry.attributes is not None:
        edit = outcome.edit = ItemEdit.checked(persistence, row)
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
            edit = ItemEdit.new(persistence, typed, fixed=())
        else:
            kept = {
                name for name in before if name in entry.partial or (name not in typed and _stays(persistence, name))
            }
            kept |= _versions(persistence)
            typed = {name: value for name, value in typed.items() if name not in kept}
            typed |= {name: before[name] for name in kept if name in before}
            edit = ItemEdit.change(persistence, stored, typed, before, fixed=())
        outcome.edit, after = edit, shown_json(persistence, edit.row)
        if stored is not None and not edit.changed:
            outcome.kind = "unchanged"
    if edit.violations and outcome.kind != "unchanged":
        shown = edit.violations[:_PROBLEMS] + ([MORE] if len(edit.violations) > _PROBLEMS else [])
        problems = [
            f"{each.pointer}: {local_text(each.message)}" if each.pointer else local_text(each.message)
            for each in shown
        ]
        return ImportOutcome(entry.line, "refused", outcome.key, problems)
    if outcome.kind == "changed":
        outcome.differences = list(differences(before, after)) or [Difference("", UNSET, UNSET)]
    return outcome


def _versions(persistence: Persistence) -> set[str]:
    """Returns a set with the name of the version property, if the schema has one. Versions are never imported."""
    return {persistence.options.version} if persistence.options.version else set()


def _stays(persistence: Persistence, name: str) -> bool:
    """Returns whether the stored value stays if a line lacks this property: True for readOnly properties."""
    described = persistence.schema.properties.get(name)
    return described is not None and described.read_only


def _kept(persistence: Persistence, stored: AttributeMap, item: AttributeMap) -> AttributeMap:
    """Returns an item in DynamoDB's form, with the secrets and the version of the stored item added."""
    shown = without_secret_attributes(persistence.schema, stored)
    kept = {name: value for name, value in stored.items() if name not in shown and name not in item}
    version = persistence.options.version
    if version and version in stored:
        kept[version] = stored[version]
    return {**item, **kept}
