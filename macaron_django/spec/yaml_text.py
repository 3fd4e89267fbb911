"""YAML text → a tree with string keys, by the fast parser where it reads what was meant, else by the exact one.

ryaml reads ten times as fast as PyYAML, but loses how a key was spelled that is no string, and expands aliases. What
it can't be trusted with goes to ``yaml_events``. Of OpenAPI this knows where integers are keys as a rule. Separate from
``source`` because neither JSON nor a warm start needs any of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import orjson
import ryaml

from .source import Limits, Parsed, depth_refusal, refusal, syntax_refusal

__all__ = ["parse_yaml"]

# Each begins with its literal character, which makes the search fast; the lookbehind then tells &a from R&D.
_ANCHOR = re.compile(r"&(?<![^\s\[{,:\-]&)([^\s,\[\]{}]+)")
_ALIAS = re.compile(r"\*(?<![^\s\[{,:\-]\*)([^\s,\[\]{}]+)")
_PLACE = re.compile(r" at line (\d+) column (\d+)")
# Keys that are integers, spelled otherwise than Python writes them: `+1`; `007`, `0x1F`, `-0`.
_SIGNED_KEY = re.compile(r"\+(?<![\w.:]\+)\d+[ \t]*:(?=\s)")
_ZERO_KEY = re.compile(r"0(?:(?<=-0)0*|(?<![\w.:]0)[box\d][\dA-Fa-f_]*)[ \t]*:(?=\s)")
_RYAML_DEPTH = 128


def parse_yaml(text: str, name: str, limits: Limits) -> Parsed:
    """A tree with string keys; ``SpecError`` E004 or E005."""
    anchors = set(_ANCHOR.findall(text)) if "&" in text else set()
    if not (anchors and anchors.intersection(_ALIAS.findall(text))):
        try:
            tree = ryaml.loads(text)  # type: ignore[attr-defined]  # re-exported without __all__
        except ValueError as error:
            message = str(error)
            if "recursion limit" in message:
                raise depth_refusal(name, limits, _PLACE.search(message)) from error
        else:
            if _is_plain(tree, text, limits) or _string_keys(tree, text, name, limits):
                return Parsed(tree)
            # The exact reader knows how a float, boolean or null key was spelled, merges, and drops tags.
    return _parse_exactly(text, name, limits)


def _parse_exactly(text: str, name: str, limits: Limits) -> Parsed:
    import yaml  # few documents need it

    from .yaml_events import ExactLoader, TooLargeError

    try:
        loader = ExactLoader(text, max_depth=limits.max_depth, max_nodes=limits.max_nodes)
    except TooLargeError as error:
        raise refusal("E005", name, f"{name} {error}.", "Write it flatter, with $ref instead of aliases.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        if mark is None:
            raise syntax_refusal(name, problem, None, None) from error
        raise syntax_refusal(name, problem, mark.line + 1, mark.column + 1) from error
    return Parsed(loader.tree, tuple(loader.duplicates), ("merge-key",) if loader.merged else (), loader.shared)


def _is_plain(tree: Any, text: str, limits: Limits) -> bool:
    """Whether all keys are strings, be it that those of responses are now.

    orjson, which refuses others, looks at them faster than we can.
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
    """Turn the keys of operations' responses (``200:``) into strings, in place; False where none is an integer.

    Also where a spelling may be lost.
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
    """Whether Python writes the integers among the keys as the text does."""
    return _ZERO_KEY.search(text) is None and _SIGNED_KEY.search(text) is None


def _rename(node: dict[Any, Any]) -> bool:
    """Whether all keys have names of their own as strings: 200 and "200" haven't."""
    renamed = {key if type(key) is str else str(key): value for key, value in node.items()}
    if len(renamed) < len(node):
        return False
    node.clear()
    node.update(renamed)
    return True


def _string_keys(tree: Any, text: str, name: str, limits: Limits) -> bool:
    """Turn integer keys (``200:``) into strings, in place; False where a key's spelling is lost, or it is none."""
    level, depth, found = [tree], 0, False
    while level:
        depth += 1
        if depth > limits.max_depth + 1:
            raise depth_refusal(name, limits)
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
