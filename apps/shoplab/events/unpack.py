"""A packed stream -> what is packed in it. Python's own readers leave out, in silence, what stands behind it."""

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

CHUNK = 1 << 18


class Decompressor(Protocol):
    """As bz2 and lzma have it."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """zlib's, with the same names."""

    def __init__(self) -> None:
        self._inner, self._tail = zlib.decompressobj(wbits=31), b""

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._tail and not self.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        found = self._inner.decompress(self._tail + data, max_length)
        self._tail = self._inner.unconsumed_tail
        return found


_KINDS: dict[bytes, Callable[[], Decompressor]] = {
    b"\x1f\x8b": _Gzip, b"BZh": bz2.BZ2Decompressor, b"\xfd7zXZ\x00": lzma.LZMADecompressor,
}  # fmt: skip


class Unpacked(io.RawIOBase):
    """Reads all parts of a gzip, bzip2 or xz stream, which may be padded with zeros. EOFError: it is cut short, or
    something else stands behind it; zlib.error, OSError, lzma.LZMAError: it is damaged.
    """

    def __init__(self, stream: BinaryIO, magic: bytes) -> None:
        self._stream, self._magic = stream, magic
        self._part, self._rest = _KINDS[magic](), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        found = b""
        while not found:
            if self._part.eof and not self._next():
                return 0
            fed = b""
            if self._part.needs_input:
                fed, self._rest = self._rest or self._stream.read(CHUNK), b""
                if not fed:
                    raise EOFError("it ends in the middle")
            found = self._part.decompress(fed, len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def _next(self) -> bool:
        """Whether another part follows."""
        rest = self._part.unused_data.lstrip(b"\0")
        while len(rest) < len(self._magic) and (more := self._stream.read(CHUNK)):
            rest = (rest + more).lstrip(b"\0")
        if rest and not rest.startswith(self._magic):
            raise EOFError("something else stands behind what is packed")
        if rest:
            self._part, self._rest = _KINDS[self._magic](), rest
        return bool(rest)


def unpacked(stream: BinaryIO, magic: bytes) -> BinaryIO:
    return io.BufferedReader(Unpacked(stream, magic), CHUNK)


def unpacked_zstd(stream: BinaryIO) -> BinaryIO:
    import pyarrow as pa

    return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd"), CHUNK)
