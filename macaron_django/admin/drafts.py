"""What somebody typed → a row that can be saved, or every reason why it can't.

In goes JSON text, and for a change the item that it is about; out comes a ``Draft``. The form, the check while one
types and the import ask the same questions here, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from macaron_django.admin.differences import same_json
from macaron_django.admin.secret_values import with_secrets, without_secrets
from macaron_django.conf import settings
from macaron_django.dynamodb.item_sizes import check_item_size, item_size
from macaron_django.exceptions import ItemTooLarge, UnstorableValue
from macaron_django.schemas.conversions import UNSET
from macaron_django.schemas.json_text import JSONTextError, exact_json
from macaron_django.schemas.validators import Violation, validator_for
from macaron_django.schemas.violations import pointer_to

if TYPE_CHECKING:
    from macaron_django.dynamodb.attribute_values import AttributeMap
    from macaron_django.dynamodb.persistence import Persistence

__all__ = ["Draft", "Unreadable", "changed_names", "fixed_names", "read_item", "shown_json"]


class Unreadable(ValueError):  # noqa: N818 (says what the text is)
    """Text that is no JSON object; ``line`` and ``column`` where that is known."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.line, self.column = line, column


@dataclass
class Draft:
    """A row with what was typed, the properties that differ from what is stored, and what is wrong."""

    row: Any
    changed: list[str] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    size: int | None = None

    @classmethod
    def new(
        cls,
        persistence: Persistence,
        json: Mapping[str, Any],
        *,
        beside: AttributeMap | None = None,
        fixed: Collection[str] | None = None,
    ) -> Draft:
        """Of a new item; ``beside``: attributes that the schema doesn't know, from the item that was duplicated.

        ``fixed``: other properties that can't be given than ``fixed_names``.
        """
        fixed = fixed_names(persistence, creating=True) if fixed is None else fixed
        given = {name: value for name, value in json.items() if name not in fixed}
        draft = cls(persistence.model.from_json(given), list(given))
        draft.violations = [_refusal(name, _("is set by itself and can't be given")) for name in json if name in fixed]
        if beside:
            known = persistence.additional.known
            draft.row._state.item = {name: value for name, value in beside.items() if name not in known}
        draft._check(persistence)
        return draft

    @classmethod
    def change(
        cls,
        persistence: Persistence,
        stored: AttributeMap,
        json: Mapping[str, Any],
        loaded: Mapping[str, Any],
        *,
        fixed: Collection[str] | None = None,
    ) -> Draft:
        """Of an item as it is ``stored``, to which everything is done that makes ``json`` of ``loaded``.

        Both are as ``shown_json`` has it, without secrets; ``fixed`` as in ``new``.
        """
        row = persistence.decode(stored)
        draft = cls(row, changed_names(loaded, json))
        wanted = with_secrets(persistence.schema, json, row.to_json())
        keys = persistence.key_names
        fixed = fixed_names(persistence, creating=False) if fixed is None else fixed
        for name in draft.changed:
            if name in fixed:
                reason = (
                    _("is the item's key; duplicate the item to give it another") if name in keys else _("is read-only")
                )
                draft.violations.append(_refusal(name, reason))
            elif name in wanted:
                row[name] = wanted[name]
            elif name in row:
                del row[name]
        draft._check(persistence)
        return draft

    @classmethod
    def checked(cls, persistence: Persistence, row: Any) -> Draft:
        """Of a row as it is."""
        draft = cls(row)
        draft._check(persistence)
        return draft

    def _check(self, persistence: Persistence) -> None:
        row = self.row
        generated = row._generated(creating=row._state.adding)
        found = list(validator_for(persistence.schema).iter_errors({**row.to_json(), **generated}))
        self.violations += [each for each in found if each.pointer not in {known.pointer for known in self.violations}]
        try:
            row.clean()
        except ValidationError as error:
            self.violations += [Violation(message, "", "", "clean") for message in error.messages]
        if self.violations:
            return
        whole = row.clone()
        for name, value in generated.items():
            whole[name] = value
        try:
            item = persistence.encode(whole)
            self.size = item_size(item)
            persistence.key_of(whole)
            check_item_size(item)
        except UnstorableValue as error:
            message = str(error).removeprefix(f"{error.pointer or '/'}: ")
            self.violations.append(Violation(message, error.pointer, "", "storable"))
        except ItemTooLarge as error:
            self.violations.append(Violation(str(error), "", "", "size"))


def fixed_names(persistence: Persistence, *, creating: bool) -> set[str]:
    """The properties that nobody types: the version, readOnly ones, and of an item that is there its key."""
    keys = set(persistence.key_names)
    fixed = {name for name, described in persistence.schema.properties.items() if described.read_only}
    if persistence.options.version:
        fixed.add(persistence.options.version)
    if not creating:
        return fixed | keys
    # A readOnly key that nothing generates has to come from somebody.
    return fixed - keys | {name for name in fixed & keys if persistence.schema.properties[name].extensions.generated}


def read_item(text: str) -> dict[str, Any]:
    """The JSON object of a text; Unreadable if it is none, or larger or deeper than a request's body may be."""
    if len(text.encode("utf-8", "surrogatepass")) > settings.MAX_BODY_SIZE:
        raise Unreadable(_("This is larger than MACARON['MAX_BODY_SIZE'] allows."))
    try:
        json = exact_json(text, max_depth=settings.MAX_BODY_DEPTH)
    except JSONTextError as error:
        raise Unreadable(_("This is no JSON: %s") % error, error.line, error.column) from error
    if not isinstance(json, dict):
        raise Unreadable(_("An item is a JSON object: {…}"))
    return json


def shown_json(persistence: Persistence, row: Any) -> dict[str, Any]:
    """A row's properties as JSON, without those that are never shown."""
    shown: dict[str, Any] = without_secrets(persistence.schema, row.to_json())
    return shown


def changed_names(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The names under which two objects differ."""
    names: Collection[str] = dict.fromkeys([*before, *after])
    return [name for name in names if not same_json(before.get(name, UNSET), after.get(name, UNSET))]


def _refusal(name: str, message: str) -> Violation:
    return Violation(message, pointer_to([name]), "", "readOnly")
