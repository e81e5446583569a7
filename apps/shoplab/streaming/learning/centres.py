"""The segments' centres as the stream's users move them: watched, published, taken up where that is wanted."""

import datetime as dt
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from shoplab.core.catalog import Catalog, version_of
from shoplab.core.errors import LabError
from shoplab.metrics.point import Point
from shoplab.segments.features import Matrix
from shoplab.segments.moving import MOST_DRIFT, Centres, apply_centres, as_published, moved
from shoplab.segments.on_driver import scaled_people

if TYPE_CHECKING:
    from shoplab.segments.model import Segmentation

DATASET = "models/centres"
EVERY_S = 60.0
FEWEST = 50  # users of a step
MOST_USERS = 20_000  # of a step, the newest; each once, as they were met last: who comes often weighs no more

log = logging.getLogger(__name__)


class MovingCentres:
    """Of one published version. Goes on from the centres that were published last."""

    def __init__(self, base: "Segmentation", catalog: Catalog, every: float = EVERY_S) -> None:
        self.base, self._catalog, self._every = base, catalog, every
        self._version = version_of(catalog.current("models/segments"))
        self.centres = self._stored() or as_published(self._version, base.kmeans)
        self.served = self._as_moved() if self.centres.number else base
        self._users: OrderedDict[str, Matrix] = OrderedDict()
        self._last = time.monotonic()

    def take(self, histories: pd.DataFrame, at: dt.datetime, say: Callable[[list[Point]], object]) -> None:
        """histories: USER rows of all of some users' months. A step, once it is due."""
        for user, row in zip(*scaled_people(self.base, histories), strict=True):
            self._users[user] = row
            self._users.move_to_end(user)
        while len(self._users) > MOST_USERS:
            self._users.popitem(last=False)
        if len(self._users) >= FEWEST and time.monotonic() - self._last >= self._every:
            self._last = time.monotonic()
            self._step()
        say(self._points(at))

    def _step(self) -> None:
        self.centres = moved(self.centres, np.stack(list(self._users.values())))
        self._users.clear()
        drift = self.centres.drift(self.base.kmeans)
        if drift.max() <= MOST_DRIFT:
            self._catalog.storage.write_json(self._catalog.path(DATASET, "CURRENT"), self.centres.to_dict())
            self.served = self._as_moved()
        else:
            log.warning(
                "the segments' centres have moved by %.1f of their users' spread, and stay where they were; move the"
                " segments on: ./lab segment --update", drift.max(),
            )  # fmt: skip

    def _points(self, at: dt.datetime) -> list[Point]:
        """segment_centre; docs/metrics.md."""
        drift = self.centres.drift(self.base.kmeans)
        return [
            Point("segment_centre", {"segment": name}, {"drift": float(far), "users": float(weight)}, at)
            for name, far, weight in zip(self.base.kmeans.names, drift, self.centres.weights, strict=True)
        ]

    def _as_moved(self) -> "Segmentation":
        return apply_centres(self.base, self.centres)

    def _stored(self) -> Centres | None:
        """Of this version, if there are some."""
        try:
            said = self._catalog.storage.read_json(self._catalog.path(DATASET, "CURRENT"))
            found = Centres.from_dict(said)
        except (LabError, KeyError, TypeError, ValueError):
            return None
        return found if found.base == self._version and found.now.shape == self.base.kmeans.matrix.shape else None
