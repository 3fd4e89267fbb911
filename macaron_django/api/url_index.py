"""URL patterns, found by the literal segments of a path instead of one after the other.

In: the patterns that Django would search from first to last. Out: the match that its search gives, at a cost that grows
with the length of the path instead of the number of patterns. Apart from ``routers``, which makes the patterns: this
module knows what Django does with them.

The index only leaves out what can't match. What it finds is tried in Django's order, so the list decides on precedence
as ever. Where each parameter is a segment of its own nothing is left to try: the segments are the arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.urls import Resolver404, ResolverMatch, URLPattern, URLResolver
from django.urls.resolvers import RoutePattern
from django.utils.functional import cached_property

from macaron_django.api.path_templates import PathPattern

__all__ = ["IndexedResolver"]


class IndexedResolver(URLResolver):
    """A resolver without a prefix, with an index of all patterns in it, and in those of its kind in it.

    ``url_patterns``, and so ``reverse()``, checks and whoever else walks them, are those of any resolver. ``tried``,
    of a match or a ``Resolver404``, lists what Django's search would have tried while ``DEBUG`` is on, for the page
    that shows it; else what was tried.
    """

    def __init__(
        self,
        patterns: Sequence[URLPattern | IndexedResolver],
        app_name: str | None = None,
        namespace: str | None = None,
    ) -> None:
        super().__init__(RoutePattern(""), list(patterns), app_name=app_name, namespace=namespace)

    def resolve(self, path: str) -> ResolverMatch:
        path = str(path)  # it may be a reverse_lazy object
        segments = path.split("/")
        candidates = self._index.candidates(segments)
        for candidate in candidates:
            match = candidate.match(path, segments)
            if match is not None:
                match.tried = self._index.tried(candidate.position) if settings.DEBUG else [candidate.trail]
                return match
        tried = self._index.tried() if settings.DEBUG else [candidate.trail for candidate in candidates]
        raise Resolver404({"tried": tried, "path": path})

    @cached_property
    def _index(self) -> _Index:
        return _Index([_Indexed(*found, position) for position, found in enumerate(_walk([self]))])


def _walk(resolvers: list[URLResolver]) -> Iterator[tuple[list[URLResolver], URLPattern]]:
    """The patterns in a resolver and in those in it, in Django's order, with the resolvers that they are in."""
    for pattern in resolvers[-1].url_patterns:
        if isinstance(pattern, URLPattern):
            yield resolvers, pattern
        else:
            yield from _walk([*resolvers, pattern])


class _Indexed:
    """A pattern, and all of its matches that doesn't depend on the path."""

    def __init__(self, resolvers: list[URLResolver], pattern: URLPattern, position: int) -> None:
        self.resolvers, self.pattern, self.position = resolvers, pattern, position
        self.template = pattern.pattern.template if isinstance(pattern.pattern, PathPattern) else None

    @property
    def trail(self) -> list[Any]:
        """What Django puts on its list of what was tried."""
        return [*self.resolvers[1:], self.pattern]

    @cached_property
    def arguments(self) -> dict[str, int] | None:
        return self.template.arguments if self.template is not None else None

    @cached_property
    def _made(self) -> dict[str, Any]:
        match = ResolverMatch(
            self.pattern.callback,
            (),
            {},
            self.pattern.name,
            [resolver.app_name for resolver in self.resolvers],
            [resolver.namespace for resolver in self.resolvers],
            str(self.pattern.pattern),
            extra_kwargs=self.pattern.default_args,
        )
        return vars(match)

    def match(self, path: str, segments: Sequence[str]) -> ResolverMatch | None:
        """What Django's resolvers make of the pattern's match, but for ``tried``."""
        args: tuple[Any, ...] = ()
        if self.arguments is not None:
            captured: dict[str, Any] = {name: segments[place] for name, place in self.arguments.items()}
        else:
            found = self.pattern.pattern.match(path)
            if not found:
                return None
            _, args, captured = found
        # Not by the constructor, which would join and look up the names again: half the cost of a match.
        match = ResolverMatch.__new__(ResolverMatch)
        kwargs = {**captured, **self.pattern.default_args}
        vars(match).update(self._made, args=args, kwargs=kwargs, captured_kwargs=captured)
        return match


class _Node:
    """The patterns that begin with the same segments; of those with a parameter one is like the other."""

    __slots__ = ("ends", "literals", "open_ends", "parameter")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.ends: list[_Indexed] = []
        self.open_ends: list[_Indexed] = []  # whose further segments may be any, and any number


class _Index:
    def __init__(self, patterns: list[_Indexed]) -> None:
        self.patterns = patterns
        self.root = _Node()
        seen = set()
        for each in patterns:
            if each.template is not None:
                if each.template.text in seen:
                    continue  # another name of the same path, which never gets past the first
                seen.add(each.template.text)
            self._add(each)

    def _add(self, each: _Indexed) -> None:
        segments, is_open = _segments(each)
        node = self.root
        for segment in segments:
            if segment is not None:
                node = node.literals.setdefault(segment, _Node())
            else:
                node.parameter = node = node.parameter or _Node()
        (node.open_ends if is_open else node.ends).append(each)

    def candidates(self, segments: Sequence[str]) -> list[_Indexed]:
        """The patterns that a path of these segments may match, in Django's order."""
        found: list[_Indexed] = []
        level = [self.root]
        for segment in segments:
            below = []
            for node in level:
                found += node.open_ends
                literal = node.literals.get(segment)
                if literal is not None:
                    below.append(literal)
                if node.parameter is not None and segment:  # no parameter is empty
                    below.append(node.parameter)
            level = below
            if not level:
                break
        for node in level:
            found += node.ends
        if len(found) > 1:
            found.sort(key=attrgetter("position"))
        return found

    def tried(self, last: int | None = None) -> list[list[Any]]:
        """What Django's search tries up to a position, or in vain."""
        return [each.trail for each in self.patterns[: None if last is None else last + 1]]


def _segments(each: _Indexed) -> tuple[list[str | None], bool]:
    """The segments that a path must have, None for any but the empty one, and whether others may follow."""
    if each.template is not None:
        return each.template.segments, each.template.is_open
    if not isinstance(each.pattern.pattern, RoutePattern):
        return [], True
    literal, bracket, _ = str(each.pattern.pattern).partition("<")  # whose converter may take slashes, too
    segments = literal.split("/")
    return ([*segments[:-1]], True) if bracket else ([*segments], False)
