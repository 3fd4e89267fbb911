"""Collects and decompresses the bytes of a response, up to a limit.

A small compressed response can be huge when it is decompressed.
"""

from __future__ import annotations

import zlib

from macaron_django.exceptions import AnswerInvalid

__all__ = ["ACCEPTED_ENCODINGS", "AnswerBytes"]

#: The content encodings that a response may have.
ACCEPTED_ENCODINGS = "gzip, deflate"


class AnswerBytes:
    """Collects a response of at most ``limit`` bytes, and decompresses it by its ``Content-Encoding``.

    Raises ``AnswerInvalid`` if the response is larger, or if it can't be decompressed.
    """

    def __init__(self, api: str, encoding: str, limit: int) -> None:
        self._api, self._limit = api, limit
        self._pieces: list[bytes] = []
        self._size = 0
        #: The most compressed bytes that may still come. Compression makes incompressible data larger, but by less than
        #: 1 %.
        self._packed = limit + limit // 64 + 1024
        encoding = encoding.strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise AnswerInvalid(f"{api} sent a response in an encoding that wasn't requested.", api=api)
        # 15 + 32: zlib detects gzip or zlib by the data's header. Deflate without a header is tried second.
        self._unpacker = zlib.decompressobj(47) if encoding not in ("", "identity") else None
        self._may_be_raw = encoding == "deflate"

    def add(self, piece: bytes) -> None:
        """Adds a received piece, which may be compressed."""
        if self._unpacker is not None:
            piece = self._unpacked(piece)
        self._size += len(piece)
        if self._size > self._limit:
            raise AnswerInvalid(f"{self._api} sent a response of more than {self._limit} bytes.", api=self._api)
        self._pieces.append(piece)

    def _unpacked(self, piece: bytes) -> bytes:
        most = self._limit - self._size + 1
        self._packed -= len(piece)
        if self._packed < 0:  # many compressed bytes can be few decompressed ones
            raise AnswerInvalid(f"{self._api} sent more than {self._limit} compressed bytes.", api=self._api)
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
            raise AnswerInvalid(f"{self._api} sent a response that can't be decompressed.", api=self._api) from error
        if self._unpacker.unused_data:  # the decompressor would store all further bytes
            raise AnswerInvalid(f"{self._api} sent bytes after the end of a compressed response.", api=self._api)
        return unpacked

    def whole(self) -> bytes:
        """Returns the whole response body. Raises ``AnswerInvalid`` if a compressed body is incomplete."""
        if self._unpacker is not None and self._size and not self._unpacker.eof:
            raise AnswerInvalid(f"{self._api} sent a compressed response that ends too early.", api=self._api)
        return b"".join(self._pieces)
