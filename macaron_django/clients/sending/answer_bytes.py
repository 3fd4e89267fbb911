"""Collects the bytes of an answer, unpacked, up to a limit: a small compressed answer may become a huge one."""

from __future__ import annotations

import zlib

from macaron_django.exceptions import AnswerInvalid

__all__ = ["ACCEPTED_ENCODINGS", "AnswerBytes"]

#: What an answer may be packed with.
ACCEPTED_ENCODINGS = "gzip, deflate"


class AnswerBytes:
    """Collects an answer of ``limit`` bytes at most, compressed as its ``Content-Encoding`` says.

    Raises ``AnswerInvalid`` for a larger one, and for one that can't be decompressed.
    """

    def __init__(self, api: str, encoding: str, limit: int) -> None:
        self._api, self._limit = api, limit
        self._pieces: list[bytes] = []
        self._size = 0
        #: Compressed bytes that may still come: data that can't be compressed grows by less than a hundredth.
        self._packed = limit + limit // 64 + 1024
        encoding = encoding.strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise AnswerInvalid(f"{api} answered with an encoding that wasn't requested.", api=api)
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
        self._packed -= len(piece)
        if self._packed < 0:  # of which little is unpacked
            raise AnswerInvalid(f"{self._api} answered with more than {self._limit} compressed bytes.", api=self._api)
        try:
            assert self._unpacker is not None  # noqa: S101 (for the type checker)
            try:
                unpacked = self._unpacker.decompress(piece, most)
            except zlib.error:
                if not self._may_be_raw or self._size:
                    raise
                self._unpacker = zlib.decompressobj(-15)
                unpacked = self._unpacker.decompress(piece, most)
        except zlib.error as error:
            raise AnswerInvalid(
                f"{self._api} answered with bytes that can't be decompressed.", api=self._api
            ) from error
        if self._unpacker.unused_data:  # the unpacker would keep them all
            raise AnswerInvalid(
                f"{self._api} answered with bytes after the end of its compressed answer.", api=self._api
            )
        return unpacked

    def whole(self) -> bytes:
        """Returns the whole answer. Raises ``AnswerInvalid`` for a compressed one that isn't complete."""
        if self._unpacker is not None and self._size and not self._unpacker.eof:
            raise AnswerInvalid(f"{self._api} answered with compressed bytes that end too early.", api=self._api)
        return b"".join(self._pieces)
