"""The first megabyte of a text file -> how its lines are to be read."""

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from shoplab.core.errors import LabError
from shoplab.events.containers import document
from shoplab.events.json_lines import keys_of
from shoplab.events.mapping import Mapping
from shoplab.events.texts import trimmed

DELIMITERS = ",\t;|"
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d")
BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_TOLD = re.compile(r"sep=([^\w\s]|\t)(?:\r\n|\n|\r)")  # by spreadsheets, in a line above all others
_LIST = re.compile(r"\[\s*(?![A-Za-z_]|$)|\[\s*$")  # not TOML's [part]
_NUMBERED = ("product_id", "user_id", "category_id")
_FRACTION = re.compile(r"\s*\d+[.,]\d*[1-9]\d*\s*\Z")
_STRANGE = re.compile("[\0-\x08]")
_LOOKED_AT = 1000  # lines
_FIRST_OVER = 20  # lines that the first record may run over
csv.field_size_limit(16 << 20)  # characters of a value; Python's own limit, 131,072, ends a file half way


@dataclass(frozen=True)
class Dialect:
    """names: the columns in the file's order. header: whether the first line names them. json: a JSON object a line,
    names then are the keys of the first ones. bom: bytes to leave out at the start. returns: lines end in carriage
    returns, as on old Macs. above: lines among what is left out.
    """

    names: tuple[str, ...]
    header: bool
    delimiter: str = ","
    escape: str | None = None
    encoding: str = "utf-8"
    bom: int = 0
    json: bool = False
    returns: bool = False
    above: int = 0

    def words(self) -> str:
        """What a user may want to know of it, "" where it is the usual."""
        said = []
        if self.json:
            said.append("a JSON object a line")
        elif self.delimiter != ",":
            said.append("columns parted by " + {"\t": "tabs"}.get(self.delimiter, f'"{self.delimiter}"'))
        if self.escape:
            said.append(f'quotes escaped by "{self.escape}"')
        if self.encoding != "utf-8":
            said.append(f"text in {self.encoding}")
        return ", ".join(said)

    def lines(self, start: bytes) -> list[str]:
        """The first lines of a stream that starts so, without those that are blank."""
        text = codecs.getincrementaldecoder(self.encoding)("replace").decode(start[self.bom :])
        lines = text.replace("\r\n", "\n").split("\r" if self.returns else "\n")
        return [line for line in lines if line.strip()][:_LOOKED_AT]

    def as_utf8(self, stream: BinaryIO, what: str) -> BinaryIO:
        """The stream behind its byte order mark, as UTF-8. LabError, when read, at bytes that are not its encoding."""
        stream.read(self.bom)
        if self.encoding == "utf-8" and not self.returns:
            return stream
        return cast(BinaryIO, Transcoded(stream, self.encoding, what, self.returns))


class Transcoded:
    """A stream of another encoding, or with lines that end otherwise, read as UTF-8."""

    def __init__(self, stream: BinaryIO, encoding: str, what: str, returns: bool) -> None:
        self.stream, self.encoding, self.what, self.returns = stream, encoding, what, returns
        self.decoder = codecs.getincrementaldecoder(encoding)()

    def read(self, size: int) -> bytes:
        """At least a byte, until the end."""
        text = ""
        while not text:
            data = self.stream.read(size)
            try:
                text = self.decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                byte = f"0x{error.object[error.start]:02x}" if data else "the end"
                raise LabError(
                    f"{self.what} is not in {self.encoding} (at {byte}); name another with encoding: in a map"
                ) from None
            if not data:
                break
        return (text.replace("\r", "\n") if self.returns else text).encode(errors="surrogatepass")

    def __iter__(self) -> Iterator[bytes]:
        rest = b""
        while chunk := self.read(1 << 20):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
        if rest:
            yield rest


def read_dialect(what: str, start: bytes, mapping: Mapping) -> Dialect:
    """LabError where it is no text, or its columns can't be known."""
    if words := document(start):
        raise LabError(f"{what} {words}")
    encoding, bom = _encoding(start, mapping)
    text = _decoded(what, start[bom:], encoding)
    strange = [char for char in _STRANGE.findall(text[:65536]) if char != mapping.delimiter]
    if len(strange) * 100 > len(text[:65536]):
        if set(strange) == {"\x01"}:
            raise LabError(f'{what} has \\x01 between its values, as Hive writes them: say delimiter: "\\x01" in a map')
        raise LabError(f"{what} is not text; CSV, JSON lines and Parquet are read, also packed")
    told = _TOLD.match(text)
    how = Dialect((), False, told[1] if told else "", encoding=encoding, returns="\r" in text and "\n" not in text,
                  bom=bom + len(told[0].encode(encoding)) if told else bom, above=1 if told else 0)  # fmt: skip
    lines = how.lines(start)
    if not lines:
        raise LabError(f"{what} is empty")
    if lines[0].lstrip().startswith("{"):
        return replace(how, names=keys_of(what, lines, mapping), json=True)
    if _LIST.match(lines[0].lstrip()):
        raise LabError(f"{what} is one JSON list; write one event a line, such as with: jq -c '.[]' FILE")
    return _columns(what, lines, mapping, how)


