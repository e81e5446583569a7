"""Storage's interface on the local disk: a model's files without a running lab."""

from pathlib import Path
from typing import Any

import orjson

from shoplab.core.storage import Storage


class LocalStorage(Storage):
    """The part of Storage that models use; paths are local."""

    def __init__(self) -> None:
        pass

    def read(self, path: str) -> bytes:
        return Path(path).read_bytes()

    def write(self, path: str, data: bytes) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(data)

    def read_json(self, path: str) -> Any:
        return orjson.loads(self.read(path))

    def write_json(self, path: str, value: Any) -> None:
        self.write(path, orjson.dumps(value))
