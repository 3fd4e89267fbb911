"""Parses YAML: with the fast parser (ryaml) if its result is exact, otherwise with the reader in ``yaml_events``.

ryaml is ten times as fast as PyYAML, but it expands aliases and loses the spelling of keys that aren't strings. So
``yaml_events`` parses texts with aliases or such keys. The parsers are in a separate module because JSON and cached
trees don't need them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import orjson
import ryaml

from macaron_django.openapi.findings import spec_error
from macaron_django.openapi.reading.limits import Limits, depth_error
from macaron_django.openapi.reading.trees import Parsed, syntax_error

__all__ = ["parse_yaml"]

# Each pattern begins with a literal character, to make the search fast. Then the lookbehind distinguishes &a from R&D.
_ANCHOR = re.compile(r"&(?<![^\s\[{,:\-]&)([^\s,\[\]{}]+)")
_ALIAS = re.compile(r"\*(?<![^\s\[{,:\-]\*)([^\s,\[\]{}]+)")
_PLACE = re.compile(r" at line (\d+) column (\d+)")
# Integer keys that Python writes differently: `+1` (first pattern), and `007`, `0x1F` or `-0` (second pattern).
_SIGNED_KEY = re.compile(r"\+(?<![\w.:]\+)\d+[ \t]*:(?=\s)")
_ZERO_KEY = re.compile(r"0(?:(?<=-0)0*|(?<![\w.:]0)[box\d][\dA-Fa-f_]*)[ \t]*:(?=\s)")
_RYAML_DEPTH = 128


def parse_yaml(text: str, name: str, limits: Limits) -> Parsed:
    """Parses YAML to a tree with string keys.

    Raises ``SpecError`` with the id E004 for bad syntax, or E005 if the text exceeds a limit.
    """
    anchors = set(_ANCHOR.findall(text)) if "&" in text else set()
    if not (anchors and anchors.intersection(_ALIAS.findall(text))):
        try:
            tree = ryaml.loads(text)  # type: ignore[attr-defined]  # re-exported without __all__
        except ValueError as error:
            message = str(error)
            if "recursion limit" in message:
                place = _PLACE.search(message)
                raise depth_error(name, limits, *(map(int, place.groups()) if place else ())) from error
        else:
            if _is_plain(tree, text, limits) or _string_keys(tree, text, name, limits):
                return Parsed(tree)
            # The exact reader keeps the spelling of float, boolean and null keys, applies merge keys, and drops tags.
    return _parse_exactly(text, name, limits)


def _parse_exactly(text: str, name: str, limits: Limits) -> Parsed:
    import yaml  # rarely needed

    from macaron_django.openapi.reading.yaml_events import ExactLoader, TooLargeError

    try:
        loader = ExactLoader(text, max_depth=limits.max_depth, max_nodes=limits.max_nodes)
    except TooLargeError as error:
        hint = "Reduce the nesting, and use $ref instead of aliases."
        raise spec_error("E005", name, f"{name} {error}.", hint) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        place = (mark.line + 1, mark.column + 1) if mark else (None, None)
        if "nesting depth" in problem:  # libyaml's own limit (PyYAML 6.0.4), reached first because it reads ahead
            raise depth_error(name, limits, *place) from error
        raise syntax_error(name, problem, *place) from error
    return Parsed(loader.tree, tuple(loader.duplicates), ("merge-key",) if loader.merged else (), loader.shared)


def _is_plain(tree: Any, text: str, limits: Limits) -> bool:
    """Turns the status codes of responses into strings, and returns whether all keys are now strings.

    orjson checks the keys: it accepts only strings as keys, and is faster than Python code.
    """
    if "<<" in text or limits.max_depth < _RYAML_DEPTH:
        return False
    return _has_plain_keys(tree) or (_status_codes_as_strings(tree, text) and _has_plain_keys(tree))


def _has_plain_keys(tree: Any) -> bool:
    try:
        # ryaml reads `!tag value` as {"!tag": value}
        return b'{"!' not in orjson.dumps(tree)
    except TypeError:
        return False


def _status_codes_as_strings(tree: Any, text: str) -> bool:
    """Turns the status codes (``200:``) among the keys of operations' responses into strings, in place.

    Returns False if no status code is an integer, or if the spelling of a key may be lost.
    """
    found = False
    for item in _values(_entry(tree, "paths")):
        for operation in _values(item):
            responses = _entry(operation, "responses")
            if type(responses) is dict and int in (types := set(map(type, responses))) and types <= {int, str}:
                if not ((found or _are_spelled_plainly(text)) and _rename(responses)):
                    return False
                found = True
    return found


def _entry(value: Any, key: str) -> Any:
    return value.get(key) if type(value) is dict else None


def _values(value: Any) -> Iterable[Any]:
    return value.values() if type(value) is dict else ()


def _are_spelled_plainly(text: str) -> bool:
    """Returns whether the text spells all integer keys as Python does."""
    return _ZERO_KEY.search(text) is None and _SIGNED_KEY.search(text) is None


def _rename(node: dict[Any, Any]) -> bool:
    """Turns all keys into strings.

    If two keys would become equal, such as 200 and "200", changes nothing and returns False.
    """
    renamed = {key if type(key) is str else str(key): value for key, value in node.items()}
    if len(renamed) < len(node):
        return False
    node.clear()
    node.update(renamed)
    return True


def _string_keys(tree: Any, text: str, name: str, limits: Limits) -> bool:
    """Turns integer keys into strings, in place.

    Returns False if a spelling may be lost, or a key is of another type.
    """
    level, depth, found = [tree], 0, False
    while level:
        depth += 1
        if depth > limits.max_depth + 1:
            raise depth_error(name, limits)
        deeper: list[Any] = []
        for node in level:
            if type(node) is dict:
                types = set(map(type, node))
                if "<<" in node or not types <= {str, int} or str(next(iter(node), "")).startswith("!"):
                    return False
                deeper += [value for value in node.values() if type(value) is dict or type(value) is list]
                if int in types:
                    if not ((found or _are_spelled_plainly(text)) and _rename(node)):
                        return False
                    found = True
            elif type(node) is list:
                deeper += [value for value in node if type(value) is dict or type(value) is list]
        level = deeper
    return True
