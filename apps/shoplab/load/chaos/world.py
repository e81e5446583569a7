"""A lab of its own with a replay and a stream running, to break things in."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace

import psutil

from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError
from shoplab.core.kafka import topic_state
from shoplab.core.settings import Settings
from shoplab.core.wait import wait_until
from shoplab.events.generator import generate
from shoplab.lab.embedded import process
from shoplab.lab.embedded.lab import EmbeddedLab
from shoplab.lab.ports import free_port
from shoplab.load.chaos.feeder import Feeder
from shoplab.load.chaos.influx import TOKEN, FakeInflux
from shoplab.load.stream_parts import StreamProcess
from shoplab.metrics.spool import waiting_points
from shoplab.metrics.store import open_store
from shoplab.streaming.accounts import Accounts
from shoplab.streaming.audit.balance import waiting
from shoplab.streaming.audit.points import SPOOL, without_point

PATIENCE_S = 180.0
RATE, EVENTS = 500.0, 1_000_000  # a second; in all, more than a run sends


class World:
    """settings: of the lab. away_s: how long a service is away that no batch needs. Faults that lose records leave in
    `lost` what `verify` has to say of them.
    """

    def __init__(self, settings: Settings, lab: EmbeddedLab, away_s: float) -> None:
        self.settings, self._lab, self.away_s = settings, lab, away_s
        self.catalog = Catalog(settings)
        november = settings.home / "november.csv"
        generate(november, "2019-11", EVENTS)
        self.feeder = Feeder(settings, november, RATE)
        self.stream = StreamProcess(settings)
        self.lost: list[str] = []

    def kill(self, service: str) -> None:
        """kill -9; then the lab is brought up again, as its user would."""
        process.running(self.settings)[service].kill()
        time.sleep(1)
        self._lab.start()

    def kill_driver(self) -> None:
        """kill -9 of the stream's processes below its supervisor."""
        for found in self.stream.below_supervisor():
            with contextlib.suppress(psutil.Error):
                found.kill()

    @contextlib.contextmanager
    def influx(self) -> Iterator[FakeInflux]:
        """The stream's points go there for the time of the block; there they are where `verify` looks for them."""
        store, port = open_store(self.settings), free_port()
        there = FakeInflux(store, port)
        there.come()
        self._stream_with(replace(self.settings, influx_url=there.url, influx_token=TOKEN))
        try:
            yield there
        finally:
            self._stream_with(self.settings)
            there.go_away()
            store.close()

    def _stream_with(self, settings: Settings) -> None:
        self.stream.stop()
        self.stream.start_again(settings)

    def lacks_points(self) -> bool:
        """Whether a batch has a point neither in the store nor in its spool, or one that waits there."""
        store = open_store(self.settings)
        try:
            spool = self.catalog.path(*SPOOL)
            return bool(
                any(waiting_points(self.catalog.storage, spool))
                or without_point(self.catalog, store, Accounts(self.catalog).all())
            )
        finally:
            store.close()

    def batches(self) -> int:
        """How many are accounted for. -1 while HDFS is away."""
        with contextlib.suppress(LabError):
            newest = Accounts(self.catalog).newest()
            return 0 if newest is None else newest.batch + 1
        return -1

    def seconds_to_next_batch(self) -> float:
        """From now to the next account, or the one after where one may be written just now."""
        started, before = time.monotonic(), -1
        while before < 0:
            before = self.batches()
        wait_until(lambda: self.batches() > before, PATIENCE_S, f"no batch in {PATIENCE_S:.0f} s; {self.said()}", 0.2)
        return time.monotonic() - started

    def wait_for_all(self) -> None:
        """Until the stream has taken what is in Kafka."""
        wait_until(self._took_all, PATIENCE_S, f"the stream stands still; {self.said()}", 0.5)

    def taken(self) -> dict[str, int]:
        """Partition -> first offset of the topic that no batch has taken."""
        topic, newest = topic_state(self.settings), Accounts(self.catalog).newest()
        return {} if newest is None or newest.topic != topic.id else newest.ends

    def said(self) -> str:
        """The stream's last line."""
        lines = self.stream.log.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
        return f"its last line: {lines[-1][:300]}"

    def _took_all(self) -> bool:
        with contextlib.suppress(LabError):
            return waiting(self.settings) == 0
        return False


@contextlib.contextmanager
def world(settings: Settings, away_s: float) -> Iterator[World]:
    """With a running lab and stream; neither is left."""
    lab = EmbeddedLab(settings)
    try:
        lab.start()
        found = World(settings, lab, away_s)
        try:
            yield found
        finally:
            found.stream.stop()
    finally:
        lab.down()
