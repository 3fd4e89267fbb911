"""Finds the operation of a path, with the same result as the resolver of the root URLconf.

All patterns of the URLconf are in one index. A path belongs to an operation if the operation's pattern is the first
that matches. If another pattern matches first, or might match first, Django's handler serves the request.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.urls import URLPattern, URLResolver
from django.urls.resolvers import RegexPattern, RoutePattern

from macaron_django.api.routing.path_templates import PathPattern
from macaron_django.api.routing.url_index import IndexedResolver, SegmentTrie
from macaron_django.api.views.operation_viewsets import OperationViewSet

__all__ = ["OperationRoute", "Routes"]


class Routes:
    """The index of a root resolver."""

    def __init__(self, resolver: URLResolver) -> None:
        self.resolver = resolver
        self._trie: SegmentTrie[OperationRoute | _Other] = SegmentTrie()
        seen = set()
        for position, (resolvers, pattern) in enumerate(_walk([resolver])):
            prefix = _literal_prefix(resolvers)
            route = None if prefix is None else _route(prefix, pattern, position)
            if route is None:
                other = _Other(resolvers, pattern, position)
                self._trie.add(other, *other.segments)
            elif (prefix, route.text) not in seen:  # if several patterns have the same path, the first one is enough
                seen.add((prefix, route.text))
                self._trie.add(route, *route.segments)

    def find(self, path_info: str) -> tuple[OperationRoute, dict[str, str]] | None:
        """Returns the route that serves the path, and the URL arguments; None if no operation has this path."""
        if not path_info.startswith("/"):
            return None
        path = path_info[1:]
        segments = path.split("/")
        for candidate in self._trie.candidates(segments):
            arguments = candidate.match(path, segments)
            if arguments is not None:
                return (candidate, arguments) if isinstance(candidate, OperationRoute) else None
        return None


class OperationRoute:
    """The pattern of an operation's path, with the view that serves it."""

    def __init__(self, prefix: str, pattern: Any, position: int) -> None:
        self.view: Any = pattern.callback
        self.position = position
        #: The attributes that are the same for each match of the route. Empty until Django's resolver is first called.
        self.match_attributes: dict[str, Any] = {}
        self._template = pattern.pattern.template
        self.text: str = self._template.text
        self._length = len(prefix)
        above = prefix.split("/")[:-1]
        self.segments: tuple[Sequence[str | None], bool] = [*above, *self._template.segments], self._template.is_open
        places = self._template.arguments
        self._places = None if places is None else [(name, place + len(above)) for name, place in places.items()]

    def match(self, path: str, segments: Sequence[str]) -> dict[str, str] | None:
        """Returns the URL arguments in ``path``; None if ``path`` doesn't match.

        The segments of ``path`` must already fit the segments of the route.
        """
        if self._places is not None:
            return {name: segments[place] for name, place in self._places}
        found = self._template.regex.search(path[self._length :])
        return None if found is None else found.groupdict()


class _Other:
    """A pattern that doesn't belong to an operation, or whose match depends on more than the path."""

    def __init__(self, resolvers: Sequence[URLResolver], pattern: Any, position: int) -> None:
        self.position = position
        known: list[Any] = []
        levels: list[Any] = [*resolvers[1:], pattern]
        for each in levels:
            if not _is_plain(each):
                break
            known.append(each.pattern)
        self._patterns = known
        self._is_whole = len(known) == len(resolvers)

    @property
    def segments(self) -> tuple[Sequence[str], bool]:
        """The segments with which a path must begin, and whether more segments may follow."""
        literal, is_open = "", not self._is_whole
        for pattern in self._patterns:
            if type(pattern) is not RoutePattern:
                is_open = True
                break
            text, bracket, _ = str(pattern).partition("<")
            literal += text
            if bracket:  # a converter may match slashes
                is_open = True
                break
        found = literal.split("/")
        return (found[:-1], True) if is_open else (found, False)

    def match(self, path: str, segments: Sequence[str]) -> dict[str, str] | None:
        """Returns {} if the pattern could match the path: Django then decides. Returns None if no match is possible."""
        for pattern in self._patterns:
            if pattern.converters if isinstance(pattern, RoutePattern) else False:
                if not pattern.regex.search(path):
                    return None
                return {}  # Django's handler must run the converter, and only once
            found = pattern.match(path)
            if found is None:
                return None
            path = found[0]
        return {}


def _walk(resolvers: list[URLResolver]) -> Iterator[tuple[list[URLResolver], Any]]:
    """Yields each pattern in Django's order, with its resolvers. Yields an unknown kind of resolver as a pattern."""
    for pattern in resolvers[-1].url_patterns:
        if _is_plain(pattern) and isinstance(pattern, URLResolver):
            yield from _walk([*resolvers, pattern])
        else:
            yield resolvers, pattern


def _is_plain(each: Any) -> bool:
    """Returns whether a pattern or resolver is of a known class, and depends only on the path."""
    if type(each) not in (URLPattern, URLResolver, IndexedResolver):
        return False
    pattern = each.pattern
    # A translated route is different in each language.
    return type(pattern) in (PathPattern, RegexPattern, RoutePattern) and type(_written(pattern)) is str


def _written(pattern: Any) -> Any:
    return vars(pattern).get("_route", vars(pattern).get("_regex"))


def _literal_prefix(resolvers: Sequence[URLResolver]) -> str | None:
    """Returns the prefix of a pattern; None if the prefix isn't constant, or doesn't consist of whole segments."""
    found = ""
    for each in resolvers[1:]:
        text = str(each.pattern)
        if type(each.pattern) is not RoutePattern or "<" in text or each.default_kwargs:
            return None
        found += text
    return found if found == "" or found.endswith("/") else None


def _route(prefix: str, pattern: Any, position: int) -> OperationRoute | None:
    """Returns the route of an operation's pattern; None for other patterns."""
    if type(pattern) is not URLPattern or type(pattern.pattern) is not PathPattern or pattern.default_args:
        return None
    view = pattern.callback
    viewset = getattr(view, "cls", None)
    is_operation = isinstance(viewset, type) and issubclass(viewset, OperationViewSet)
    return OperationRoute(prefix, pattern, position) if is_operation and getattr(view, "csrf_exempt", False) else None
