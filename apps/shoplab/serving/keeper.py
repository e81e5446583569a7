"""Published models on HDFS -> bundles on this machine, for the processes that serve."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import NamedTuple

import orjson

from shoplab.core.catalog import Catalog, version_of
from shoplab.core.errors import LabError
from shoplab.core.freed import give_back
from shoplab.core.repeated import Repeated
from shoplab.core.storage import Storage
from shoplab.recommend.fast import bundle
from shoplab.recommend.model.files import DATASET, readable
from shoplab.recommend.model.files import load as load_model
from shoplab.recommend.model.increment_files import Increments, Pointer
from shoplab.recommend.model.recommender import Recommender
from shoplab.serving.people import write_people
from shoplab.serving.room import lacking

POLL_S = 2.0
RETRY_S = 60.0  # what could not be read, where it is still what is published: a model takes a core for seconds
MODEL, PEOPLE = "model", "segments"  # names of the pointers, the second also the table's
MEMORY = "memory"  # what is too little of it
_PROBLEMS = "problems.json"

log = logging.getLogger(__name__)


class _Unread(NamedTuple):
    """until: time.monotonic() before which it is not tried again."""

    published: str
    said: str
    until: float


class Keeper:
    """Makes a bundle of the published model, of each of its increments, and of the segments. folder: one API's own.

    What was made stays while HDFS is away, and where what is published can't be read.
    """

    def __init__(
        self, catalog: Catalog, folder: Path, load: Callable[[Storage, str], Recommender] = load_model
    ) -> None:
        self._catalog, self._folder, self._load = catalog, folder, load
        self._increments = Increments(catalog)
        self._base: Recommender | None = None  # as it was trained
        self._path, self._version = "", ""  # its place on HDFS, and its name
        self._home: Path | None = None  # its bundle
        self._pointer: Pointer | None = None  # to the increment that was looked at last
        self._looked_at = ""  # the version that was published when the model was looked at last
        self._model_problem, self._memory_problem = "", ""
        self._people = ""  # the segments that were made a bundle of
        self._unread: dict[str, _Unread] = {}
        self._logged: dict[str, str] = {}
        self._looking = Repeated("keeper", self.refresh, POLL_S)
        self.start, self.stop, self.run = self._looking.start, self._looking.stop, self._looking.run

    def refresh(self) -> None:
        """One look at HDFS. Never raises: what is wrong is told to who serves."""
        looks = {MODEL: (DATASET, self._look_at_model), PEOPLE: (PEOPLE, self._look_at_people)}
        found = {part: self._said(part, dataset, look) for part, (dataset, look) in looks.items()}
        self._tell({part: said for part, said in (found | {MEMORY: self._memory_problem}).items() if said})

    def _said(self, part: str, dataset: str, look: Callable[[str], str]) -> str:
        """What is wrong with it, "" for nothing."""
        published = ""
        try:
            published = self._catalog.current(dataset)
            unread = self._unread.get(part)
            if unread and unread.published == published and time.monotonic() < unread.until:
                return unread.said
            return look(published)
        except LabError as error:
            return str(error)
        except Exception as error:  # a damaged file must not end the thread that would read the next, good one
            self._log(part, error)
            said = f"could not be loaded ({type(error).__name__}); see the API's log"
            self._unread[part] = _Unread(published, said, time.monotonic() + RETRY_S)
            return said

    def _log(self, part: str, error: Exception) -> None:
        """Once as long as it is the same."""
        said = f"{type(error).__name__}: {error}"
        if said != self._logged.get(part):
            log.exception("the API could not load the %s", part)
        self._logged[part] = said

    def _look_at_people(self, published: str) -> str:
        if published != self._people:
            with self._room(f"segments-{version_of(published)}") as home:
                write_people(self._catalog, published, home)
            self._publish(PEOPLE, home, "segments-*")
            self._people = published
        return ""

    def _look_at_model(self, published: str) -> str:
        """Returns what is wrong with the published model where an earlier one goes on in its place, else ""."""
        if published != self._looked_at:
            self._path, self._model_problem = readable(self._catalog)
            self._memory_problem = lacking(self._catalog, version_of(self._path))
            if self._memory_problem:
                log.warning("%s", self._memory_problem)
            if not self._goes_on(version_of(self._path)):
                self._take(self._path)
            self._looked_at = published
        pointer = self._increments.current()
        if pointer is not None and pointer != self._pointer:
            self._follow(pointer)
        return self._model_problem

    def _goes_on(self, version: str) -> bool:
        """Whether a bundle of that version, as it was trained, is here already: of an earlier start, as a rule."""
        if self._home is not None and self._version == version:
            return True
        home = current(self._folder, MODEL)
        base = home.with_name(home.name.partition("+")[0]) if home else None
        if base is None or base.name.partition(".")[0] != f"model-{version}" or not bundle.is_whole(base):
            return False
        self._base, self._home, self._version, self._pointer = None, base, version, None
        return True

    def _follow(self, pointer: Pointer) -> None:
        """Makes a bundle of the increment pointed to."""
        assert self._home
        number = pointer.number if pointer.base == self._version else 0
        home = current(self._folder, MODEL)
        if not number:
            self._publish(MODEL, self._home, "model-*")
        elif home is None or home.name != f"{self._home.name}+{number}" or not bundle.is_whole(home):
            if self._base is None:
                self._take(self._path)  # an increment grows on the model itself, not on its bundle
            assert self._base
            self._grow(self._increments.grown(self._base))
        self._pointer = pointer

    def _take(self, path: str) -> None:
        self._base = None  # its memory is free before the next one takes its own
        model = self._load(self._catalog.storage, path)
        with self._room(f"model-{model.version}") as home:
            self._base = bundle.write(model, home)
        self._home, self._version, self._pointer = home, model.version, None
        del model
        give_back()
        self._publish(MODEL, home, "model-*")

    def _grow(self, model: Recommender) -> None:
        assert self._home
        if not model.increment:  # one that can't be read
            return self._publish(MODEL, self._home, "model-*")
        with self._room(f"{self._home.name}+{model.increment}") as home:
            bundle.write_grown(model, home, self._home)
        self._publish(MODEL, home, "model-*", self._home)

    @contextmanager
    def _room(self, name: str) -> Iterator[Path]:
        """A place to be filled; two of a name are never mixed. Nothing is left of one that fails: it is tried again at
        every look.
        """
        places = (self._folder / (f"{name}.{number}" if number else name) for number in count())
        home = next(place for place in places if not place.exists())
        try:
            yield home
        except BaseException:
            bundle.remove(home)
            raise

    def _publish(self, pointer: str, home: Path, kind: str, *needed: Path) -> None:
        """Points to it, and deletes others of its kind."""
        _replace(self._folder / pointer, home.name)
        for other in self._folder.glob(kind):
            if other not in (home, *needed):
                bundle.remove(other)

    def _tell(self, found: dict[str, str]) -> None:
        if found != problems(self._folder) or not (self._folder / _PROBLEMS).exists():
            _replace(self._folder / _PROBLEMS, orjson.dumps(found).decode())


def current(folder: Path, pointer: str) -> Path | None:
    """The bundle that is to be served, None before there is one."""
    name = read_text(folder / pointer)
    return folder / name if name else None


def is_whole(home: Path) -> bool:
    """False for a bundle of another version of the lab: the keeper makes a new one as soon as it reaches HDFS."""
    return not home.name.startswith("model-") or bundle.is_whole(home)


def is_ready(folder: Path) -> bool:
    """Whether it has looked at all."""
    return (folder / _PROBLEMS).exists()


def problems(folder: Path) -> dict[str, str]:
    """MODEL or PEOPLE -> what is wrong with what is published."""
    with suppress(ValueError):
        found: dict[str, str] = orjson.loads(read_text(folder / _PROBLEMS) or "{}")
        return found
    return {}


def read_text(file: Path) -> str:
    with suppress(OSError):
        return file.read_text()
    return ""


def _replace(file: Path, text: str) -> None:
    """Whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)
