"""Packed files, archives, what is no table, and names of files."""

import bz2
import gzip
import io
import lzma
import os
import sqlite3
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from functools import reduce
from pathlib import Path

import pyarrow as pa

from tests.events.corpus.case import NAMES, Case, csv, event, row, written

_ONE, _TWO = csv(row()).encode(), csv(row(user_id="8")).encode()
_BOTH = (event(), event(user_id="8"))
_LONG = csv(*[row(product_id=str(number * 7919 % 10007), user_session=str(number)) for number in range(3000)]).encode()
_TURNED = (*NAMES[:6], "user_id", "price", "user_session")


def _zst(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


def _zip(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive, warnings.catch_warnings(action="ignore"):  # of names twice
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


def _with_method(data: bytes, method: int) -> bytes:
    """A zip whose member says that it is packed otherwise."""
    changed = bytearray(data)
    struct.pack_into("<H", changed, data.index(b"PK\x03\x04") + 8, method)
    struct.pack_into("<H", changed, data.index(b"PK\x01\x02") + 10, method)
    return bytes(changed)


def _with_flag(data: bytes, flag: int) -> bytes:
    changed = bytearray(data)
    changed[data.index(b"PK\x03\x04") + 6] |= flag
    changed[data.index(b"PK\x01\x02") + 8] |= flag
    return bytes(changed)


def _tar(mode: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        info = tarfile.TarInfo("events.csv")
        info.size = len(_ONE)
        archive.addfile(info, io.BytesIO(_ONE))
    return file.getvalue()


def _sqlite() -> bytes:
    with sqlite3.connect(":memory:") as database:
        database.execute("create table events (user_id text)")
        return database.serialize()


_STREAMS = [
    *[
        written(f"{name} of {name}", pack(pack(_ONE)), event())
        for name, pack in {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": _zst}.items()
    ],
    *[
        written(f"{name} of two parts", pack(_ONE) + pack(_TWO), *_BOTH)
        for name, pack in {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": _zst}.items()
    ],
    *[
        written(f"{name}, cut short", pack(_LONG)[:-40], refused="damaged or cut short")
        for name, pack in {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": _zst}.items()
    ],
    *[
        written(f"{name}, cut in its first bytes", pack(_LONG)[:9], refused="damaged or cut short")
        for name, pack in {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": _zst}.items()
    ],
    *[
        written(f"{name} with something else behind it", pack(_ONE) + b"something else", refused="damaged or cut short")
        for name, pack in {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": _zst}.items()
    ],
    *[
        written(f"{name} of nothing", pack(b""), refused="is empty")
        for name, pack in {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": _zst}.items()
    ],
    written(
        "gzip with a changed byte",
        (lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:])(gzip.compress(_LONG)),
        refused="damaged or cut short",
    ),
    written("zstd behind a frame to be skipped", b"\x50\x2a\x4d\x18\4\0\0\0abcd" + _zst(_ONE), event()),
    written("gzip of gzip of gzip …", reduce(lambda data, _: gzip.compress(data), range(30), _ONE), refused="20 times"),
    written("gzip of zstd", gzip.compress(_zst(_ONE)), event()),
    written("zstd of gzip", _zst(gzip.compress(_ONE)), event()),
    written(
        "JSON lines in zstd",
        _zst(b'{"event_time": "2019-10-01 00:00:00", "event_type": "view", "product_id": 1, "user_id": 7}\n' * 2),
        *[event(category_id=None, category_code=None, brand=None, price=None, user_session=None)] * 2,
    ),
    written("lz4", b"\x04\x22\x4d\x18" + _ONE, refused="is packed by lz4"),
    written("compress", b"\x1f\x9d\x90" + _ONE, refused="is packed by compress"),
]

_ARCHIVES = [
    written("gzip in zip", _zip(("a.csv.gz", gzip.compress(_ONE))), event()),
    written("zip in zip", _zip(("a.zip", _zip(("a.csv", _ONE)))), refused="has a zip inside"),
    written("zip in gzip", gzip.compress(_zip(("a.csv", _ONE))), refused="has a zip inside"),
    written(
        "zip with folders and a Mac's own files",
        _zip(
            ("data/", b""),
            ("data/a.csv", _ONE),
            ("__MACOSX/data/._a.csv", b"\0\5\x16\7"),
            ("data/.DS_Store", b"\0\0\0\1Bud1"),
        ),
        event(),
    ),
    written("zip with papers", _zip(("a.pdf", b"%PDF-1"), ("a.csv", _ONE), ("b.html", b"<html>")), event()),
    written("zip of papers only", _zip(("a.pdf", b"%PDF-1"), ("b.html", b"<html>")), refused="is a PDF"),
    written("zip of a member above", _zip(("../a.csv", _ONE)), event()),
    written("a part of a split zip", b"PK\x07\x08" + _zip(("a.csv", _ONE)), refused="zip -s 0"),
    written(
        "zip of two dialects",
        _zip(("a.csv", _ONE), ("b.csv", csv(row(user_id="8"), names=_TURNED, delimiter=";").encode("utf-16"))),
        *_BOTH,
    ),
    written(
        "zip with a byte order mark", _zip(("a.csv", b"\xef\xbb\xbf" + _ONE), ("b.csv", b"\xef\xbb\xbf" + _TWO)), *_BOTH
    ),
    written(
        "zip with a damaged table",
        (lambda data: data[:60] + bytes([data[60] ^ 255]) + data[61:])(_zip(("a.csv", _LONG))),
        refused="damaged or cut short",
    ),
    written("zip of many", _zip(*[(f"{n}.csv", _ONE) for n in range(501)]), refused="take in the folder"),
    written("zip of one name twice", _zip(("a.csv", _ONE), ("a.csv", _TWO)), refused="holds a.csv twice"),
    written("zip without a file", _zip(), refused="has no file in it"),
    written("zip of an empty file", _zip(("a.csv", b"")), refused="has no file in it"),
    written("zip of folders only", _zip(("a/", b"")), refused="has no file in it"),
    written("zip with a password", _with_flag(_zip(("a.csv", _ONE)), 1), refused="is encrypted"),
    written("zip with strong encryption", _with_flag(_zip(("a.csv", _ONE)), 0x41), refused="is encrypted"),
    written("zip with patched data", _with_flag(_zip(("a.csv", _ONE)), 0x20), refused="unpack it"),
    written("zip by deflate64", _with_method(_zip(("a.csv", _ONE)), 9), refused="zip method 9"),
    written("zip by zstd", _with_method(_zip(("a.csv", _ONE)), 93), refused="zip method 93"),
    written("zip by bzip2", _zip(("a.csv", _ONE), method=zipfile.ZIP_BZIP2), event()),
    written("zip by lzma", _zip(("a.csv", _ONE), method=zipfile.ZIP_LZMA), event()),
    written("zip, stored", _zip(("a.csv", _ONE), method=zipfile.ZIP_STORED), event()),
    written("zip of a picture only", _zip(("a.png", b"\x89PNG\r\n\x1a\n" + bytes(100))), refused="is not text"),
    written("tar", _tar("w"), refused="is a tar archive"),
    written("tar.gz", _tar("w:gz"), refused="is a tar archive"),
    written("7z", b"7z\xbc\xaf\x27\x1c\0\4" + bytes(100), refused="is a 7z archive"),
    written("rar", b"Rar!\x1a\x07\x01\0" + bytes(100), refused="is a RAR archive"),
]

_NO_TABLES = [
    written("nothing", b"", refused="is empty"),
    written("only blank lines", b"\n\n \n", refused="is empty"),
    written("only a byte order mark", b"\xef\xbb\xbf", refused="is empty"),
    written("old Excel", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), refused="save it as CSV"),
    written("PDF", b"%PDF-1.7\n", refused="is a PDF"),
    written("web page", "<!DOCTYPE html>\n<html>event_time,event_type</html>\n", refused="web page"),
    written("SQLite", _sqlite(), refused="is an SQLite database"),
    written("ORC", b"ORC\x01\x02", refused="is an ORC file"),
    written("Avro", b"Obj\x01\x04", refused="is an Avro file"),
    written("Arrow", b"ARROW1\0\0", refused="is an Arrow file"),
    written("Feather of old", b"FEA1\0\0", refused="is an Arrow file"),
    written("encrypted Parquet", b"PARE" + bytes(50) + b"PARE", refused="is an encrypted Parquet file"),
    written("Git LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", refused="git lfs pull"),
    written("HDF5", b"\x89HDF\r\n\x1a\n" + bytes(50), refused="is an HDF5 file"),
    written("a pickle", b"\x80\x04\x95" + bytes(50), refused="is a pickle"),
    written("Hadoop's checksum", b"crc\0\0\0\2\0abcd", refused="is Hadoop's checksum"),
    written("a picture", b"\x89PNG\r\n\x1a\n" + bytes(100), refused="is not text"),
    written("noise", bytes(range(256)) * 40, refused="is not text"),
    written("prose", "Dear reader,\nthis is no table.\n", refused="has no column"),
]


def _named(name: str) -> Case:
    return written(f"a file named {name[:40]!r}", _ONE, event(), file=name)


def _refused_as_named(name: str) -> Case:
    return written(f"no table, named {name[:40]!r}", b"x,y\n1,2\n", refused="has no column", file=name)


def _special(name: str, make: Callable[[Path], object], refused: str) -> Case:
    """Something that is no file of one's own."""

    def made(folder: Path) -> Path:
        make(folder / "events.csv")
        return folder / "events.csv"

    return Case(name, made, refused=refused)


_NAMED = [
    *map(
        _named,
        [
            "a[1].csv",
            "a{b,c}.csv",
            "a\\b.csv",
            "a*.csv",
            "a?.csv",
            "a#b.csv",
            "a%20b.csv",
            "a:b.csv",
            "a b .csv",
            "_a.csv",
            ".a.csv",
            "a\nb.csv",
            "日本 é.csv",
            "x" * 200 + ".csv",
            "a.csv.gz",
            "a.parquet",
            "-a.csv",
            "a'b\".csv",
            "date=1.csv",
        ],
    ),
    *map(_refused_as_named, ["a\nb.csv", "a\x1b[31m.csv"]),
    _special("a folder", lambda path: path.mkdir(), "can't be read"),
    _special("no file", lambda path: None, "no such file"),
    _special("a pipe", lambda path: os.mkfifo(path), "is no file"),
    _special("a device", lambda path: path.symlink_to("/dev/zero"), "is no file"),
    _special("a link to nothing", lambda path: path.symlink_to("nowhere"), "no such file"),
    _special("a link to itself", lambda path: path.symlink_to(path), "can't be read"),
]

CASES = [*_STREAMS, *_ARCHIVES, *_NO_TABLES, *_NAMED]
