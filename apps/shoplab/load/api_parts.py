"""What the API's bench drives: the API in processes of its own, a sender of events, and a model to publish."""

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Self

import psutil
import requests

from shoplab.core.catalog import Catalog
from shoplab.core.errors import ServiceError
from shoplab.core.settings import REPO, Settings
from shoplab.events.wire import encode
from shoplab.load.stream_parts import command, environment
from shoplab.recommend.model.files import DATASET, save
from shoplab.recommend.model.recommender import Recommender
from shoplab.streaming.sending import producer

_PATIENCE_S = 120.0


def publish(settings: Settings, model: Recommender) -> None:
    catalog = Catalog(settings)
    catalog.publish(DATASET, lambda path: save(model, catalog.storage, path))


class ServeProcess:
    """`./lab serve` in processes of its own, from its start to its end. ready_s: until it answers with a model."""

    def __init__(self, settings: Settings, workers: int) -> None:
        self._settings, self._workers = settings, workers
        self.ready_s = 0.0

    def __enter__(self) -> Self:
        started = time.monotonic()
        log = (self._settings.log_dir / "bench-api.log").open("ab")
        self._process = subprocess.Popen(
            command("serve", "--workers", str(self._workers)), env=environment(self._settings), cwd=REPO,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() - started > _PATIENCE_S:
                self.__exit__()
                raise ServiceError(f"the API did not come up; see {log.name}")
            time.sleep(0.05)
        self.ready_s = time.monotonic() - started
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGTERM)
        self._process.wait(30)

    def resident_mib(self) -> float:
        """Of the process and its children, a page that several have counted once."""
        tree = [psutil.Process(self._process.pid)]
        tree += tree[0].children(recursive=True)
        return float(sum(one.memory_full_info().pss for one in tree)) / (1 << 20)

    def _ready(self) -> bool:
        try:
            return requests.get(f"{self._settings.api_url}/ready", timeout=5).status_code == 200
        except requests.RequestException:
            return False


class Sender:
    """Views at a rate, straight into Kafka. event: user and product of the next one."""

    def __init__(self, settings: Settings, event: Callable[[], tuple[str, str]], rate: float) -> None:
        self._settings, self._event, self._rate = settings, event, rate
        self._producer = producer(settings, settings.events_topic, **{"linger.ms": 2})
        self._ended = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()
        self._producer.flush(5)

    def _run(self) -> None:
        begun, sent, rng = time.monotonic(), 0, random.Random(3)
        while not self._ended.is_set():
            while sent < (time.monotonic() - begun) * self._rate:
                self._send(rng)
                sent += 1
            self._producer.poll(0)
            time.sleep(0.005)

    def _send(self, rng: random.Random) -> None:
        user, product = self._event()
        at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
        row = {"event_time": at, "event_type": "view", "product_id": product, "category_id": "1", "category_code": "",
               "brand": "", "price": "1.0", "user_id": user, "user_session": str(rng.random())}  # fmt: skip
        key, value = encode(row)
        self._producer.produce(self._settings.events_topic, value, key)
