"""A file as people have it -> the streams in it: packed or not, one or several, told by content and not by name."""

import lzma
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from shoplab.core.errors import LabError
from shoplab.events.unpack import unpacked, unpacked_zstd

_MAGIC = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",  # an empty one
    b"PAR1": "parquet",
    b"\x1f\x8b": "gz",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zst",
    b"\x50\x2a\x4d\x18": "zst",  # a frame to be skipped: pzstd's files start with it
}
PACKED = ("gz", "bz2", "xz", "zst")
DAMAGE = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, struct.error)
_DEEPEST = 20
_MOST_MEMBERS = 500  # each is looked up in the whole list of them
_LONGEST_MAGIC = 300  # tar's stands at 257


@dataclass(frozen=True)
class Member:
    """One stream of a file. name: in a zip, else "". kind: text or parquet. packed: the file is smaller than that."""

    path: Path
    name: str
    kind: str
    packed: bool

    def __str__(self) -> str:
        return f"{self.path} ({self.name})" if self.name else str(self.path)


def kind_of(start: bytes) -> str:
    """What a stream that starts like this is: a key of PACKED, zip, parquet or text."""
    return next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), "text")


def members(path: Path) -> list[Member]:
    """What a file holds. LabError where it is damaged, encrypted, empty, or nothing this can unpack."""
    with damage_told(path), path.open("rb") as reader:
        kind = kind_of(reader.read(_LONGEST_MAGIC))
    if kind != "zip":
        return [Member(path, "", _kind_inside(path, ""), kind in PACKED)]
    with damage_told(path), _archive(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir() and info.file_size and not _is_hidden(info)]
    if any(info.filename == "[Content_Types].xml" for info in infos):
        raise LabError(f"{path} is a spreadsheet or document; save it as CSV (UTF-8), then take that in")
    if not infos:
        raise LabError(f"{path} has no file in it")
    if len(infos) > _MOST_MEMBERS:
        raise LabError(f"{path} holds {len(infos):,} files; unpack it, then take in the folder")
    names = [info.filename for info in infos]
    for info in infos:
        _refuse_sealed(path, info)
        if names.count(info.filename) > 1:
            raise LabError(f"{path} holds {info.filename} twice; unpack it, then take in what it holds")
    return [Member(path, info.filename, _kind_inside(path, info.filename), True) for info in infos]


@contextmanager
def opened(member: Member) -> Iterator[BinaryIO]:
    """Its bytes, unpacked as often as they are packed. LabError where they turn out damaged."""
    with damage_told(member.path), _opened(member.path, member.name) as stream:
        if member.kind != "parquet" or not member.packed:
            yield stream
            return
        with tempfile.TemporaryFile() as whole:  # Parquet is read from its end
            shutil.copyfileobj(stream, whole, 1 << 20)
            whole.seek(0)
            yield cast(BinaryIO, whole)


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise LabError(f"{path} is damaged or cut short ({error}); fetch it again") from None
    except OSError as error:
        if error.errno is None or isinstance(error, zipfile.BadZipFile):  # bz2's and zstd's own words
            raise LabError(f"{path} is damaged or cut short ({error}); fetch it again") from None
        raise LabError(f"{path} can't be read: {error.strerror}") from None


@contextmanager
def _opened(path: Path, name: str) -> Iterator[BinaryIO]:
    if not name:
        with path.open("rb") as stream:
            yield _unpacked(stream)
        return
    with _archive(path) as archive, archive.open(name) as inner:
        yield _unpacked(cast(BinaryIO, inner))


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (NotImplementedError, RuntimeError) as error:  # kinds of packing and sealing that Python does not know
        raise LabError(f"{path} can't be unpacked here ({error}); unpack it, then take in what it holds") from None
    except (UnicodeDecodeError, ValueError) as error:
        raise LabError(f"{path} is damaged or cut short ({error}); fetch it again") from None


def _unpacked(stream: BinaryIO, depth: int = 0) -> BinaryIO:
    """The stream itself, or what is packed in it, at every depth."""
    if depth > _DEEPEST:
        raise EOFError(f"it is packed more than {_DEEPEST} times")
    start = stream.peek(8)[:8]  # type: ignore[attr-defined]
    kind = kind_of(start)
    if kind == "zst":
        return _unpacked(unpacked_zstd(stream), depth + 1)
    if kind in PACKED:
        return _unpacked(unpacked(stream, next(magic for magic in _MAGIC if start.startswith(magic))), depth + 1)
    return stream


