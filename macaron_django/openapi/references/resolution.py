"""Resolves references between the files of a document.

References are followed one at a time and never expanded, so cycles are harmless. References may lead only to files
below ``root``, and to hosts that the project allows. This module enforces that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from macaron_django.openapi.computed_values import lazy_attribute
from macaron_django.openapi.findings import Finding, SpecError
from macaron_django.openapi.reading.limits import Limits
from macaron_django.openapi.reading.parse_cache import parse_cached
from macaron_django.openapi.reading.source import read_bytes
from macaron_django.openapi.reading.source_files import SourceFile, SourceNode, join_uri
from macaron_django.openapi.reading.versions import dialect_of

__all__ = ["BrokenReference", "Files"]


class BrokenReference(Exception):  # noqa: N818 (it becomes a finding)
    """A reference can't be followed. The exception has the attributes of a ``Finding``."""

    id: str
    message: str
    hint: str

    def __init__(self, id_: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.id, self.message, self.hint = id_, message, hint


def _is_anchor(fragment: str) -> bool:
    return bool(fragment) and not fragment.startswith("/")


class Files:
    """The files of one document: the root file, and the files that references lead to. Each file is read once."""

    def __init__(
        self,
        main: SourceFile,
        root: Path | None,
        limits: Limits,
        allow_hosts: Collection[str] = (),
        cache: str | Path | None = None,
        prebuilt: str | Path | None = None,
    ) -> None:
        self.main = main
        self._referred: dict[str, SourceFile] = {}  # by URI
        self._failures: dict[str, BrokenReference] = {}
        self._resolved: dict[tuple[str, str, str], SourceNode] = {}
        self._given_root, self._limits, self._cache, self._prebuilt = root, limits, cache, prebuilt
        self._allow_hosts = frozenset(map(str.lower, allow_hosts))

    @lazy_attribute
    def root(self) -> Path | None:
        """References may lead only to files below this folder.

        The default is the parent of the document's folder, so that ``../schemas/`` can be read. If the parent is the
        user's home or the root of the disk, the default is the document's own folder.
        """
        if self._given_root is not None or self.main.path is None:
            return self._given_root
        folder = self.main.path.parent
        return folder if folder.parent in (Path(folder.anchor), Path.home()) else folder.parent

    def __iter__(self) -> Iterator[SourceFile]:
        return iter([self.main, *self._referred.values()])

    def resolve(self, node: SourceNode, reference: str) -> SourceNode:
        """Returns the target of a reference. ``node`` is the node that contains the reference.

        Raises ``BrokenReference`` if it leads nowhere.
        """
        base = node.file.base_at(node.pointer) if node.file.has_ids else ""
        place = (node.file.uri, base, reference)
        found = self._resolved.get(place)
        if found is None:
            found = self._resolved[place] = self._resolve(node, reference, base)
        return found

    def _resolve(self, node: SourceNode, reference: str, base: str) -> SourceNode:
        if reference.startswith("#") and not node.file.has_ids:
            return self._fragment(node.file, reference)
        base = base or node.file.uri
        target, _, fragment = join_uri(base, reference).partition("#")
        known = self._known(node.file, target, fragment)
        if known is not None:
            return known
        try:
            file = self._read(target, reference, node.file)
        except BrokenReference:
            # The file may be a copy of the file at its $self or $id. Then its neighbours are probably copies, too.
            target, _, fragment = join_uri(node.file.uri, reference).partition("#")
            if base == node.file.uri or urlsplit(reference).scheme:
                raise
            file = node.file if target == node.file.uri else self._read(target, reference, node.file)
        return self._fragment(file, "#" + fragment)

    def _known(self, origin: SourceFile, target: str, fragment: str) -> SourceNode | None:
        """Returns the node at a URI if it identifies a file read so far, or a schema in such a file; otherwise None."""
        for file in dict.fromkeys([origin, *self]):
            if target in (file.base, file.uri):
                return self._fragment(file, "#" + fragment, target)
            pointer = file.identified.get(f"{target}#{fragment}" if _is_anchor(fragment) else target)
            if pointer is not None:
                suffix = "" if _is_anchor(fragment) else fragment
                try:
                    return self._fragment(file, pointer + suffix)
                except BrokenReference:
                    # Strictly, "#/components/…" in a schema with an $id is relative to that schema. If it leads
                    # nowhere there, it is resolved in the file.
                    return self._fragment(file, "#" + suffix)
        return None

    def _fragment(self, file: SourceFile, pointer: str, base: str | None = None) -> SourceNode:
        if _is_anchor(pointer[1:]):
            anchor = f"{base or file.base}{pointer}"
            if anchor not in file.identified:
                raise BrokenReference("E010", f"No $anchor {pointer[1:]!r} in {file.name}.", "Correct the reference.")
            pointer = file.identified[anchor]
        # Percent-encoding (RFC 6901, section 6) is decoded only here. Pointers inside the package have none.
        plain = unquote(pointer) if "%" in pointer else pointer
        for spelling in (plain or "#", pointer, _other_spelling(plain), "#" if pointer == "#/" else None):
            if spelling:
                try:
                    return SourceNode(file, spelling, file.lookup(spelling))
                except KeyError:
                    continue
        raise BrokenReference(
            "E010", f"There is nothing at {pointer} in {file.name}.", "Correct the reference, or add its target."
        )

    def _read(self, target: str, reference: str, referrer: SourceFile) -> SourceFile:
        if target in self._failures:
            raise self._failures[target]
        try:
            if len(self._referred) + 1 >= self._limits.max_files:
                raise BrokenReference(
                    "E005", f"References lead to more than {self._limits.max_files} files.", "Merge some."
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
        elif scheme == "file" and self.root is not None and not reference.lower().startswith("file:"):
            path = self._permitted(self.root, target, reference)
            name = _name_beside(referrer, path)
            raw = self._read_file(path, name)
        else:
            raise BrokenReference(
                "E012", f"The reference {reference!r} can't be followed.", "Refer to a file by its relative path."
            )
        try:
            parsed = parse_cached(raw, name, self._limits, self._cache, self._prebuilt)
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
        """Returns the path of a file URI.

        The path must be below ``root``. A symbolic link must lead into the document's folder.
        """
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
                f"Move all files of the document below {root.name}/, or choose a folder that contains all of them: set "
                "MACARON['SPEC_ROOTS'], or use checkspec --root. A symbolic link must lead into the document's folder.",
            )
        return path

    @lazy_attribute
    def _main_folder(self) -> Path:
        return self.main.path.resolve().parent if self.main.path else Path(self.root or ".").resolve()

    def _fetch(self, target: str) -> bytes:
        from urllib.request import Request, urlopen  # here, because it imports TLS and e-mail modules

        host = (urlsplit(target).hostname or "").lower()
        if host not in self._allow_hosts:
            raise BrokenReference(
                "E013",
                f"The reference leads to the host {host!r}, which isn't allowed.",
                "Copy the file to the spec's folder, or add the host to the setting SPEC_HOSTS.",
            )
        try:
            request = Request(target, headers={"Accept": "application/yaml, application/json, */*;q=0.1"})  # noqa: S310 (http and https only, see _open)
            with urlopen(request, timeout=10) as answer:  # noqa: S310
                if (urlsplit(answer.url).hostname or "").lower() not in self._allow_hosts:
                    raise BrokenReference("E013", f"{target} redirects to another host.", "Use that host's URL.")
                raw: bytes = answer.read(self._limits.max_bytes + 1)
        except (OSError, ValueError) as error:
            raise BrokenReference(
                "E011", f"{target} can't be fetched: {error}.", "Copy the file to the spec's folder."
            ) from error
        if len(raw) > self._limits.max_bytes:
            raise BrokenReference("E002", f"{target} has more than {self._limits.max_bytes} bytes.", "Split it.")
        return raw


def _name_beside(referrer: SourceFile, path: Path) -> str:
    """Returns the name that messages use for the file at ``path``.

    If possible, this name is a relative path. It begins at the same folder as the name of the referring file.
    """
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


#: For each section of Swagger 2.0, its name in OpenAPI 3.
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
