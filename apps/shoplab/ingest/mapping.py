"""How a source file's columns, words and times become the lab's: a YAML file, or a map that ships with the package."""

from dataclasses import dataclass, field, fields
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from shoplab.errors import LabError
from shoplab.schemas import EVENT_TYPES, RAW_COLUMNS

MAPS = files("shoplab.ingest") / "maps"  # also where the package is a zip file, as spark-submit ships it
REQUIRED_COLUMNS = ("event_time", "event_type", "product_id", "user_id")


@dataclass(frozen=True)
class Mapping:
    """columns: ours -> theirs (not named: the same name). constants: ours -> one value for all rows.
    event_types: their words -> ours. time_format: None (ISO-like), "unix", "unix_ms" or a Spark datetime pattern.
    header: whether the first line names the columns, None to find out. names: the columns of a file without header."""

    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    event_types: dict[str, str] = field(default_factory=dict)
    time_format: str | None = None
    header: bool | None = None
    names: list[str] = field(default_factory=list)
    delimiter: str = ","

    def source_of(self, column: str) -> str:
        """The source file's name for one of our columns."""
        return self.columns.get(column, column)

    def gives(self, column: str, names: list[str]) -> bool:
        """Whether a file with these names has anything for one of our columns."""
        return column in self.constants or self.source_of(column) in names

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
        wanted = dict if "dict" in str(known[key]) else list if "list" in str(known[key]) else (str, bool, type(None))
        if not isinstance(value, wanted):
            raise LabError(f"{path}: {key} has value {value!r}; see apps/shoplab/ingest/maps for examples")
    for key in ("columns", "constants"):
        for column in content.get(key, {}):
            if column not in RAW_COLUMNS:
                raise LabError(f"{path}: {key} has {column!r}, but the lab's columns are {', '.join(RAW_COLUMNS)}")
    for word in content.get("event_types", {}).values():
        if word not in EVENT_TYPES:
            raise LabError(f"{path}: event type {word!r} is none of {', '.join(EVENT_TYPES)}")
    texts = {
        key: {str(k): str(v) for k, v in value.items()} for key, value in content.items() if isinstance(value, dict)
    }
    return Mapping(**content | texts)
