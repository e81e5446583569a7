"""What the spool, the API and models use of `shoplab.core.storage.Storage`, in memory: tests can take HDFS away."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from shoplab.core.errors import ServiceError


@dataclass
class MemoryHdfs:
    files: dict[str, bytes] = field(default_factory=dict)
    away: bool = False

    def _check(self) -> None:
        if self.away:
            raise ServiceError("HDFS does not answer at http://127.0.0.1:9; start the lab: ./lab up --embedded")

    def exists(self, path: str) -> bool:
        self._check()
        return path in self.files

    def names(self, path: str) -> list[str]:
        return sorted({name.removeprefix(f"{path}/").split("/")[0] for name in self.walk(path)})

    def walk(self, path: str) -> list[str]:
        self._check()
        return sorted(name for name in self.files if name.startswith(f"{path}/"))

    def read(self, path: str) -> bytes:
        self._check()
        return self.files[path]

    def read_json(self, path: str) -> Any:
        return orjson.loads(self.read(path))

    def write(self, path: str, data: bytes) -> None:
        self._check()
        self.files[path] = data

    def write_json(self, path: str, value: Any) -> None:
        self.write(path, orjson.dumps(value))

    def move(self, source: str, target: str) -> None:
        for name in self.walk(source):
            self.files[target + name.removeprefix(source)] = self.files.pop(name)

    def delete(self, path: str) -> None:
        self._check()
        for name in [path, *self.walk(path)]:
            self.files.pop(name, None)
