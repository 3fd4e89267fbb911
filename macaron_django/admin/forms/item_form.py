"""The form of one item. The form's only field is the item's JSON text.

In the browser, a script replaces the text area with controls. ``form_descriptions`` describes these controls. Without
JavaScript, the user edits the text itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django import forms
from django.core import signing
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from macaron_django.admin.display.local_texts import local_error, local_text
from macaron_django.admin.display.readable_json import readable_json
from macaron_django.admin.display.redaction import hidden_places
from macaron_django.admin.forms.conflicts import Conflict, LoadedItem, conflicts_of, expected_of
from macaron_django.admin.forms.edits import ItemEdit, UnreadableItem, changed_names, fixed_names, read_item, shown_json
from macaron_django.admin.forms.form_descriptions import describe_form
from macaron_django.dynamodb.codec.item_sizes import MAX_ITEM_SIZE

if TYPE_CHECKING:
    from macaron_django.dynamodb.codec.attribute_values import AttributeMap
    from macaron_django.dynamodb.items.persistence import Persistence
    from macaron_django.schemas.validation.validators import Violation

    ModelForm = forms.ModelForm[Any]
else:
    ModelForm = forms.ModelForm  # ModelForm is generic only in its stubs

__all__ = ["ItemForm", "ItemWidget"]

#: The texts that the script shows, by their names in the script.
WORDS = {
    "form": gettext_lazy("Form"),
    "json": gettext_lazy("As JSON"),
    "mode": gettext_lazy("How to edit the item"),
    "unset": gettext_lazy("not set"),
    "null": gettext_lazy("null"),
    "empty": gettext_lazy("empty text"),
    "clear": gettext_lazy("Unset"),
    "setNull": gettext_lazy("Set to null"),
    "add": gettext_lazy("Add"),
    "addProperty": gettext_lazy("Add a property"),
    "name": gettext_lazy("Name"),
    "value": gettext_lazy("Value"),
    "remove": gettext_lazy("Remove"),
    "up": gettext_lazy("Move up"),
    "down": gettext_lazy("Move down"),
    "kind": gettext_lazy("Kind"),
    "required": gettext_lazy("required"),
    "generated": gettext_lazy("generated if not set"),
    "secretSet": gettext_lazy("set (hidden)"),
    "secretReplaced": gettext_lazy("will be replaced"),
    "secretNew": gettext_lazy("will be set"),
    "notAllowed": gettext_lazy("not in the schema's enum"),
    "pick": gettext_lazy("Pick …"),
    "file": gettext_lazy("Upload a file"),
    "fileTooLarge": gettext_lazy("The file is larger than an item can be"),
    "fileUnread": gettext_lazy("The file can't be read"),
    "fixed": gettext_lazy("read-only"),
    "unknown": gettext_lazy("not in the schema"),
    "other": gettext_lazy("other JSON"),
    "text": gettext_lazy("text"),
    "number": gettext_lazy("number"),
    "boolean": gettext_lazy("true or false"),
    "list": gettext_lazy("list"),
    "object": gettext_lazy("object"),
    "notJson": gettext_lazy("This isn't valid JSON"),
    "notNumber": gettext_lazy("This isn't a number"),
    "twice": gettext_lazy("This name already exists"),
    "default": gettext_lazy("default:"),
    "now": gettext_lazy("Now"),
    "valid": gettext_lazy("Valid"),
    "checking": gettext_lazy("Checking …"),
    "unchecked": gettext_lazy("Could not be checked: the server didn't answer"),
    "problems": gettext_lazy("To correct"),
    "stored": gettext_lazy("The stored item breaks its schema"),
    "line": gettext_lazy("line"),
    "bytes": gettext_lazy("bytes"),
    "moved": gettext_lazy("Moved to place"),
    "taken": gettext_lazy("Taken over"),
}


class ItemWidget(forms.Textarea):
    """A text area that a script replaces with controls. The widget contains the data that the script needs."""

    template_name = "admin/macaron_django/item_widget.html"

    def __init__(self, description: dict[str, Any], validate_url: str, *, check: bool = False) -> None:
        super().__init__({"rows": 24, "spellcheck": "false", "class": "macaron-json"})
        self.description = description
        self.validate_url = validate_url
        self.check = check

    @property
    def media(self) -> forms.Media:
        scripts = ("exact_json.js", "item_controls.js", "item_form.js")
        return forms.Media(
            css={"all": ["macaron_django/admin/item_form.css"]},
            js=[f"macaron_django/admin/{script}" for script in scripts],
        )

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        words = {key: str(word) for key, word in WORDS.items()}
        context["editor"] = {**self.description, "words": words, "maxSize": MAX_ITEM_SIZE}
        context |= {"validate_url": self.validate_url, "check": self.check}
        return context


class ItemForm(ModelForm):
    """The admin form in which a user edits the JSON text of an item.

    ``edit`` is the edit to save. ``by_others`` has the names of the properties that other users have changed.
    ``conflicts`` has the properties that both this user and others have changed. Such properties prevent the save.
    ``stored_violations`` has the violations of the stored item, before the user changes it.
    """

    item = forms.CharField(strip=False, label=gettext_lazy("Item"))
    loaded = forms.CharField(widget=forms.HiddenInput, required=False)

    #: ``get_form`` sets the following two attributes on the class that it creates for a page.
    persistence: Persistence
    validate_url: str = ""
    #: The error of the save, if it failed and the form is shown again.
    refusal: Exception | None = None
    #: The original item, if the form duplicates it. The copy gets the original's attributes that aren't in the schema.
    copied_item: AttributeMap | None = None

    edit: ItemEdit | None = None
    is_item_form = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conflict_shown = False
        self.conflicts: list[Conflict] = []
        self.by_others: list[str] = []
        self.before: Mapping[str, Any] | None = None
        self.violations: list[Violation] = []
        self.stored_violations: list[Violation] = []
        persistence = self.persistence
        stored = self.stored
        creating = stored is None
        fixed = fixed_names(persistence, creating=creating)
        description = describe_form(
            persistence.schema,
            fixed=() if creating else fixed,
            without=fixed if creating else (),
            keys=persistence.key_names,
            sets=persistence.options.sets,
        )
        if stored is not None:
            row = persistence.decode(stored)
            description["hidden"] = hidden_places(persistence.schema, row.to_json())
            self.stored_violations = [] if self.is_bound else _localized(ItemEdit.checked(persistence, row).violations)
        check = self.is_bound or bool(self.stored_violations)
        self.fields["item"].widget = ItemWidget(description, self.validate_url, check=check)
        if stored is None:
            row = self.instance if self.copied_item is None else persistence.decode(self.copied_item)
            left_out = fixed if self.copied_item is None else fixed | _not_duplicated(persistence)
            shown = {name: value for name, value in shown_json(persistence, row).items() if name not in left_out}
        else:
            loaded = LoadedItem.of(persistence, stored)
            shown = dict(loaded.json)
            self.initial.setdefault("loaded", loaded.sealed())
        self.initial.setdefault("item", readable_json(shown))

    @property
    def stored(self) -> AttributeMap | None:
        """The stored item that the form changes; None if the form adds an item."""
        item: AttributeMap | None = self.instance._state.__dict__.get("item")
        return None if self.instance._state.adding else item

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.refusal is not None:
            self.add_error(None, local_error(self.refusal))
        if "item" not in cleaned:
            return cleaned
        try:
            typed = read_item(cleaned["item"])
        except UnreadableItem as error:
            self.add_error("item", str(error))
            return cleaned
        if self.stored is None:
            self.edit = ItemEdit.new(self.persistence, typed, beside=self.copied_item)
        else:
            self._clean_change(typed, cleaned.get("loaded") or "")
        for violation in self.edit.violations if self.edit else ():
            self.violations.append(violation)
            message = local_text(violation.message)
            self.add_error("item", f"{violation.pointer}: {message}" if violation.pointer else message)
        if self.edit is not None and not self.errors:
            self.instance = self.edit.row
        return cleaned

    def _clean_change(self, typed: dict[str, Any], sealed: str) -> None:
        persistence = self.persistence
        item = persistence.get_item(persistence.key_in(self.stored or {}), consistent=True)
        if item is None:
            self.add_error(None, _("This item has been deleted. You can add your text as a new item."))
            return
        try:
            loaded = LoadedItem.unsealed(sealed)
        except signing.BadSignature:
            self.add_error(None, _("The server no longer knows which version you loaded. Load the item again."))
            return
        now = LoadedItem.of(persistence, item)
        self.by_others = loaded.changed_since(persistence, item)
        version = persistence.options.version
        self.conflicts = conflicts_of(loaded, typed, now.json, self.by_others)
        if self.conflicts or (version in self.by_others and typed != loaded.json):
            self._show_both(loaded, now, typed)
            return
        self.edit = ItemEdit.change(persistence, item, typed, loaded.json)
        self.before = now.json
        self.edit.row._state.expected = expected_of(persistence, item, self.edit.changed)

    def _show_both(self, loaded: LoadedItem, now: LoadedItem, typed: dict[str, Any]) -> None:
        """Fills the form. Properties that this user changed get the values that the user entered. All other properties
        get their stored values.

        The next save is compared with the item as it is stored now.
        """
        merged = dict(now.json)
        for name in changed_names(loaded.json, typed):
            if name in typed:
                merged[name] = typed[name]
            else:
                merged.pop(name, None)
        again = {"item": readable_json(merged), "loaded": now.sealed()}
        self.data = {**dict(self.data.items()), **{self.add_prefix(name): text for name, text in again.items()}}
        self.conflict_shown = True
        self.add_error(None, _("Someone else has changed this item since you loaded it. Nothing has been saved yet."))

    @property
    def only_by_others(self) -> list[str]:
        """The properties that other users changed, but this user didn't."""
        by_both = {conflict.name for conflict in self.conflicts}
        return [name for name in self.by_others if name not in by_both]

    def _post_clean(self) -> None:
        """Does nothing: the edit has been validated."""


def _localized(violations: list[Violation]) -> list[Violation]:
    return [replace(each, message=local_text(each.message)) for each in violations]


def _not_duplicated(persistence: Persistence) -> set[str]:
    """Returns the properties that a copy must not share with its original."""
    properties = persistence.schema.properties
    return {name for name in properties if properties[name].extensions.generated} | {persistence.key_names[-1]}
