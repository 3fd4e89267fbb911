"""Parameter names in, Python names out: what a handler's arguments and a URL's keyword arguments are called.

Apart from the handlers and the routes because both must agree.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from macaron_django.spec import Operation

__all__ = ["argument_name", "argument_names", "path_arguments"]

#: What a handler asks for under these names isn't a parameter.
RESERVED = frozenset({"request", "self"})


def argument_name(name: str) -> str:
    """A parameter's name as Python writes it; one that is an identifier already stays as it is.

    >>> [argument_name(n) for n in ("profile_id", "profile-id", "from", "$top", "2nd", "filter[name]", "")]
    ['profile_id', 'profile_id', 'from_', 'top', 'p_2nd', 'filter_name', 'parameter']
    """
    plain = name if name.isidentifier() else re.sub(r"\W+", "_", name).strip("_") or "parameter"
    if not plain.isidentifier():
        plain = f"p_{plain}"
    return f"{plain}_" if keyword.iskeyword(plain) or plain in RESERVED else plain


def argument_names(parameters: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Python names for all parameters of an operation, given and returned by (location, name).

    Path parameters choose first. A name that is taken then gets its location in front, then a number behind.

    >>> argument_names([("query", "id"), ("path", "id"), ("header", "X-Request-ID")])
    {('path', 'id'): 'id', ('query', 'id'): 'query_id', ('header', 'X-Request-ID'): 'x_request_id'}
    """
    names: dict[tuple[str, str], str] = {}
    for location, name in sorted(dict.fromkeys(parameters), key=lambda each: each[0] != "path"):
        wanted = argument_name(name.lower() if location == "header" else name)
        options = [wanted, f"{location}_{wanted}", *(f"{location}_{wanted}_{n}" for n in range(2, 2 + len(names)))]
        names[location, name] = next(option for option in options if option not in names.values())
    return names


@lru_cache(maxsize=4096)
def path_arguments(path: str) -> Mapping[str, str]:
    """URL keyword arguments of a path template: parameter name → Python name.

    >>> path_arguments("/a/{from}-{to}/{a-b}/{a_b}")
    {'from': 'from_', 'to': 'to', 'a-b': 'a_b', 'a_b': 'path_a_b'}
    """
    found = argument_names([("path", name) for name in re.findall(r"\{([^{}]*)\}", path)])
    return {name: argument for (_, name), argument in found.items()}


def operation_arguments(operation: Operation) -> dict[tuple[str, str], str]:
    """Python names for all parameters of ``operation``; the path's are those of its URL."""
    path = path_arguments(operation.path)
    names = {("path", name): argument for name, argument in path.items()}
    others = [(p.location, p.name) for p in operation.parameters if p.location != "path"]
    return {**argument_names([*names, *others]), **names}
