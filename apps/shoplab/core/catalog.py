"""Dataset -> path on HDFS; versions, written whole before the pointer moves."""

import datetime as dt
import io
import uuid
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from shoplab.core.errors import LabError
from shoplab.core.holders import Holders
from shoplab.core.settings import Settings
from shoplab.core.storage import Storage
from shoplab.core.switch import Part, Switches, looked

if TYPE_CHECKING:
    import pandas as pd

_Job = TypeVar("_Job", bound=Callable[..., Any])
DATASETS = {
    "raw": "raw/events",
    "rejected": "raw/rejected",
    "events": "processed/events",
    "sessions": "processed/sessions",
    "users": "processed/users",
    "habits": "processed/habits",
    "segments": "processed/segments",
    "value": "processed/value",
    "live": "processed/live",
    "analysis": "processed/analysis",
    "models": "models",
    "temp": "temp",
}
_EMPTY_HINT = {
    "events": "./lab ingest FILE",
    "sessions": "./lab analyse",
    "users": "./lab analyse",
    "habits": "./lab analyse",
    "analysis": "./lab analyse",
    "segments": "./lab segment",
    "value": "./lab segment",
    "live": "./lab stream",
    "models/segments": "./lab segment",
    "models/recommender": "./lab train",
}


def version_of(folder: str) -> str:
    """Of a version's directory, such as `Catalog.current` gives."""
    return folder.rsplit("=", 1)[-1]


