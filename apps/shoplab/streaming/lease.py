"""One stream at a time: a second one is refused by name, and one that lost its turn writes no more.

Each holder has a file of its own, numbered; HDFS lets only one create it, and the highest number holds. Its age is not
asked, as clocks differ: a holder on this machine lives while its process does, another while it keeps renewing.
"""

import logging
import os
import socket
import time
from threading import Event, Thread
from typing import Any

import psutil

from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import Settings
from shoplab.core.storage import Storage

RENEW_S = 3.0
WATCH_S = 12.0  # how long a holder elsewhere may be silent

log = logging.getLogger(__name__)


class Lease:
    """Held between `acquire` and `release`."""

    def __init__(self, storage: Storage, folder: str) -> None:
        self._storage, self._folder = storage, folder
        self._mine = ""
        self._told: dict[str, Any] = {}
        self._ended = Event()
        self._renewing: Thread | None = None

    def acquire(self) -> None:
        """LabError where another stream holds it."""
        newest = self._newest()
        if newest and self._lives(newest):
            said = self._said(newest)
            raise LabError(
                f"another stream is running (process {said['pid']} on {said['host']}); stop it first, with Ctrl-C there"
            )
        number = int(newest.split("=")[1]) + 1 if newest else 0
        self._mine = f"holder={number:08}"
        me = os.getpid()
        self._told = {"host": socket.gethostname(), "pid": me, "started": _started(me), "beat": 0}
        if not self._storage.create_json(f"{self._folder}/{self._mine}", self._told):
            raise LabError("another stream started at the same moment; see ./lab status, then ./lab stream again")
        for older in self._storage.names(self._folder)[:-1]:
            self._storage.delete(f"{self._folder}/{older}")
        self._ended.clear()
        self._renewing = Thread(target=self._renew, name="lease", daemon=True)
        self._renewing.start()

    def is_taken(self) -> bool:
        """Whether a stream holds it that has not let go; one that was killed has not."""
        newest = self._newest()
        return bool(newest and self._said(newest)["pid"])

    def check(self) -> None:
        """ServiceError where another stream has taken over."""
        if self._mine and self._newest() != self._mine:
            raise ServiceError("another stream has taken over; this one ends")

    def release(self) -> None:
        self._ended.set()
        if self._renewing is not None:
            self._renewing.join()
            self._renewing = None
        if self._mine and self._newest() == self._mine:
            self._storage.write_json(f"{self._folder}/{self._mine}", {"host": "", "pid": 0, "started": 0, "beat": 0})

    def _newest(self) -> str:
        return next(iter(self._storage.names(self._folder)[::-1]), "")

    def _said(self, name: str) -> dict[str, Any]:
        """Of a holder whose file can't be read, as after kills of HDFS: as of one that let go. Should it live, it
        notices that its turn is over.
        """
        try:
            said: dict[str, Any] = self._storage.read_json(f"{self._folder}/{name}")
            return said
        except (LabError, ValueError) as error:
            log.warning("the lease %s can't be read: %s", name, error)
            return {"host": "", "pid": 0, "started": 0, "beat": 0}

    def _lives(self, name: str) -> bool:
        said = self._said(name)
        if not said["pid"]:
            return False
        if said["host"] == socket.gethostname():
            return bool(_started(said["pid"]) == said["started"])
        until = time.monotonic() + WATCH_S
        while time.monotonic() < until:
            time.sleep(RENEW_S / 2)
            if self._said(name)["beat"] != said["beat"]:
                return True
        return False

    def _renew(self) -> None:
        beat = 0
        while not self._ended.wait(RENEW_S):
            beat += 1
            try:
                if self._newest() == self._mine:
                    self._storage.write_json(f"{self._folder}/{self._mine}", self._told | {"beat": beat})
            except LabError as error:  # HDFS is away: the batch will say so
                log.warning("the stream's lease could not be renewed: %s", error)


def stream_lease(catalog: Catalog, settings: Settings) -> Lease:
    """Of whoever takes events of this topic into this lab."""
    return Lease(catalog.storage, catalog.path("temp", "stream-lease", settings.events_topic))


def _started(pid: int) -> float:
    """When the process began, 0 where there is none: numbers are given again."""
    try:
        return round(psutil.Process(pid).create_time(), 1)
    except psutil.Error:
        return 0.0
