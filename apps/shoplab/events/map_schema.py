"""What a map may say, for editors that complete and check YAML by a JSON schema."""

from typing import Any

from shoplab.core.schemas import SOURCE_COLUMNS
from shoplab.core.vocabulary import NAMES

_TEXT = {"type": "string"}
_VALUE = {"type": ["string", "number", "boolean"]}
_VALUES = {"type": "array", "items": _VALUE, "minItems": 1}
_CHARACTER = {"type": "string", "minLength": 1, "maxLength": 1}


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of a map's YAML: a property for each field of `mapping.Mapping`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A map: how a shop's columns, words and times become the lab's",
        "type": "object",
        "additionalProperties": False,
        "properties": _properties(),
    }


def _properties() -> dict[str, Any]:
    columns = {"type": "object", "propertyNames": {"enum": list(SOURCE_COLUMNS)}}
    formats = [_TEXT, {"type": "array", "items": _TEXT}]
    return {
        "columns": columns | {"additionalProperties": {"anyOf": [_VALUE, _VALUES]}}
        | _says("The lab's column: the file's, or several of which the first that a file has is taken."),
        "constants": columns | {"additionalProperties": _VALUE} | _says("The lab's column: one value for all rows."),
        "event_types": {"type": "object", "additionalProperties": {"enum": list(NAMES)}}
        | _says("The file's word: the lab's event type."),
        "time_format": {"anyOf": formats}
        | _says("iso, unix, unix_ms or a datetime pattern of Spark's; of several, the first that fits a row."),
        "header": {"type": "boolean"} | _says("Whether the first line names the columns; left out: found out."),
        "names": {"type": "array", "items": _VALUE} | _says("The columns of a file without a header, in its order."),
        "delimiter": _CHARACTER | _says("What stands between values; left out: found out."),
        "escape": _CHARACTER | _says("What stands before a quote inside quotes, where it is not written twice."),
        "encoding": _TEXT | _says("Of a text that is not UTF-8, such as latin-1 or cp1252."),
        "decimal": {"enum": [".", ","]} | _says("What stands before a price's cents."),
        "each": _TEXT | _says("In JSON lines: the name of a list that holds a line's events."),
    }  # fmt: skip


def _says(words: str) -> dict[str, str]:
    return {"description": words}
