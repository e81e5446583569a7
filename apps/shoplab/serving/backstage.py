"""What the API answers from, kept fresh by one background thread."""

import logging
import time
from collections.abc import Callable
from threading import Event, Thread

from shoplab.core.catalog import Catalog, version_of
from shoplab.core.errors import LabError
from shoplab.core.storage import Storage
from shoplab.recommend.data.histories import UserContext
from shoplab.recommend.model.files import DATASET, readable
from shoplab.recommend.model.files import load as load_recommender
from shoplab.recommend.model.increment_files import Increments, Pointer
from shoplab.recommend.model.recommender import Recommender
from shoplab.serving import customers, live
from shoplab.serving.customers import Customers, LiveSegments, Segment, load_customers
from shoplab.serving.live import BatchFeed, LiveRecommendations

POLL_S = 2.0
_STRANGER = UserContext("", None, ())

log = logging.getLogger(__name__)


class Backstage:
    """The current model, the current segments and the stream's newest recommendations.

    What was loaded stays while HDFS is away. `problems` says, per source, what is wrong and what to type.
    """

    def __init__(self, catalog: Catalog, load: Callable[[Storage, str], Recommender] = load_recommender) -> None:
        self._catalog = catalog
        self._load = load
        self._feed = BatchFeed(catalog.storage, catalog.path("recommendations"), live.COLUMNS)
        self._segment_feed = BatchFeed(catalog.storage, catalog.path("live", "segments"), customers.COLUMNS)
        self._increments = Increments(catalog)
        self._base: Recommender | None = None  # as it was trained
        self._pointer: Pointer | None = None  # to the increment that was looked at last
        self._looked_at = ""  # the version that was published when the model was looked at last
        self._model_problem = ""
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="backstage", daemon=True)
        self.live = LiveRecommendations()
        self.live_segments = LiveSegments()
        self.live_since: float | None = None  # time.monotonic() of the newest batch
        self.customers: Customers | None = None
        self.recommender: Recommender | None = None
        self.recommender_since: float | None = None
        self.problems: dict[str, str] = {"start": "still loading; ask again in a few seconds"}

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def refresh(self) -> None:
        """One look at HDFS. Never raises: what fails stays as it was and is told in `problems`."""
        found: dict[str, str] = {}
        parts = {"model": self._refresh_model, "segments": self._refresh_customers, "live": self._refresh_live}
        for part, refresh in parts.items():
            try:
                problem = refresh()
            except LabError as error:
                problem = str(error)
            except Exception as error:  # a damaged file must not end the thread that would read the next, good one
                if part not in self.problems:
                    log.exception("the API could not load %s", part)
                problem = f"could not be loaded ({type(error).__name__}); see the API's log"
            if problem:
                found[part] = problem
        self.problems = found

    def segment(self, user_id: str) -> Segment | None:
        """As of the user's newest stream batch, else of the published table."""
        return self.live_segments.of(user_id) or (self.customers.segment(user_id) if self.customers else None)

    def sample_customers(self, count: int) -> list[str]:
        return self.customers.sample(count) if self.customers else []

    def knows(self, user_id: str) -> bool:
        """Whether the model was trained on events of this user."""
        return self.recommender is not None and user_id in self.recommender.shoppers.index

    @property
    def newest_batch(self) -> str | None:
        return self._feed.newest

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.refresh()
            self._stopping.wait(POLL_S)

    def _refresh_model(self) -> str:
        """Returns what is wrong with the published model where an earlier one goes on in its place, else ""."""
        published = self._catalog.current(DATASET)
        if published != self._looked_at or self._base is None:
            folder, problem = readable(self._catalog)
            if self._base is None or self._base.version != version_of(folder):
                self._base, self._pointer = self._load(self._catalog.storage, folder), None
                self._serve(self._base)
            self._looked_at, self._model_problem = published, problem
        pointer = self._increments.current()
        if pointer is not None and pointer != self._pointer:
            self._serve(self._increments.grown(self._base))
            self._pointer = pointer
        return self._model_problem

    def _serve(self, model: Recommender) -> None:
        model.recommend([_STRANGER], 1)  # fills its lazy indexes here and not in someone's request
        self.recommender, self.recommender_since = model, time.monotonic()

    def _refresh_customers(self) -> str:
        folder = self._catalog.current("segments")
        if self.customers is None or self.customers.version != version_of(folder):
            self.customers = load_customers(self._catalog.storage, folder)
        return ""

    def _refresh_live(self) -> str:
        for batch in self._segment_feed.poll():
            self.live_segments.add(batch)
        for batch in self._feed.poll():
            self.live.add(batch)
            self.live_since = time.monotonic()
        return ""
