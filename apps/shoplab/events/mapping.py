"""How a source file's columns, words and times become the lab's: a YAML file, or a map that ships with the package."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from shoplab.core.errors import LabError
from shoplab.core.schemas import SOURCE_COLUMNS
from shoplab.core.vocabulary import NAMES

MAPS = files("shoplab.events") / "maps"  # also where the package is a zip file, as spark-submit ships it
NUMBER_ID = r"^(\d+)\.0$"
REQUIRED_COLUMNS = ("event_time", "event_type", "product_id", "user_id")


class Origin(NamedTuple):
    """Where one of our columns comes from in a file: a constant, or a column of the file, or nowhere (both None).
    number_id: 13085.0 there is 13085 here.
    """

    constant: str | None
    column: str | None
    number_id: bool


@dataclass(frozen=True)
class Mapping:
    """columns: ours -> theirs, or several of theirs, of which the first that a file has is taken (not named: the same
    name). constants: ours -> one value for all rows. event_types: their words -> ours. time_format: None or "iso",
    "unix", "unix_ms" or a Spark datetime pattern; of several, the first that fits a row. header: whether the first line
    names the columns, None to find out. names: the columns of a file without header. number_ids: our id columns that
    some editions of the file have as numbers with gaps: 13085.0 is 13085."""

    columns: dict[str, str | list[str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    event_types: dict[str, str] = field(default_factory=dict)
    time_format: str | list[str] | None = None
    header: bool | None = None
    names: list[str] = field(default_factory=list)
    delimiter: str = ","
    number_ids: list[str] = field(default_factory=list)

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
            return Origin(self.constants[column], None, False)
        theirs = self.source_of(column, names)
        return Origin(None, theirs if theirs in names else None, column in self.number_ids)

    def source_of(self, column: str, names: Sequence[str] = ()) -> str:
        """The source's name for one of our columns, in a file with these names."""
        theirs = self.columns.get(column, column)
        known = [theirs] if isinstance(theirs, str) else theirs
        return next((name for name in known if name in names), known[0])

    def gives(self, column: str, names: list[str]) -> bool:
        """Whether a file with these names has anything for one of our columns."""
        return column in self.constants or self.source_of(column, names) in names

    def missing_from(self, names: list[str]) -> list[str]:
        """Required columns that a file with these names can't give."""
        return [column for column in REQUIRED_COLUMNS if not self.gives(column, names)]


def load_mapping(name_or_file: str | None) -> Mapping:
    """A map by name or YAML file; the REES46 map for None. LabError names what is wrong in it."""
    name = name_or_file or "rees46"
    path: Traversable | Path = MAPS / f"{name}.yaml"
    if not path.is_file():
        path = Path(name)
    if not path.is_file():
        known = ", ".join(sorted(entry.name.removesuffix(".yaml") for entry in MAPS.iterdir()))
        raise LabError(f"no map {name!r}: give a YAML file, or one of {known}")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LabError(f"{path} is not YAML: {str(error).splitlines()[0]}") from None
    return _checked(content, path)


def _checked(content: Any, path: Traversable | Path) -> Mapping:
    known = {f.name: f.type for f in fields(Mapping)}
    if not isinstance(content, dict) or not content.keys() <= known.keys():
        raise LabError(f"{path}: a map has the keys {', '.join(known)}")
    for key, value in content.items():
        if not _fits(value, str(known[key])):
            raise LabError(f"{path}: {key} has value {value!r}; see apps/shoplab/events/maps for examples")
    for key in ("columns", "constants", "number_ids"):
        for column in content.get(key, ()):
            if column not in SOURCE_COLUMNS:
                raise LabError(f"{path}: {key} has {column!r}, but the lab's columns are {', '.join(SOURCE_COLUMNS)}")
    for word in content.get("event_types", {}).values():
        if word not in NAMES:
            raise LabError(f"{path}: event type {word!r} is none of {', '.join(NAMES)}")
    return Mapping(**{key: _as_text(value) for key, value in content.items()})


def _fits(value: Any, wanted: str) -> bool:
    """Whether a map's value is what its key's annotation says; what stands inside it may be any single value."""
    if isinstance(value, dict):
        return wanted.startswith("dict") and all(_fits_inside(inner, wanted) for inner in value.values())
    if isinstance(value, list):
        return "list" in wanted and not wanted.startswith("dict") and all(_fits_inside(inner, "") for inner in value)
    return not wanted.startswith(("dict", "list")) and isinstance(value, str | bool | None)


def _fits_inside(value: Any, wanted: str) -> bool:
    if isinstance(value, list):
        return "list" in wanted and bool(value) and all(_fits_inside(inner, "") for inner in value)
    return not isinstance(value, dict)


def _as_text(value: Any) -> Any:
    """The same with everything inside as text; a single value stays."""
    if isinstance(value, dict):
        return {str(key): _as_text(inner) if isinstance(inner, list) else str(inner) for key, inner in value.items()}
    return [str(inner) for inner in value] if isinstance(value, list) else value
