"""Parses the JSON that a user typed, creates the row to save from it, and finds all violations of the schema.

Four places use this module: the item form, the check of the form while the user types, the item's page, and the
import. The module writes nothing to DynamoDB.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from macaron_django.admin.display.differences import same_json
from macaron_django.admin.display.local_texts import local_error
from macaron_django.admin.display.redaction import with_secrets, without_secrets
from macaron_django.conf import settings
from macaron_django.dynamodb.codec.item_sizes import check_item_size, item_size
from macaron_django.exceptions import ItemTooLarge, UnstorableValue
from macaron_django.openapi import json_pointers
from macaron_django.schemas.validation.validators import Violation, validator_for
from macaron_django.schemas.values.conversions import UNSET
from macaron_django.schemas.values.json_text import JSONTextError, exact_json

if TYPE_CHECKING:
    from macaron_django.dynamodb.codec.attribute_values import AttributeMap
    from macaron_django.dynamodb.items.persistence import Persistence

__all__ = ["ItemEdit", "UnreadableItem", "changed_names", "fixed_names", "read_item", "shown_json"]


class UnreadableItem(ValueError):  # noqa: N818 (says what the text is)
    """Raised if the text of an item isn't a JSON object.

    ``line`` and ``column`` say where the error is; None if that isn't known.
    """

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.line, self.column = line, column


@dataclass
class ItemEdit:
    """A row with the values that a user typed, and the row's violations.

    ``changed`` has the names of the properties that differ from the stored item.
    """

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
    ) -> ItemEdit:
        """Returns the edit that adds an item.

        If ``beside`` has attributes that aren't in the schema, the item gets these attributes, too.

        ``fixed`` has the names of the properties that ``json`` can't set (default: ``fixed_names``).
        """
        fixed = fixed_names(persistence, creating=True) if fixed is None else fixed
        given = {name: value for name, value in json.items() if name not in fixed}
        edit = cls(persistence.model.from_json(given), list(given))
        refused = [name for name in json if name in fixed]
        edit.violations = [_refusal(name, _("is set automatically and can't be given")) for name in refused]
        if beside:
            known = persistence.additional.known
            edit.row._state.item = {name: value for name, value in beside.items() if name not in known}
        edit._check(persistence)
        return edit

    @classmethod
    def change(
        cls,
        persistence: Persistence,
        stored: AttributeMap,
        json: Mapping[str, Any],
        loaded: Mapping[str, Any],
        *,
        fixed: Collection[str] | None = None,
    ) -> ItemEdit:
        """Returns the edit that applies the differences between ``loaded`` and ``json`` to the ``stored`` item.

        ``loaded`` and ``json`` contain no secrets, like the JSON that ``shown_json`` returns. ``fixed`` has the names
        of the properties that can't be changed (default: ``fixed_names``).
        """
        row = persistence.decode(stored)
        edit = cls(row, changed_names(loaded, json))
        wanted = with_secrets(persistence.schema, json, row.to_json())
        keys = persistence.key_names
        fixed = fixed_names(persistence, creating=False) if fixed is None else fixed
        for name in edit.changed:
            if name in fixed:
                reason = (
                    _("is the item's key and can't be changed; duplicate the item to use another key")
                    if name in keys
                    else _("is read-only")
                )
                edit.violations.append(_refusal(name, reason))
            elif name in wanted:
                row[name] = wanted[name]
            elif name in row:
                del row[name]
        edit._check(persistence)
        return edit

    @classmethod
    def checked(cls, persistence: Persistence, row: Any) -> ItemEdit:
        """Returns an edit that changes nothing, but records the row's violations."""
        edit = cls(row)
        edit._check(persistence)
        return edit

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
            self.violations.append(Violation(error.reason, error.pointer, "", "storable"))
        except ItemTooLarge as error:
            self.violations.append(Violation(str(error), "", "", "size"))


def fixed_names(persistence: Persistence, *, creating: bool) -> set[str]:
    """Returns the names of the properties that a user can't edit.

    These are the version and all readOnly properties. If the item already exists, its key is also included.
    """
    keys = set(persistence.key_names)
    fixed = {name for name, described in persistence.schema.properties.items() if described.read_only}
    if persistence.options.version:
        fixed.add(persistence.options.version)
    if not creating:
        return fixed | keys
    # If the key is readOnly but not generated, the user must type it.
    return fixed - keys | {name for name in fixed & keys if persistence.schema.properties[name].extensions.generated}


def read_item(text: str) -> dict[str, Any]:
    """Returns the JSON object in ``text``.

    Raises UnreadableItem if ``text`` isn't a JSON object, or exceeds the limits of a request body.
    """
    if len(text.encode("utf-8", "surrogatepass")) > settings.MAX_BODY_SIZE:
        raise UnreadableItem(_("This is larger than MACARON['MAX_BODY_SIZE'] allows."))
    try:
        json = exact_json(text, max_depth=settings.MAX_BODY_DEPTH)
    except JSONTextError as error:
        raise UnreadableItem(_("This isn't valid JSON: %s") % local_error(error), error.line, error.column) from error
    if not isinstance(json, dict):
        raise UnreadableItem(_("An item is a JSON object: {…}"))
    return json


def shown_json(persistence: Persistence, row: Any) -> dict[str, Any]:
    """Returns the properties of a row as JSON, without secrets."""
    shown: dict[str, Any] = without_secrets(persistence.schema, row.to_json())
    return shown


def changed_names(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Returns the names of the properties in which two objects differ."""
    names: Collection[str] = dict.fromkeys([*before, *after])
    return [name for name in names if not same_json(before.get(name, UNSET), after.get(name, UNSET))]


def _refusal(name: str, message: str) -> Violation:
    return Violation(message, json_pointers.join([name]), "", "readOnly")
