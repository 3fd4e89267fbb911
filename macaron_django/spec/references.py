"""Files and the references between them: a URI reference goes in, the node that it leads to comes out.

A document owns its base URI. References are followed one at a time and never expanded, so that cycles are
harmless; what may be read is decided here: files in and beside the spec's folder, and hosts that were allowed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from .findings import Finding, Location, SpecError
from .lazy_values import lazy_attribute
from .parse_cache import parse_cached
from .pointers import MISSING, pointer_token, step, tokens
from .source import Limits, Parsed, decode, read_bytes

__all__ = ["BrokenReference", "Files", "Node", "SourceFile"]

#: Bytes of a text that may wait to be searched for identifiers.
_KEPT = 64 * 1024
#: Of an ASCII character, in JSON or YAML.
_ESCAPE = re.compile(rb"\\(?:u00|x|U000000)[2-7]")
_IDENTIFIER = re.compile(rb"\$(?:id|anchor|dynamicAnchor|self)[\"']?\s*:")


class BrokenReference(Exception):  # noqa: N818 (it becomes a finding)
    """A reference that can't be followed: finding ID, message and hint."""

    def __init__(self, id_: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.id, self.message, self.hint = id_, message, hint


class SourceFile:
    """One text that was read: its tree, its dialect ("2.0", "3.0", "3.1", "3.2") and where things stand in it."""

    def __init__(
        self, uri: str | None, name: str, place: str | None, parsed: Parsed, dialect: str, raw: bytes | None
    ) -> None:
        """``place`` is the absolute path, None where the text came from elsewhere; ``uri`` may be left to follow it."""
        self.name, self.parsed, self.dialect, self._place = name, parsed, dialect, place
        self.tree: Any = parsed.tree
        if uri is not None:
            self.uri = uri
        self._remote = raw if place is None else None
        self._raw = raw  # until it was searched, which routing doesn't need
        if raw is None:
            self.has_ids = self.has_extensions = True
        elif len(raw) > _KEPT:
            self._search()

    @lazy_attribute
    def path(self) -> Path | None:
        return None if self._place is None else Path(self._place)

    @lazy_attribute
    def uri(self) -> str:
        return self.path.as_uri() if self.path is not None else "mapping:document"

    @lazy_attribute
    def has_ids(self) -> bool:
        """Whether a schema may be identified by $id, $anchor or $self: to search the text saves walking the tree."""
        self._search()
        return self.has_ids

    @lazy_attribute
    def has_extensions(self) -> bool:
        """Whether any of this package's x- attributes can be in there."""
        self._search()
        return self.has_extensions

    def _search(self) -> None:
        if (raw := self._raw) is not None:
            # UTF-16 and UTF-32, and names with escapes in them, aren't searched.
            is_hidden = b"\0" in raw[:4] or _ESCAPE.search(raw) is not None
            self.has_ids = is_hidden or _IDENTIFIER.search(raw) is not None
            self.has_extensions = is_hidden or b"x-" in raw
            self._raw = None

    def text(self) -> str:
        """The text, read again: it isn't kept."""
        if self.path is not None:
            return decode(self.path.read_bytes(), self.name)
        return decode(self._remote or b"", self.name)

    @lazy_attribute
    def _marks(self) -> dict[str, tuple[int, int]]:
        from .yaml_events import marks  # where a finding is shown

        try:
            return marks(self.text())
        except (OSError, SpecError):
            return {}

    def mark(self, pointer: str) -> tuple[int, int] | None:
        """Line and column of a pointer, or of the nearest enclosing one that is in the text."""
        while pointer not in self._marks and "/" in pointer:
            pointer = pointer.rpartition("/")[0]
        return self._marks.get(pointer)

    def location(self, pointer: str) -> Location:
        return Location(self.name, pointer, find=self.mark)

    def lookup(self, pointer: str) -> Any:
        """The value at ``#/a/b``; raises ``KeyError`` where there is none."""
        value = self.tree
        for token in tokens(pointer):
            value = step(value, token)
            if value is MISSING:
                raise KeyError(pointer)
        return value

    @lazy_attribute
    def identified(self) -> dict[str, str]:
        """Absolute URI (with ``#anchor`` where one is meant) → pointer, for each $id, $anchor and $self in here."""
        found: dict[str, str] = {}
        if not self.has_ids:
            return found
        todo: list[tuple[Any, str, str]] = [(self.tree, "#", self.base)]
        while todo:
            value, pointer, base = todo.pop()
            if isinstance(value, dict):
                if isinstance(value.get("$id"), str) and pointer != "#":
                    base = urldefrag(_join(base, value["$id"]))[0]
                    found.setdefault(base, pointer)
                for keyword in ("$anchor", "$dynamicAnchor"):
                    if isinstance(value.get(keyword), str):
                        found.setdefault(f"{base}#{value[keyword]}", pointer)
                todo += [(item, f"{pointer}/{pointer_token(key)}", base) for key, item in value.items()]
            elif isinstance(value, list):
                todo += [(item, f"{pointer}/{index}", base) for index, item in enumerate(value)]
        return found

    @lazy_attribute
    def base(self) -> str:
        """The base URI of the whole file: its ``$self`` (3.2) or ``$id``, else where it was read from."""
        if isinstance(self.tree, dict):
            for keyword in ("$self", "$id"):
                if isinstance(self.tree.get(keyword), str):
                    return urldefrag(_join(self.uri, self.tree[keyword]))[0]
        return self.uri

    def base_at(self, pointer: str) -> str:
        """The base URI that a reference at ``pointer`` is resolved against."""
        if not self.has_ids:
            return self.uri
        base, value = self.base, self.tree
        for token in tokens(pointer):
            value = step(value, token)
            if isinstance(value, dict) and isinstance(value.get("$id"), str):
                base = urldefrag(_join(base, value["$id"]))[0]
        return base


class Node(NamedTuple):
    """A value and where it stands."""

    file: SourceFile
    pointer: str
    value: Any

    def child(self, *keys: str) -> Node:
        """The node below; its value is None where nothing is there."""
        file, pointer, value = self
        for key in keys:
            value = value.get(key) if type(value) is dict else _item(value, key)
            pointer = f"{pointer}/{pointer_token(key)}"
        return Node(file, pointer, value)

    def children(self) -> Iterator[tuple[str, Node]]:
        """Each entry of a mapping with its key, each item of a list with its index; nothing for the rest."""
        if isinstance(self.value, dict):
            for key, value in self.value.items():
                yield key, Node(self.file, f"{self.pointer}/{pointer_token(key)}", value)
        elif isinstance(self.value, list):
            for index, value in enumerate(self.value):
                yield str(index), Node(self.file, f"{self.pointer}/{index}", value)

    @property
    def location(self) -> Location:
        return self.file.location(self.pointer)

    @property
    def mapping(self) -> dict[str, Any]:
        """The value if it is a mapping, else an empty one."""
        return self.value if isinstance(self.value, dict) else {}


def _item(value: Any, key: str) -> Any:
    found = step(value, key)
    return None if found is MISSING else found


def _is_anchor(fragment: str) -> bool:
    return bool(fragment) and not fragment.startswith("/")


def _join(base: str, reference: str) -> str:
    if reference.startswith("#"):  # urljoin forgets a base such as urn:…
        return base + reference
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference


class Files:
    """The files of one document: the root and whatever its references lead to, each read once."""

    def __init__(
        self,
        main: SourceFile,
        root: Path | None,
        limits: Limits,
        allow_hosts: Collection[str] = (),
        cache: str | Path | None = None,
    ) -> None:
        self.main = main
        self._referred: dict[str, SourceFile] = {}  # by URI
        self._failures: dict[str, BrokenReference] = {}
        self._resolved: dict[tuple[str, str, str], Node] = {}
        self._given_root, self._limits, self._cache = root, limits, cache
        self._allow_hosts = frozenset(map(str.lower, allow_hosts))

    @lazy_attribute
    def _root(self) -> Path | None:
        """The folder below which references may read files.

        Unless one was given, that which holds the document's folder and its siblings (``../schemas/``), or the
        document's own where that would be the user's home or the root of the disk.
        """
        if self._given_root is not None or self.main.path is None:
            return self._given_root
        folder = self.main.path.parent
        return folder if folder.parent in (Path(folder.anchor), Path.home()) else folder.parent

    def __iter__(self) -> Iterator[SourceFile]:
        return iter([self.main, *self._referred.values()])

    def resolve(self, node: Node, reference: str) -> Node:
        """The node that a reference written at ``node`` leads to; raises ``BrokenReference``."""
        base = node.file.base_at(node.pointer) if node.file.has_ids else ""
        place = (node.file.uri, base, reference)
        found = self._resolved.get(place)
        if found is None:
            found = self._resolved[place] = self._resolve(node, reference, base)
        return found

    def _resolve(self, node: Node, reference: str, base: str) -> Node:
        if reference.startswith("#") and not node.file.has_ids:
            return self._fragment(node.file, reference)
        base = base or node.file.uri
        target, _, fragment = _join(base, reference).partition("#")
        known = self._known(node.file, target, fragment)
        if known is not None:
            return known
        try:
            file = self._read(target, reference, node.file)
        except BrokenReference:
            # A copy of what $self or $id says is published elsewhere: its neighbours were copied beside it.
            target, _, fragment = _join(node.file.uri, reference).partition("#")
            if base == node.file.uri or urlsplit(reference).scheme:
                raise
            file = node.file if target == node.file.uri else self._read(target, reference, node.file)
        return self._fragment(file, "#" + fragment)

    def _known(self, origin: SourceFile, target: str, fragment: str) -> Node | None:
        """The node of a URI, if one of the files read so far is it or identifies it."""
        for file in dict.fromkeys([origin, *self]):
            if target in (file.base, file.uri):
                return self._fragment(file, "#" + fragment, target)
            pointer = file.identified.get(f"{target}#{fragment}" if _is_anchor(fragment) else target)
            if pointer is not None:
                suffix = "" if _is_anchor(fragment) else fragment
                try:
                    return self._fragment(file, pointer + suffix)
                except BrokenReference:
                    # Strictly, "#/components/…" inside a schema with an $id is relative to that schema.
                    return self._fragment(file, "#" + suffix)
        return None

    def _fragment(self, file: SourceFile, pointer: str, base: str | None = None) -> Node:
        if _is_anchor(pointer[1:]):
            anchor = f"{base or file.base}{pointer}"
            if anchor not in file.identified:
                raise BrokenReference("E010", f"No $anchor {pointer[1:]!r} in {file.name}.", "Correct the reference.")
            pointer = file.identified[anchor]
        # Percent-encoding (RFC 6901, section 6) is undone here, once: pointers inside the package have none.
        plain = unquote(pointer) if "%" in pointer else pointer
        for spelling in (plain or "#", pointer, _other_spelling(plain), "#" if pointer == "#/" else None):
            if spelling:
                try:
                    return Node(file, spelling, file.lookup(spelling))
                except KeyError:
                    continue
        raise BrokenReference(
            "E010", f"Nothing is at {pointer} in {file.name}.", "Correct the reference, or add what it names."
        )

    def _read(self, target: str, reference: str, referrer: SourceFile) -> SourceFile:
        if target in self._failures:
            raise self._failures[target]
        try:
            if len(self._referred) + 1 >= self._limits.max_files:
                raise BrokenReference(
                    "E005", f"More than {self._limits.max_files} files are referred to.", "Merge some."
                )
            file = self._open(target, reference, referrer)
        except BrokenReference as failure:
            self._failures[target] = failure
            raise
        self._referred[target] = file
        return file

    def _open(self, target: str, reference: str, referrer: SourceFile) -> SourceFile:
        scheme = urlsplit(target).scheme
        if scheme in ("http", "https"):
            name, path, raw = target, None, self._fetch(target)
        elif scheme == "file" and self._root is not None and not reference.lower().startswith("file:"):
            path = self._permitted(self._root, target, reference)
            name = _name_beside(referrer, path)
            raw = self._read_file(path, name)
        else:
            raise BrokenReference(
                "E012", f"The reference {reference!r} may not be followed.", "Refer to a file by its relative path."
            )
        try:
            parsed = parse_cached(raw, name, self._limits, self._cache)
        except SpecError as error:
            finding: Finding = error.findings[0]
            raise BrokenReference("E011", finding.message, finding.hint) from error
        place = None if path is None else str(path)
        return SourceFile(target, name, place, parsed, dialect_of(parsed.tree) or self.main.dialect, raw)

    def _read_file(self, path: Path, name: str) -> bytes:
        try:
            return read_bytes(path, name, self._limits)
        except SpecError as error:
            finding = error.findings[0]
            raise BrokenReference("E011", finding.message, finding.hint) from error

    def _permitted(self, root: Path, target: str, reference: str) -> Path:
        """The path of a file URI, if references may read it: below ``root``, links only within the main folder."""
        path = Path(unquote(urlsplit(target).path))
        try:
            real, real_root = path.resolve(), root.resolve()
            is_link = real != real_root / path.relative_to(root)
            inside = real.is_relative_to(self._main_folder if is_link else real_root) and not reference.startswith("/")
        except (OSError, RuntimeError, ValueError):
            inside = False
        if not inside:
            raise BrokenReference(
                "E012",
                f"The reference {reference!r} leaves the folder of the document.",
                f"Keep the files of a document below {root.name}/, without links that lead out of it, or name the "
                "folder that holds them all: MACARON['SPEC_ROOTS'], checkspec --root.",
            )
        return path

    @lazy_attribute
    def _main_folder(self) -> Path:
        return self.main.path.resolve().parent if self.main.path else Path(self._root or ".").resolve()

    def _fetch(self, target: str) -> bytes:
        from urllib.request import Request, urlopen  # draws in TLS and e-mail

        host = (urlsplit(target).hostname or "").lower()
        if host not in self._allow_hosts:
            raise BrokenReference(
                "E013",
                f"The reference leads to the host {host!r}, which isn't allowed.",
                "Copy the file beside the spec, or name the host in the setting SPEC_HOSTS.",
            )
        try:
            request = Request(target, headers={"Accept": "application/yaml, application/json, */*;q=0.1"})  # noqa: S310 (http and https only, see _open)
            with urlopen(request, timeout=10) as answer:  # noqa: S310
                if (urlsplit(answer.url).hostname or "").lower() not in self._allow_hosts:
                    raise BrokenReference("E013", f"{target} redirects to another host.", "Refer to that one.")
                raw: bytes = answer.read(self._limits.max_bytes + 1)
        except (OSError, ValueError) as error:
            raise BrokenReference(
                "E011", f"{target} can't be fetched: {error}.", "Copy the file beside the spec."
            ) from error
        if len(raw) > self._limits.max_bytes:
            raise BrokenReference("E002", f"{target} has more than {self._limits.max_bytes} bytes.", "Split it.")
        return raw


def _name_beside(referrer: SourceFile, path: Path) -> str:
    """A path spelled as the referring file's was: relative to the same folder where that is possible."""
    if referrer.path is None:
        return str(path)
    folder = Path(referrer.name).parent
    try:
        return str(folder / path.relative_to(referrer.path.parent))
    except ValueError:
        pass
    try:
        return str(folder.parent / path.relative_to(referrer.path.parent.parent))
    except ValueError:
        return str(path)


#: How Swagger 2.0 and OpenAPI 3 spell the same section.
SECTIONS = {
    "definitions": "schemas",
    "parameters": "parameters",
    "responses": "responses",
    "securityDefinitions": "securitySchemes",
}
_OLD_SECTIONS = {new: old for old, new in SECTIONS.items()}


def _other_spelling(pointer: str) -> str | None:
    head, _, rest = pointer.removeprefix("#/").partition("/")
    if head == "components":
        section, _, rest = rest.partition("/")
        return f"#/{_OLD_SECTIONS[section]}/{rest}" if section in _OLD_SECTIONS and rest else None
    return f"#/components/{SECTIONS[head]}/{rest}" if head in SECTIONS and rest else None


def dialect_of(tree: Any) -> str | None:
    """ "2.0", "3.0", "3.1" or "3.2" as the root of a document says, None for anything else."""
    if not isinstance(tree, dict):
        return None
    for keyword in ("swagger", "openapi"):
        if keyword not in tree:
            continue
        version = str(tree[keyword] or "").strip()
        dialect = "2.0" if version == "2" else version[:3]
        if dialect in ("2.0", "3.0", "3.1", "3.2") and version[3:4] in ("", "."):
            return dialect if (dialect == "2.0") == (keyword == "swagger") else None
    return None
