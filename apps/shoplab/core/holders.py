"""Who reads tables for longer than a moment: what such a job has listed is not deleted before it is done.

Each has a file on HDFS, which it writes anew as long as it lives: one of a job that was killed stays as it is, and is
no more than that. No clock is asked, and no process by its number: jobs run on several machines and in containers.
"""

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from shoplab.core.errors import LabError
from shoplab.core.storage import Storage

RENEW_S = 20.0
DEAD_S = 120.0  # without a sign of life
_NAME = "holder-"

log = logging.getLogger(__name__)


class Holders:
    """Those whose files lie in one folder, among others."""

    def __init__(self, storage: Storage, folder: str) -> None:
        self._storage, self._folder = storage, folder
        self._met: dict[tuple[str, int], float] = {}  # (file, HDFS's number of what was written last) -> since when

    @contextmanager
    def holding(self) -> Iterator[None]:
        """For the time of a block, files that it lists stay."""
        mine, ended = f"{self._folder}/{_NAME}{uuid.uuid4().hex}", Event()
        self._storage.write(mine, b"")
        renewing = Thread(target=self._renew, args=(mine, ended), name="holder", daemon=True)
        renewing.start()
        try:
            yield
        finally:
            ended.set()
            renewing.join()
            self._gone(mine)

    def any(self) -> bool:
        """Whether there is one that lives, or has not been watched for long enough to tell."""
        now = time.monotonic()
        listed = self._storage.listed(self._folder).items()
        found = {(name, number) for name, (number, _) in listed if name.startswith(_NAME)}
        self._met = {one: self._met.get(one, now) for one in found}
        dead = {one for one, since in self._met.items() if now - since > DEAD_S}
        for name, _ in dead:
            self._storage.delete(f"{self._folder}/{name}")
        return bool(found - dead)

    def _renew(self, mine: str, ended: Event) -> None:
        while not ended.wait(RENEW_S):
            try:
                self._storage.write(mine, b"")
            except LabError as error:  # HDFS is away: the job will say so
                log.warning("the files a job reads could not be held: %s", error)

    def _gone(self, mine: str) -> None:
        try:
            self._storage.delete(mine)
        except LabError as error:
            log.warning("%s stays for %s s: %s", mine, DEAD_S, error)
