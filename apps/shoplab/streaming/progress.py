"""How far a replay came, for the next one to go on from there: a small file of this machine for each way to replay a
file.
"""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from shoplab.core.errors import LabError
from shoplab.core.settings import Settings


@dataclass(frozen=True)
class Progress:
    """topic: Kafka's id of it. records: the first so many are acknowledged, never fewer than are said; more may be.
    whole: whether these are all.
    """

    file: str
    topic: str
    records: int
    whole: bool


class ProgressFile:
    """Of one replay. what: all that decides which records it sends, in which order."""

    def __init__(self, settings: Settings, *what: object) -> None:
        name = hashlib.sha256(repr(what).encode()).hexdigest()[:32]
        self._path: Path = settings.run_dir / "replays" / f"{name}.json"

    def read(self) -> Progress | None:
        try:
            return Progress(**orjson.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, TypeError, orjson.JSONDecodeError):
            raise LabError(f"{self._path} can't be read; delete it, and the replay starts from the beginning") from None

    def write(self, progress: Progress) -> None:
        """Whole or not at all."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(".partial")
        partial.write_bytes(orjson.dumps(asdict(progress)))
        partial.replace(self._path)

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)