class Catalog:
    """The lab's datasets: where they lie, which versions there are, and small tables. By Spark: core.frames."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.storage = Storage(settings)
        self.holders = Holders(self.storage, self.path("temp"))

    def path(self, dataset: str, *parts: str) -> str:
        """Absolute path of a dataset, or of a place below it."""
        head, *rest = dataset.split("/")
        return "/".join([self.settings.data_root, DATASETS[head], *rest, *parts])

    def uri(self, dataset: str, *parts: str) -> str:
        """The same with the file system's address, for Spark."""
        return self.settings.hdfs + self.path(dataset, *parts)

    def temp(self, purpose: str) -> str:
        """A fresh path below /data/temp."""
        return self.path("temp", f"{purpose}-{uuid.uuid4().hex[:12]}")

    @property
    def demo_marker(self) -> str:
        """A file that says: what is here was made by the demo, and the next demo may clear it away."""
        return f"{self.settings.data_root}/DEMO"

    def claim(self) -> None:
        """From now on somebody's own data is here, and no demo clears it away."""
        self.storage.delete(self.demo_marker)

    # Tables

    def has(self, dataset: str) -> bool:
        return bool(self.storage.names(self.path(dataset)))

    def need(self, dataset: str) -> None:
        """LabError with the command that makes the dataset, where it is empty."""
        if not self.has(dataset):
            hint = _EMPTY_HINT.get(dataset, _EMPTY_HINT[dataset.split("/")[0]])
            raise LabError(f"no {dataset} on HDFS yet; first: {hint}")

    def partitions(self, dataset: str) -> list[str]:
        """Values of a dataset's only partition column, sorted: ["2019-10", "2019-11"]."""
        return [name.split("=", 1)[1] for name in self.storage.names(self.path(dataset)) if "=" in name]

    def table(self, dataset: str, *parts: str, columns: Sequence[str] | None = None) -> "pd.DataFrame":
        """A small table, or some columns of it, as a pandas frame, read without Spark."""
        import pandas as pd

        self.need(dataset)
        wanted = None if columns is None else list(columns)

        def read(now: Switches) -> "list[pd.DataFrame]":
            files = self._files(now, dataset, *parts)
            return [pd.read_parquet(io.BytesIO(self.storage.read(path)), columns=wanted) for path in files]

        return pd.concat(looked(self.storage, self.path(dataset), read), ignore_index=True)

    def files(self, dataset: str, *parts: str) -> list[str]:
        """Paths of the Parquet files that a table, or the part of it below `parts`, has now, sorted."""
        return looked(self.storage, self.path(dataset), lambda now: self._files(now, dataset, *parts))

    def _files(self, now: Switches, dataset: str, *parts: str) -> list[str]:
        table = f"{self.path(dataset)}/"
        found = [path for path in self.storage.walk(self.path(dataset, *parts)) if path.endswith(".parquet")]
        return [path for path in found if now.takes(path.removeprefix(table))]

    def part(self, dataset: str, name: str = "") -> Part:
        """Where files take the place of others: a partition, by its folder's name, or a whole table without."""
        return Part(self.storage, self.path(dataset), name)

    def prune(self, dataset: str, keep: int) -> None:
        """Deletes all but the newest partitions, by name."""
        for name in [name for name in self.storage.names(self.path(dataset)) if "=" in name][:-keep]:
            self.storage.delete(self.path(dataset, name))

    # Versions: written whole, then the pointer moves; older ones stay for rollback.

    def publish(
        self, name: str, write: Callable[[str], None], manifest: dict[str, Any] | None = None, *, promote: bool = True
    ) -> str:
        """Makes a new version of "models/NAME" or "segments". `write` fills the directory it is given. Returns the
        version. Without `promote` it is written whole, but the pointer stays where it is.
        """
        version = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S%f")[:-3]
        staged = self.temp(name.replace("/", "-"))
        try:
            write(staged)
            said = {"version": version, "promoted": promote} | (manifest or {})
            self.storage.write_json(f"{staged}/manifest.json", said)
            self.storage.move(staged, self.path(name, f"version={version}"))
        except BaseException:
            self.storage.delete(staged)
            raise
        if promote:
            self._point(name, version)
        return version

    def _point(self, name: str, version: str) -> None:
        self.storage.write(self.path(name, "CURRENT"), version.encode())

    def versions(self, name: str) -> list[str]:
        """Whole versions, oldest first, the promoted and the others."""
        folders = [folder for folder in self.storage.names(self.path(name)) if folder.startswith("version=")]
        whole = [folder for folder in folders if self.storage.exists(self.path(name, folder, "manifest.json"))]
        return [version_of(folder) for folder in whole]

    def rollback(self, name: str, to: str | None = None) -> tuple[str, str]:
        """Points to `rollback_target`. Returns the versions before and after."""
        now, target = version_of(self.current(name)), self.rollback_target(name, to)
        self._point(name, target)
        return now, target

    def rollback_target(self, name: str, to: str | None = None) -> str:
        """`to`, which may be any whole version; else the newest before the current one that was promoted when it was
        made. LabError where there is none.
        """
        now, whole = version_of(self.current(name)), self.versions(name)
        listed = f"what there is: ./lab rollback {name.rsplit('/', 1)[-1]} --list"
        if to is not None:
            if to not in whole:
                raise LabError(f"{name} has no whole version {to}; {listed}")
            return to
        for version in reversed(self.promoted_before(name, now)):
            return version
        raise LabError(f"{name} has no version before {now} to go back to; {listed}")

    def promoted_before(self, name: str, version: str) -> list[str]:
        """Whole versions before this one that were promoted when they were made, oldest first."""
        earlier = [one for one in self.versions(name) if one < version]
        return [one for one in earlier if self.manifest(name, one).get("promoted", True)]

    def manifest(self, name: str, version: str | None = None) -> dict[str, Any]:
        """What a version's publisher said of it, by default the current one's. LabError as `current`."""
        folder = self.path(name, f"version={version}") if version else self.current(name)
        said: dict[str, Any] = self.storage.read_json(f"{folder}/manifest.json")
        return said

    def current(self, name: str) -> str:
        """Path of the current version's directory. LabError with the command that makes one, where there is none."""
        pointer = self.path(name, "CURRENT")
        if not self.storage.exists(pointer):
            raise LabError(f"no {name} on HDFS yet; first: {_EMPTY_HINT[name]}")
        return self.path(name, f"version={self.storage.read(pointer).decode().strip()}")


def holding(job: _Job) -> _Job:
    """For a job, of a catalog and more, that lists events once and reads them until it is done: they stay so long."""

    @wraps(job)
    def held(catalog: Catalog, *rest: Any, **named: Any) -> Any:
        with catalog.holders.holding():
            return job(catalog, *rest, **named)

    return cast(_Job, held)
