"""How a source file's columns, words and times become the lab's: a YAML file, or a map that ships with the package."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from reprlib import repr as shortened
from typing import Any, NamedTuple

from shoplab.core.errors import LabError
from shoplab.core.schemas import SOURCE_COLUMNS
from shoplab.core.vocabulary import NAMES
from shoplab.events.map_yaml import read_yaml
from shoplab.events.times import not_in_patterns

REES46 = "rees46"
MAPS = files("shoplab.events") / "maps"  # also where the package is a zip file, as spark-submit ships it
_NO_FILES = ("idna", "punycode", "unicode-escape", "raw-unicode-escape")  # encodings of names and of programs
REQUIRED_COLUMNS = ("event_time", "event_type", "product_id", "user_id")


class Origin(NamedTuple):
    """Where one of our columns comes from in a file: a constant, or a column of the file, or nowhere (both None)."""

    constant: str | None
    column: str | None


@dataclass(frozen=True)
class Mapping:
    """columns: ours -> theirs, or several of theirs, of which the first that a file has is taken (not named: the same
    name). constants: ours -> one value for all rows. event_types: their words -> ours. time_format: None or "iso",
    "unix", "unix_ms" or a Spark datetime pattern; of several, the first that fits a row. header: whether the first line
    names the columns, None to find out. names: the columns of a file without header. delimiter: one character between
    values, None to find out. escape: what stands before a quote inside quotes, None where it is written twice, or to
    find out. encoding: of a text that is not UTF-8. decimal: what stands before a price's cents. each: in JSON lines
    the name of a list that holds the line's events; what stands beside it is true of all of them."""

    columns: dict[str, str | list[str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    event_types: dict[str, str] = field(default_factory=dict)
    time_format: str | list[str] | None = None
    header: bool | None = None
    names: list[str] = field(default_factory=list)
    delimiter: str | None = None
    escape: str | None = None
    encoding: str = "utf-8"
    decimal: str = "."
    each: str | None = None

    @property
    def time_formats(self) -> list[str]:
        """How times may be written, to be tried in this order."""
        return [self.time_format] if isinstance(self.time_format, str) else self.time_format or ["iso"]

    @property
    def words(self) -> dict[str, str]:
        """A word for an event type, in small letters -> ours; our own words always stand for themselves."""
        return {name: name for name in NAMES} | {theirs.lower(): ours for theirs, ours in self.event_types.items()}

    def origins(self, names: Sequence[str]) -> dict[str, Origin]:
        """Each of SOURCE_COLUMNS -> where it comes from in a file with these names."""
        return {column: self._origin(column, names) for column in SOURCE_COLUMNS}

    def _origin(self, column: str, names: Sequence[str]) -> Origin:
        if column in self.constants:
            return Origin(self.constants[column], None)
        theirs = self.source_of(column, names)
        return Origin(None, theirs if theirs in names else None)

    def source_of(self, column: str, names: Sequence[str] = ()) -> str:
        """The source's name for one of our columns, in a file with these names; in other letters, large or small, where
        it has none in these."""
        known = self.known(column)
        alike = {name.casefold(): name for name in reversed(names)}
        exact = [name for name in known if name in names]
        return next(iter(exact), None) or next(filter(None, (alike.get(name.casefold()) for name in known)), known[0])

    def known(self, column: str) -> list[str]:
        """The names that one of our columns may have."""
        theirs = self.columns.get(column, column)
        return [theirs] if isinstance(theirs, str) else theirs

    def twice(self, names: Sequence[str]) -> list[str]:
        """Columns of a file with these names that are needed and may be either of two."""
        needed = {ours: origin.column for ours, origin in self.origins(names).items() if origin.column}
        alike = [name.casefold() for name in names]
        return sorted(
            {name for ours, name in needed.items()
             if names.count(name) > 1 or (name not in self.known(ours) and alike.count(name.casefold()) > 1)}
        )  # fmt: skip

    def gives(self, column: str, names: list[str]) -> bool:
        """Whether a file with these names has anything for one of our columns."""
        return column in self.constants or self.source_of(column, names) in names

    def missing_from(self, names: list[str]) -> list[str]:
        """Required columns that a file with these names can't give."""
        return [column for column in REQUIRED_COLUMNS if not self.gives(column, names)]


def shipped() -> list[str]:
    """Names of the maps that ship with the package, the lab's own first."""
    names = {entry.name.removesuffix(".yaml") for entry in MAPS.iterdir() if entry.name.endswith(".yaml")}
    return [REES46, *sorted(names - {REES46})]


def given(name: str | None) -> Mapping | None:
    """The map that a user named; None, to be guessed, where none was."""
    return load_mapping(name) if name else None


def load_mapping(name: str) -> Mapping:
    """A map by name or YAML file. LabError names what is wrong in it."""
    path: Traversable | Path = MAPS / f"{name}.yaml" if name in shipped() else Path(name)
    try:
        if not path.is_file():
            raise LabError(f"no map {name!r}: give a YAML file, or one of {', '.join(shipped())}")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabError(f"{path} is not YAML: byte 0x{error.object[error.start]:02x} is no UTF-8; save it so") from None
    except OSError as error:
        raise LabError(f"{path} can't be read: {error.strerror}") from None
    return _checked(read_yaml(text, str(path)), path)


def _checked(content: Any, path: Traversable | Path) -> Mapping:
    known = {f.name: f.type for f in fields(Mapping)}
    if not isinstance(content, dict) or not content.keys() <= known.keys():
        others = ", ".join(str(key)[:40] for key in content if key not in known) if isinstance(content, dict) else ""
        raise LabError(f"{path}: a map has the keys {', '.join(known)}{f', not {others}' if others else ''}")
    for key, value in content.items():
        if not _fits(value, str(known[key])):
            raise LabError(f"{path}: {key} has value {shortened(value)}; see apps/shoplab/events/maps for examples")
    for key in ("columns", "constants"):
        for column in content.get(key, ()):
            if column not in SOURCE_COLUMNS:
                raise LabError(f"{path}: {key} has {column!r}, but the lab's columns are {', '.join(SOURCE_COLUMNS)}")
    _check_text_keys(content, path)
    _check_words(content.get("event_types", {}), path)
    return Mapping(**{key: _as_text(value) for key, value in content.items()})


def _check_words(event_types: dict[str, Any], path: Traversable | Path) -> None:
    meant: dict[str, Any] = {}
    for theirs, ours in event_types.items():
        if ours not in NAMES:
            raise LabError(f"{path}: event type {ours!r} is none of {', '.join(NAMES)}")
        if meant.setdefault(str(theirs).lower(), ours) != ours:
            raise LabError(f"{path}: event_types has {theirs!r} twice, in large and small letters")


def _check_text_keys(content: dict[str, Any], path: Traversable | Path) -> None:
    for key in ("delimiter", "escape"):
        sign = content.get(key, "|")
        if not isinstance(sign, str) or len(sign) != 1:
            raise LabError(f"{path}: {key} must be one character, not {sign!r}")
        if sign in '"\r\n' or sign.isalnum():
            raise LabError(f"{path}: {key} can't be {sign!r}, which stands in values or around them")
    if content.get("decimal", ".") not in (".", ","):
        raise LabError(f'{path}: decimal must be "." or ",", not {content["decimal"]!r}')
    if not _is_of_text(str(content.get("encoding", "utf-8"))):
        raise LabError(
            f"{path}: encoding {content['encoding']!r} is not known; examples: utf-8, latin-1, cp1252, utf-16"
        )
    if not isinstance(content.get("header"), bool | None):
        raise LabError(f"{path}: header has value {content['header']!r}; it is true or false")
    _check_times(content.get("time_format"), path)


def _check_times(formats: str | list[Any] | None, path: Traversable | Path) -> None:
    for text in [formats] if isinstance(formats, str) else formats or []:
        wrong = "" if text in ("iso", "unix", "unix_ms") else not_in_patterns(str(text))
        if wrong or not str(text).strip():
            raise LabError(
                f"{path}: time_format is no pattern of Spark's: {text!r}{f' has {wrong!r}' if wrong else ''}; example:"
                " yyyy-MM-dd HH:mm:ss"
            )


def _is_of_text(encoding: str) -> bool:
    """Whether bytes in it are text, read bit by bit; of Python's own codecs not all are."""
    try:
        if codecs.lookup(encoding).name in _NO_FILES:
            return False
        return isinstance(codecs.getincrementaldecoder(encoding)().decode(b"", final=True), str)
    except (LookupError, ValueError, TypeError):
        return False


def _fits(value: Any, wanted: str) -> bool:
    """Whether a map's value is what its key's annotation says; what stands inside it may be any single value."""
    if isinstance(value, dict):
        return wanted.startswith("dict") and all(_fits_inside(inner, wanted) for inner in value.values())
    if isinstance(value, list):
        return "list" in wanted and not wanted.startswith("dict") and all(_fits_inside(inner, "") for inner in value)
    if isinstance(value, bool):
        return "bool" in wanted
    return not wanted.startswith(("dict", "list")) and isinstance(value, str | None)


def _fits_inside(value: Any, wanted: str) -> bool:
    if isinstance(value, list):
        return "list" in wanted and bool(value) and all(_fits_inside(inner, "") for inner in value)
    return isinstance(value, str | bool)


def _as_text(value: Any) -> Any:
    """The same with everything inside as text; a single value stays."""
    if isinstance(value, dict):
        return {
            _word(key): _as_text(inner) if isinstance(inner, list) else _word(inner) for key, inner in value.items()
        }
    return [_word(inner) for inner in value] if isinstance(value, list) else value


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
