"""What one process of the API answers from: the mapped model, the segments, and what it follows."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError
from shoplab.core.repeated import Repeated
from shoplab.recommend.data.arrays import UNKNOWN
from shoplab.recommend.data.products import Product
from shoplab.serving import keeper
from shoplab.serving.answers import Answers
from shoplab.serving.follow import Follower
from shoplab.serving.live import BatchFeed
from shoplab.serving.people import LIVE_COLUMNS, LiveSegments, People, Segment
from shoplab.serving.served import Served

LOOK_S = 0.25  # at the keeper's folder, on this machine
POLL_S = 2.0  # at HDFS
_STARTING = "still loading; ask again in a few seconds"

log = logging.getLogger(__name__)


class Backstage:
    """The current model, the current segments and the stream's newest ones. folder: the keeper's.

    What was loaded stays while HDFS is away. `problems` says, per source, what is wrong and what to type.
    """

    def __init__(self, catalog: Catalog, folder: Path, follower: Follower) -> None:
        self._folder, self.follower = folder, follower
        self._feed = BatchFeed(catalog.storage, catalog.path("live", "segments"), LIVE_COLUMNS)
        self._names: dict[str, Path] = {}  # of what is loaded
        self._own: dict[str, str] = {"start": _STARTING}
        self._told: set[str] = set()
        self._threads = Repeated("backstage", self.look, LOOK_S), Repeated("live segments", self.poll, POLL_S)
        self.answers: Answers | None = None
        self.model_since: float | None = None  # time.monotonic()
        self.people: People | None = None
        self.live_segments = LiveSegments()
        self.live_since: float | None = None

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        for thread in self._threads:
            thread.stop()

    @property
    def problems(self) -> dict[str, str]:
        """Of the keeper and of this process."""
        kept = keeper.problems(self._folder)
        following = {"kafka": self.follower.problem} if self.follower.problem else {}
        return kept | self._own | following

    @property
    def newest_batch(self) -> str | None:
        return self._feed.newest

    def look(self) -> None:
        """Takes up what the keeper points to. Never raises: what can't be read is told, and the one before goes on."""
        takes: dict[str, Callable[[Path], None]] = {keeper.MODEL: self._take_model, keeper.PEOPLE: self._take_people}
        for pointer, take in takes.items():
            home = keeper.current(self._folder, pointer)
            if home is None or home == self._names.get(pointer) or not keeper.is_whole(home):
                continue
            try:
                take(home)
                self._names[pointer] = home
                self._own.pop(pointer, None)
            except Exception as error:  # a bundle that is half gone: the keeper's next one is looked at
                self._own[pointer] = f"could not be loaded ({type(error).__name__}); see the API's log"
                if home.name not in self._told:
                    log.exception("the API could not load %s", home.name)
                self._told.add(home.name)
        if keeper.is_ready(self._folder):
            self._own.pop("start", None)

    def poll(self) -> None:
        """The stream's newest segments. Never raises."""
        try:
            for batch in self._feed.poll():
                self.live_segments.add(batch)
                self.live_since = time.monotonic()
            self._own.pop("live", None)
        except LabError as error:
            self._own["live"] = str(error)
        except Exception as error:
            if "live" not in self._own:
                log.exception("the API could not load the stream's segments")
            self._own["live"] = f"could not be loaded ({type(error).__name__}); see the API's log"

    def segment(self, user_id: str) -> Segment | None:
        """As of the user's newest stream batch, else of the published table."""
        live = self.live_segments.of(user_id)
        return live or (self.people.segment(user_id) if self.people else None)

    def product(self, product_id: str) -> Product | None:
        """What the model's catalogue knows of it."""
        if self.answers is None:
            return None
        catalogue = self.answers.served.catalogue
        row = catalogue.ids.find(product_id)
        return None if row == UNKNOWN else catalogue.product(row)

    def _take_model(self, home: Path) -> None:
        self.answers = Answers(Served(home, self.follower.tokens))
        self.model_since = time.monotonic()

    def _take_people(self, home: Path) -> None:
        self.people = People(home)
