"""Collects the bytes of an answer, unpacked, up to a limit: a small packed answer may be a very large one."""

from __future__ import annotations

import zlib

from macaron_django.exceptions import AnswerInvalid

__all__ = ["ACCEPTED_ENCODINGS", "AnswerBytes"]

#: What an answer may be packed with.
ACCEPTED_ENCODINGS = "gzip, deflate"


class AnswerBytes:
    """Collects an answer of ``limit`` bytes at most, packed as its ``Content-Encoding`` says.

    Raises ``AnswerInvalid`` for a larger one, and for one that can't be unpacked.
    """

    def __init__(self, api: str, encoding: str, limit: int) -> None:
        self._api, self._limit = api, limit
        self._pieces: list[bytes] = []
        self._size = 0
        encoding = encoding.strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise AnswerInvalid(f"{api} answered with an encoding that wasn't asked for.", api=api)
        # 15 + 32: gzip or zlib, as the header says; deflate without a header is tried second
        self._unpacker = zlib.decompressobj(47) if encoding not in ("", "identity") else None
        self._may_be_raw = encoding == "deflate"

    def add(self, piece: bytes) -> None:
        """Adds a piece, as received."""
        if self._unpacker is not None:
            piece = self._unpacked(piece)
        self._size += len(piece)
        if self._size > self._limit:
            raise AnswerInvalid(f"{self._api} answered with more than {self._limit} bytes.", api=self._api)
        self._pieces.append(piece)

    def _unpacked(self, piece: bytes) -> bytes:
        most = self._limit - self._size + 1
        try:
            assert self._unpacker is not None  # noqa: S101 (for the type checker)
            try:
                return self._unpacker.decompress(piece, most)
            except zlib.error:
                if not self._may_be_raw or self._size:
                    raise
                self._unpacker = zlib.decompressobj(-15)
                return self._unpacker.decompress(piece, most)
        except zlib.error as error:
            raise AnswerInvalid(f"{self._api} answered with bytes that can't be unpacked.", api=self._api) from error

    def whole(self) -> bytes:
        """Returns the whole answer."""
        if self._unpacker is not None:
            self.add_rest()
        return b"".join(self._pieces)

    def add_rest(self) -> None:
        """Adds what the unpacker has kept back. Raises ``AnswerInvalid`` where the packed answer isn't complete."""
        unpacker = self._unpacker
        if unpacker is not None and self._size and not unpacker.eof:
            raise AnswerInvalid(f"{self._api} answered with packed bytes that end too early.", api=self._api)
