"""Resolves paths with an index of their segments. The result is the same as in Django's sequential search.

The cost grows with the length of the path, not with the number of patterns. The index leaves out patterns that can't
match, and the other patterns are tried in Django's order. If each parameter of a pattern is a whole segment, the
segments are the arguments, and no regular expression is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

from django.conf import settings
from django.urls import Resolver404, ResolverMatch, URLPattern, URLResolver
from django.urls.resolvers import RoutePattern
from django.utils.functional import cached_property

from macaron_django.api.routing.path_templates import PathPattern

__all__ = ["IndexedResolver", "SegmentTrie"]


class IndexedResolver(URLResolver):
    """A resolver without a prefix. It has an index of its own patterns and of the patterns in nested resolvers.

    ``reverse()`` and checks can use ``url_patterns`` as in any resolver. While ``DEBUG`` is on, Django's error page
    lists the patterns that Django has tried. So matches and ``Resolver404`` have the same list in ``tried``, although
    this resolver doesn't try each pattern.
    """

    def __init__(
        self,
        patterns: Sequence[URLPattern | IndexedResolver],
        app_name: str | None = None,
        namespace: str | None = None,
    ) -> None:
        super().__init__(RoutePattern(""), list(patterns), app_name=app_name, namespace=namespace)

    def resolve(self, path: str) -> ResolverMatch:
        path = str(path)  # it may be lazy, from reverse_lazy()
        segments = path.split("/")
        candidates = self._trie.candidates(segments)
        for candidate in candidates:
            match = candidate.match(path, segments)
            if match is not None:
                match.tried = self._tried(candidate.position) if settings.DEBUG else [candidate.trail]
                return match
        tried = self._tried() if settings.DEBUG else [candidate.trail for candidate in candidates]
        raise Resolver404({"tried": tried, "path": path})

    @cached_property
    def _indexed(self) -> list[_IndexedPattern]:
        return [_IndexedPattern(*found, position) for position, found in enumerate(_walk([self]))]

    @cached_property
    def _trie(self) -> SegmentTrie[_IndexedPattern]:
        trie: SegmentTrie[_IndexedPattern] = SegmentTrie()
        seen = set()
        for each in self._indexed:
            if each.template is not None:
                if each.template.text in seen:
                    continue  # the first pattern with this path always matches before this one
                seen.add(each.template.text)
            trie.add(each, *_segments(each))
        return trie

    def _tried(self, last: int | None = None) -> list[list[Any]]:
        """Returns the patterns that Django's search would try up to the position ``last``. None means all of them."""
        return [each.trail for each in self._indexed[: None if last is None else last + 1]]


def _walk(resolvers: list[URLResolver]) -> Iterator[tuple[list[URLResolver], URLPattern]]:
    """Yields the patterns of a resolver and of nested resolvers, in Django's order. Yields each with its resolvers."""
    for pattern in resolvers[-1].url_patterns:
        if isinstance(pattern, URLPattern):
            yield resolvers, pattern
        else:
            yield from _walk([*resolvers, pattern])


class _IndexedPattern:
    """A pattern, and the attributes of its matches that don't depend on the path."""

    def __init__(self, resolvers: list[URLResolver], pattern: URLPattern, position: int) -> None:
        self.resolvers, self.pattern, self.position = resolvers, pattern, position
        self.template = pattern.pattern.template if isinstance(pattern.pattern, PathPattern) else None

    @property
    def trail(self) -> list[Any]:
        """The entry in Django's list of tried patterns."""
        return [*self.resolvers[1:], self.pattern]

    @cached_property
    def arguments(self) -> dict[str, int] | None:
        return self.template.arguments if self.template is not None else None

    @cached_property
    def _match_attributes(self) -> dict[str, Any]:
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
        """Returns the same match as Django's resolvers, but without ``tried``."""
        args: tuple[Any, ...] = ()
        if self.arguments is not None:
            captured: dict[str, Any] = {name: segments[place] for name, place in self.arguments.items()}
        else:
            found = self.pattern.pattern.match(path)
            if not found:
                return None
            _, args, captured = found
        # The constructor isn't called, because it joins the names again for each match, which is half the cost of a
        # match.
        match = ResolverMatch.__new__(ResolverMatch)
        kwargs = {**captured, **self.pattern.default_args}
        vars(match).update(self._match_attributes, args=args, kwargs=kwargs, captured_kwargs=captured)
        return match


class _Positioned(Protocol):
    """A pattern with its place in Django's order."""

    position: int


P = TypeVar("P", bound=_Positioned)


class _TrieNode(Generic[P]):
    """The patterns that begin with the same segments. All parameters count as the same segment."""

    __slots__ = ("ends", "literals", "open_ends", "parameter")

    def __init__(self) -> None:
        self.literals: dict[str, _TrieNode[P]] = {}
        self.parameter: _TrieNode[P] | None = None
        self.ends: list[P] = []
        self.open_ends: list[P] = []  # any number of segments may follow


class SegmentTrie(Generic[P]):
    """An index that finds the patterns for a path by comparing segments."""

    def __init__(self) -> None:
        self.root: _TrieNode[P] = _TrieNode()

    def add(self, each: P, segments: Sequence[str | None], is_open: bool) -> None:
        """Adds a pattern. A None in ``segments`` matches any segment that isn't empty.

        If ``is_open`` is true, more segments can follow.
        """
        node = self.root
        for segment in segments:
            if segment is not None:
                node = node.literals.setdefault(segment, _TrieNode())
            else:
                node.parameter = node = node.parameter or _TrieNode()
        (node.open_ends if is_open else node.ends).append(each)

    def candidates(self, segments: Sequence[str]) -> list[P]:
        """Returns, in Django's order, the patterns that can match a path with these segments."""
        found: list[P] = []
        level = [self.root]
        for segment in segments:
            below = []
            for node in level:
                found += node.open_ends
                literal = node.literals.get(segment)
                if literal is not None:
                    below.append(literal)
                if node.parameter is not None and segment:  # a parameter isn't empty
                    below.append(node.parameter)
            level = below
            if not level:
                break
        for node in level:
            found += node.ends
        if len(found) > 1:
            found.sort(key=attrgetter("position"))
        return found


def _segments(each: _IndexedPattern) -> tuple[list[str | None], bool]:
    """Returns the segments that a path must have, and whether more may follow.

    None means any segment that isn't empty.
    """
    if each.template is not None:
        return each.template.segments, each.template.is_open
    if not isinstance(each.pattern.pattern, RoutePattern):
        return [], True
    literal, bracket, _ = str(each.pattern.pattern).partition("<")  # a converter may match slashes
    segments = literal.split("/")
    return ([*segments[:-1]], True) if bracket else ([*segments], False)
