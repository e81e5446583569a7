"""A map's YAML, read so that values stay as they were written: 007, yes, 1:30 and 2019-10-01 are text there."""

import re
from typing import Any

import yaml

from shoplab.core.errors import LabError

_KEPT = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")
_YES_NO = "tag:yaml.org,2002:bool"
_HALF = re.compile("[\ud800-\udfff]")


class _AsWritten(yaml.SafeLoader):
    """Only null, true and false are no text; a key may stand once."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen and key.value != "<<":
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found

    def construct_scalar(self, node: Any) -> Any:
        value = super().construct_scalar(node)
        if isinstance(value, str) and _HALF.search(value):
            raise yaml.constructor.ConstructorError(None, None, "half a character in a text", node.start_mark)
        return value


_AsWritten.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in forms if tag in _KEPT]
    for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_AsWritten.add_implicit_resolver(_YES_NO, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def read_yaml(text: str, what: str) -> Any:
    """LabError names what is wrong, and where."""
    try:
        return yaml.load(text, _AsWritten)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        words = str(error.problem).replace("tag:yaml.org,2002:", "!!")
        raise LabError(f"{what} is not YAML: {line}{words}") from None
    except yaml.YAMLError as error:
        raise LabError(f"{what} is not YAML: {str(error).splitlines()[0]}") from None
    except (RecursionError, ValueError):
        raise LabError(f"{what} is not YAML that a map can be: lists in lists, or a value of no kind") from None