def _decoded(what: str, start: bytes, encoding: str) -> str:
    try:
        return codecs.getincrementaldecoder(encoding)("replace").decode(start)
    except UnicodeError as error:  # of codecs that need a mark
        raise LabError(f"{what} is not in {encoding} ({error}); name another with encoding: in a map") from None


def _columns(what: str, lines: Sequence[str], mapping: Mapping, how: Dialect) -> Dialect:
    delimiter = mapping.delimiter or how.delimiter or _delimiter(lines, mapping)
    escape = mapping.escape or _escape(lines, delimiter)
    first = _first(lines, delimiter, escape)
    names = tuple(map(trimmed, first))
    if mapping.header is False or (mapping.header is None and _looks_like_event(names, mapping)):
        if len(first) != len(mapping.names):
            raise LabError(
                f"{what} has {len(first)} columns and no header, {len(mapping.names)} are expected"
                f" ({', '.join(mapping.names)}); name them with --map FILE.yaml"
            )
        bare = replace(how, names=tuple(mapping.names), delimiter=delimiter, escape=escape)
        _refuse_exchanged(what, lines, mapping, bare)
        return bare
    if len(lines) == 1 and any(map(_TIME.search, names)) and not mapping.missing_from(list(names)):
        raise LabError(f"{what} has names and rows in one line; write it with line ends of Unix, Windows or old Macs")
    return replace(how, names=names, header=True, delimiter=delimiter, escape=escape)


def _refuse_exchanged(what: str, lines: Sequence[str], mapping: Mapping, how: Dialect) -> None:
    """Without a header nothing else tells that ids and prices stand in each other's place: both are numbers."""
    rows = [split_line(line, how.delimiter, how.escape) or [] for line in lines]

    def parts(column: str) -> bool:
        """Whether most of a column's values have a fraction."""
        place = how.names.index(column)
        return sum(bool(_FRACTION.match(row[place])) for row in rows if len(row) > place) * 2 > len(rows)

    origins = mapping.origins(how.names)
    ids = [name for ours in _NUMBERED if (name := origins[ours].column) and parts(name)]
    price = origins["price"].column
    if ids and price and not parts(price):
        raise LabError(
            f"{what} has no header, and its {ids[0]} looks like a price, its {price} like an id; name its columns, in"
            " their order, with --map FILE.yaml"
        )


def split_line(line: str, delimiter: str, escape: str | None) -> list[str] | None:
    """A line's values, None where a quote is open at its end or stands where none can."""
    if '"' not in line and not (escape and escape in line):
        return line.split(delimiter)
    if escape:
        line = _as_written(line, delimiter, escape)
    reader = csv.reader([line], delimiter=delimiter, escapechar=escape, doublequote=escape is None, strict=True)
    try:
        rows = list(reader)
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _as_written(line: str, delimiter: str, escape: str) -> str:
    """With every escape doubled that has nothing to escape: it stands for itself."""
    sign = re.escape(escape)
    return re.sub(rf'{sign}([{sign}"{re.escape(delimiter)}])?', lambda m: m[0] if m[1] else escape * 2, line)


def _first(lines: Sequence[str], delimiter: str, escape: str | None) -> list[str]:
    """The values of the first record, which may run over several lines."""
    found = (split_line("\n".join(lines[:span]), delimiter, escape) for span in range(1, _FIRST_OVER))
    return next((values for values in found if values), [lines[0]])


def _encoding(start: bytes, mapping: Mapping) -> tuple[str, int]:
    for bom, name in BOMS.items():
        if start.startswith(bom):
            marks = len(start) - len(start.removeprefix(bom * 2)) or len(bom)
            return name, marks
    return _by_zeros(start[:4096]) if mapping.encoding == "utf-8" else mapping.encoding, 0


def _by_zeros(start: bytes) -> str:
    """UTF-16 without a mark has a zero in most of its characters, always in the same half."""
    first, second = start[::2].count(0), start[1::2].count(0)
    if max(first, second) * 5 < len(start) or min(first, second) * 10 > max(first, second):
        return "utf-8"
    return "utf-16-le" if second > first else "utf-16-be"


def _escape(lines: Sequence[str], delimiter: str) -> str | None:
    r"""Whether quotes in a quoted text are written \" (Spark's own way) instead of twice: more lines can be read so."""
    doubtful = [line for line in lines if '\\"' in line]
    size = len(_first(lines, delimiter, None))
    readable = {escape: sum(len(split_line(line, delimiter, escape) or ()) == size for line in doubtful)
                for escape in (None, "\\")}  # fmt: skip
    return "\\" if readable["\\"] > readable[None] else None


def _delimiter(lines: Sequence[str], mapping: Mapping) -> str:
    """The one by which the first line has the columns needed; else by which it has most."""
    found = {delimiter: _first(lines, delimiter, None) for delimiter in DELIMITERS}
    for delimiter, values in found.items():
        if not mapping.missing_from(list(map(trimmed, values))):
            return delimiter
    return max(found, key=lambda delimiter: len(found[delimiter]))


def _looks_like_event(first: Sequence[str], mapping: Mapping) -> bool:
    return bool(mapping.names) and any(_TIME.match(value) for value in first)