def _kind_inside(path: Path, name: str) -> str:
    with damage_told(path), _opened(path, name) as stream:
        start = stream.read(_LONGEST_MAGIC)
    kind = kind_of(start)
    if kind == "zip":
        raise LabError(f"{path} has a zip inside; unpack the outer one, then take in what it holds")
    if words := _known(_NO_TABLES, start):
        raise LabError(f"{Member(path, name, kind, False)} {words}")
    return kind


def _is_hidden(info: zipfile.ZipInfo) -> bool:
    """What systems put beside people's files."""
    return any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in Path(info.filename).parts)


def _refuse_sealed(path: Path, info: zipfile.ZipInfo) -> None:
    if info.flag_bits & 1:
        raise LabError(f"{path} is encrypted; unpack it with its password, then take in what it holds")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        raise LabError(
            f"{path} is packed by a method this can't unpack (zip method {info.compress_type}); unpack it with the"
            " program that made it, then take in what it holds"
        )


_NO_TABLES = {
    b"version https://git-lfs": "is a Git LFS pointer, not the file itself; type: git lfs pull",
    b"7z\xbc\xaf": "is a 7z archive; unpack it, then take in what it holds",
    b"Rar!": "is a RAR archive; unpack it, then take in what it holds",
    b"SQLite format 3": "is an SQLite database; export its table as CSV (UTF-8), then take that in",
    b"ORC": "is an ORC file; write it as Parquet, then take that in",
    b"Obj\x01": "is an Avro file; write it as Parquet, then take that in",
    b"ARROW1": "is an Arrow file; write it as Parquet, then take that in",
    b"FEA1": "is an Arrow file; write it as Parquet, then take that in",
    b"\x04\x22\x4d\x18": "is packed by lz4; unpack it, then take in what it holds",
    b"\x1f\x9d": "is packed by compress; unpack it, then take in what it holds",
    b"LZIP\x01": "is packed by lzip; unpack it, then take in what it holds",
    b"\x89LZO": "is packed by lzop; unpack it, then take in what it holds",
    b"\x5d\0\0": "is packed by lzma; unpack it, then take in what it holds",
    b"\xff\x06\0\0sNaPpY": "is packed by snappy; unpack it, then take in what it holds",
    b"PK\x07\x08": "is a part of a split zip; join its parts with: zip -s 0 FILE.zip --out WHOLE.zip",
    b"MZ\x90": "is a program; where it unpacks itself, run it, then take in what it holds",
    b"MSCF": "is a cabinet archive; unpack it, then take in what it holds",
    b"!<arch>": "is an ar archive; unpack it, then take in what it holds",
    b"SEQ\x06": "is a Hadoop sequence file; write it as Parquet, then take that in",
    b"crc\0": "is Hadoop's checksum of another file; take in that one",
    b"\x89HDF": "is an HDF5 file; write it as Parquet, then take that in",
    b"\x93NUMPY": "is a NumPy array; write it as Parquet, then take that in",
    b"\x80\x04\x95": "is a pickle; write it as Parquet, then take that in",
    b"\x80\x05\x95": "is a pickle; write it as Parquet, then take that in",
    b"$FL2@(#)": "is an SPSS file; write it as Parquet or CSV, then take that in",
    b"RDX3\n": "is an R workspace; write its table as Parquet or CSV, then take that in",
    b"X\n\0\0": "is an R object; write it as Parquet or CSV, then take that in",
    b"PGDMP": "is a PostgreSQL dump; export its table with: \\copy TABLE to FILE csv header",
    b"Salted__": "is encrypted; decrypt it, then take in what it holds",
    b"-----BEGIN PGP": "is encrypted; decrypt it, then take in what it holds",
    b"PARE": "is an encrypted Parquet file; write it without encryption, then take that in",
}


_DOCUMENTS = {  # in a zip they may stand beside tables, as what is said of them
    b"\xd0\xcf\x11\xe0": "is a spreadsheet or document; save it as CSV (UTF-8), then take that in",
    b"%PDF": "is a PDF; export its table as CSV (UTF-8), then take that in",
    b"{\\rtf": "is a document; save its table as CSV (UTF-8), then take that in",
    b"<": "is XML or a web page, not a table; save it as CSV (UTF-8), or fetch the file itself",
}


def document(start: bytes) -> str:
    """What a document is that starts so, and what to do; "" for anything else."""
    return _known(_DOCUMENTS, start)


def _known(kinds: dict[bytes, str], start: bytes) -> str:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, words in kinds.items():
        if text.startswith(magic) or start.startswith(magic):
            return words
    return "is a tar archive; unpack it, then take in what it holds" if start[257:262] == b"ustar" else ""
