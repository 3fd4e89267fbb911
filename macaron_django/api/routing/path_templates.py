"""Matches the paths of requests against a path template, by regular expression or by segments.

The value of a parameter ends at a ``/``, unless the parameter has ``x-path-greedy``. Templates don't check types: the
parameters' schemas do, so that a value of the wrong type leads to a 400 with an explanation, not to a 404.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice

from django.urls.resolvers import RegexPattern

from macaron_django.api.routing.argument_names import PATH_PARAMETER, path_arguments

__all__ = ["PathPattern", "PathTemplate", "specificity"]

_STAND_IN = "{}"  # can't occur in the text between parameters, where it would be a parameter itself


class PathTemplate:
    """A path with parameters. ``greedy`` has the names of the parameters whose values may contain slashes."""

    def __init__(self, path: str, greedy: Iterable[str] = ()) -> None:
        self.path = path.removeprefix("/")
        self.greedy = frozenset(greedy)

    @cached_property
    def text(self) -> str:
        """The regular expression that Django matches against a request's path. The path has no leading slash.

        >>> PathTemplate("/a/{from}-{to}.json").text
        '^a/(?P<from_>[^/]+)\\\\-(?P<to>[^/]+)\\\\.json$'
        """
        arguments = path_arguments(self.path)
        pieces: list[str] = []
        seen: set[str] = set()
        for index, piece in enumerate(PATH_PARAMETER.split(self.path)):
            if index % 2 == 0:
                pieces.append(re.escape(piece))
            elif piece in seen:  # a repeated name must have the same value
                pieces.append(f"(?P={arguments[piece]})")
            else:
                seen.add(piece)
                # Line breaks match, too, because the parameter's schema decides whether they are valid.
                anything = r"[\s\S]+" if piece in self.greedy else "[^/]+"
                pieces.append(f"(?P<{arguments[piece]}>{anything})")
        return f"^{''.join(pieces)}$"

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """``text``, compiled."""
        return re.compile(self.text)

    @property
    def segments(self) -> list[str | None]:
        """The path's segments before the first segment that can contain slashes.

        If a segment contains a parameter, the list has None instead of the segment.

        >>> PathTemplate("/a/{from}-{to}/b").segments
        ['a', None, 'b']
        >>> PathTemplate("/a/{b}/c-{d}/e", greedy=["d"]).segments
        ['a', None]
        """
        found: list[str | None] = []
        for text, names in self.parts():
            if not self.greedy.isdisjoint(names):
                break
            found.append(None if names else text)
        return found

    @property
    def is_open(self) -> bool:
        """Whether a path can have more segments after ``segments``."""
        return not self.greedy.isdisjoint(PATH_PARAMETER.findall(self.path))

    @property
    def arguments(self) -> dict[str, int] | None:
        """Maps the name of each argument to the index of the argument's segment.

        This is None if a parameter is only a part of its segment, or if its value can contain slashes. Then the caller
        must use the regular expression.

        >>> PathTemplate("/a/{from}/b/{to}").arguments
        {'from_': 1, 'to': 3}
        """
        arguments = path_arguments(self.path)
        found: dict[str, int] = {}
        for place, (text, names) in enumerate(self.parts()):
            for name in names:
                if text != _STAND_IN or name in self.greedy or arguments[name] in found:
                    return None
                found[arguments[name]] = place
        return found

    def parts(self) -> Iterator[tuple[str, list[str]]]:
        """Yields two values for each segment of the path.

        The first value is the segment's text, with ``{}`` in place of each parameter. The second value is a list of the
        parameters' names.
        """
        names = iter(PATH_PARAMETER.findall(self.path))
        for text in PATH_PARAMETER.sub(_STAND_IN, self.path).split("/"):
            yield text, list(islice(names, text.count(_STAND_IN)))


class PathPattern(RegexPattern):
    """Django's pattern for a path.

    If a path has several URL names, each name has its own pattern, and the patterns share the template.
    """

    def __init__(self, template: PathTemplate, name: str) -> None:
        super().__init__(template.text, name, is_endpoint=True)
        self.template = template

    @property
    def regex(self) -> re.Pattern[str]:  # type: ignore[override]  # Django's descriptor compiles one for each pattern
        return self.template.regex


def specificity(template: PathTemplate) -> tuple[tuple[int, int], ...]:
    """Returns a sort key for paths.

    The key compares paths segment by segment. The path with the most literal text comes first.

    >>> paths = ["/u/{id}", "/u/{id}:archive", "/u/me", "/{x}/me"]
    >>> [template.path for template in sorted(map(PathTemplate, paths), key=specificity)]
    ['u/me', 'u/{id}:archive', 'u/{id}', '{x}/me']
    """
    key = []
    for text, names in template.parts():
        literal = len(text) - len(_STAND_IN) * len(names)
        kind = 0 if not names else 3 if not template.greedy.isdisjoint(names) else 1 if literal else 2
        key.append((kind, 0 if kind == 0 else -literal))
    return tuple(key)
