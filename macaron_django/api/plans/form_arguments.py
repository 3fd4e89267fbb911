"""Passes the fields of a Swagger 2.0 form to handlers by name.

For a file, a handler may have three arguments: the content, the file name and the media type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from macaron_django.api.routing.argument_names import argument_name
from macaron_django.openapi import Operation
from macaron_django.schemas.serializers.uploads import is_binary

__all__ = ["FormArguments", "form_arguments"]

_PARTS: Mapping[str, Callable[[UploadedFile[Any]], Any]] = {
    "": lambda file: file.read(),
    "_filename": lambda file: file.name,
    "_mimetype": lambda file: file.content_type,
}


class FormArguments:
    """The arguments for the fields of a form.

    A handler may have these arguments instead of the whole form, as in PyMacaron.
    """

    def __init__(self, fields: Mapping[str, bool], taken: frozenset[str]) -> None:
        """``fields`` says for each field whether it is a file. ``taken`` has the names of parameters."""
        named = {argument_name(field): (field, "") for field in fields}
        files = [field for field, is_file in fields.items() if is_file]
        described = {argument_name(f"{field}{part}"): (field, part) for field in files for part in _PARTS if part}
        self._fields = {name: each for name, each in {**described, **named}.items() if name not in taken}
        self.names = frozenset(self._fields)

    def values(self, form: Any) -> dict[str, Any]:
        """Returns a dictionary with the arguments for the fields that the client sent.

        The keys are the arguments' names. For a file, reads the whole content, as bytes.
        """
        values: dict[str, Any] = {}
        for name, (field, part) in self._fields.items():
            if form is not None and field in form:
                value = form[field]
                if isinstance(value, UploadedFile):
                    values[name] = _PARTS[part](value)
                elif not part:
                    values[name] = value
        return values


def form_arguments(operation: Operation, taken: frozenset[str]) -> FormArguments | None:
    """Returns the arguments for an operation's ``formData``; None if the operation has no ``formData``."""
    if not any(node.mapping.get("in") == "formData" for node in operation.parameter_nodes):
        return None
    body = operation.request_body
    media = next(iter(body.content.values()), None) if body is not None else None
    if media is None or media.schema is None:
        return None
    return FormArguments({name: is_binary(prop.schema) for name, prop in media.schema.properties.items()}, taken)
