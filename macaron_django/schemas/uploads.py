"""Uploaded files inside a body, past a validator that knows JSON only.

In: a validator and a value in which files stand where the schema says ``format: binary``. Out: the validator's
clean copy with the files back in their places. A file is judged as the empty string: its presence counts, its
content isn't read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from macaron_django.schemas.instances import is_plain
from macaron_django.schemas.validators import SchemaValidator

__all__ = ["clean_with_uploads"]

_Path = tuple["str | int", ...]
_CONTAINERS = (dict, list, UploadedFile)


def clean_with_uploads(validator: SchemaValidator, value: Any, *, defaults: bool = True) -> Any:
    """``validator.clean(value, defaults=defaults)`` for a value that may hold files, at any depth."""
    if is_plain(value):
        return validator.clean_plain(value, defaults=defaults)
    files = dict(_files(value))
    if not files:
        return validator.clean(value, defaults=defaults)
    cleaned = validator.clean(_with_placeholders(value), defaults=defaults)
    if () in files:
        return files[()]
    for path, file in files.items():
        _put_back(cleaned, path, file)
    return cleaned


def _files(value: Any) -> Iterator[tuple[_Path, UploadedFile[Any]]]:
    pending: list[tuple[_Path, Any]] = [((), value)]  # no recursion: nothing has limited the depth yet
    while pending:
        path, value = pending.pop()
        if isinstance(value, UploadedFile):
            yield path, value
        elif isinstance(value, dict):
            pending += [((*path, name), member) for name, member in value.items() if isinstance(member, _CONTAINERS)]
        elif isinstance(value, list):
            pending += [((*path, index), one) for index, one in enumerate(value) if isinstance(one, _CONTAINERS)]


def _with_placeholders(value: Any) -> Any:
    if isinstance(value, UploadedFile):
        return ""
    if isinstance(value, Mapping):
        return {name: _with_placeholders(member) for name, member in value.items()}
    return [_with_placeholders(element) for element in value] if isinstance(value, list) else value


def _put_back(cleaned: Any, path: tuple[Any, ...], file: UploadedFile[Any]) -> None:
    for step in path[:-1]:
        if isinstance(cleaned, Mapping) and step not in cleaned:  # readOnly, dropped
            return
        cleaned = cleaned[step]
    if isinstance(cleaned, list) or path[-1] in cleaned:
        cleaned[path[-1]] = file
