"""Turns the names of an operation's parameters into Python identifiers, for the arguments of handlers and URLs."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from macaron_django.openapi import Operation

__all__ = [
    "PATH_PARAMETER",
    "argument_name",
    "argument_names",
    "operation_arguments",
    "path_arguments",
    "path_parameters",
]

#: A parameter in a path template, with its name as the group.
PATH_PARAMETER = re.compile(r"\{([^{}]*)\}")
#: The names of a handler's arguments that aren't parameters.
RESERVED = frozenset({"request", "self"})


def argument_name(name: str) -> str:
    """Returns a parameter's name as an identifier that isn't a keyword.

    >>> [argument_name(n) for n in ("profile_id", "profile-id", "from", "$top", "2nd", "filter[name]", "")]
    ['profile_id', 'profile_id', 'from_', 'top', 'p_2nd', 'filter_name', 'parameter']
    """
    plain = name if name.isidentifier() else re.sub(r"\W+", "_", name).strip("_") or "parameter"
    if not plain.isidentifier():
        plain = f"p_{plain}"
    return f"{plain}_" if keyword.iskeyword(plain) or plain in RESERVED else plain


def argument_names(parameters: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Returns a dictionary from each parameter's (location, name) to its Python name.

    Path parameters get their names first. If a parameter's name is already taken, adds the parameter's location as a
    prefix. If the name with the prefix is also taken, adds a number.

    >>> argument_names([("query", "id"), ("path", "id"), ("header", "X-Request-ID")])
    {('path', 'id'): 'id', ('query', 'id'): 'query_id', ('header', 'X-Request-ID'): 'x_request_id'}
    """
    names: dict[tuple[str, str], str] = {}
    for location, name in sorted(dict.fromkeys(parameters), key=lambda each: each[0] != "path"):
        wanted = argument_name(name.lower() if location == "header" else name)
        options = [wanted, f"{location}_{wanted}", *(f"{location}_{wanted}_{n}" for n in range(2, 2 + len(names)))]
        names[location, name] = next(option for option in options if option not in names.values())
    return names


def path_parameters(path: str) -> list[str]:
    """Returns the names of the parameters in a path template, in their order.

    >>> path_parameters("/a/{from}-{to}/{id}")
    ['from', 'to', 'id']
    """
    return PATH_PARAMETER.findall(path)


@lru_cache(maxsize=4096)
def path_arguments(path: str) -> Mapping[str, str]:
    """Returns the URL keyword arguments of a path template, by parameter name.

    >>> path_arguments("/a/{from}-{to}/{a-b}/{a_b}")
    {'from': 'from_', 'to': 'to', 'a-b': 'a_b', 'a_b': 'path_a_b'}
    """
    found = argument_names([("path", name) for name in path_parameters(path)])
    return {name: argument for (_, name), argument in found.items()}


def operation_arguments(operation: Operation) -> dict[tuple[str, str], str]:
    """Returns the Python names of an operation's parameters. A path parameter gets the name of its URL argument."""
    path = path_arguments(operation.path)
    names = {("path", name): argument for name, argument in path.items()}
    others = [(p.location, p.name) for p in operation.parameters if p.location != "path"]
    return {**argument_names([*names, *others]), **names}
