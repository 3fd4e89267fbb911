"""Registers system checks. Each message of these checks names the command that explains it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

from django.core import checks

from macaron_django.openapi import explained_by

__all__ = ["register"]

Check: TypeAlias = Callable[..., list[checks.CheckMessage]]


def register(*, deploy: bool = False) -> Callable[[Check], Check]:
    """Registers a system check under the tag ``macaron_django``.

    If ``deploy`` is true, the check runs only with ``manage.py check --deploy``.
    """

    def registered(check: Check) -> Check:
        @wraps(check)
        def explained(*arguments: Any, **named: Any) -> list[checks.CheckMessage]:
            return [_explained(message) for message in check(*arguments, **named)]

        checks.register(explained, "macaron_django", deploy=deploy)
        return explained

    return registered


def _explained(message: checks.CheckMessage) -> checks.CheckMessage:
    id_ = str(message.id).rpartition(".")[2]
    message.hint = f"{message.hint or ''} {explained_by(id_)}".lstrip()
    return message
