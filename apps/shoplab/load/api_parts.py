"""What the API's bench drives: the API in processes of its own, a sender of events, and a model to publish."""

import random
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Self

import requests

from shoplab.core.catalog import Catalog
from shoplab.core.errors import ServiceError
from shoplab.core.settings import Settings
from shoplab.core.wait import wait_until
from shoplab.events.wire import encode
from shoplab.load.processes import Command
from shoplab.recommend.model.files import DATASET, save
from shoplab.recommend.model.recommender import Recommender
from shoplab.streaming.sending import producer

_PATIENCE_S = 300.0


def publish(settings: Settings, model: Recommender) -> None:
    catalog = Catalog(settings)
    catalog.publish(DATASET, lambda path: save(model, catalog.storage, path))


class ServeProcess(Command):
    """`./lab serve`. ready_s: from its start until it answers with a model."""

    def __init__(self, settings: Settings, workers: int = 1) -> None:
        super().__init__(settings, settings.log_dir / "bench-api.log", "serve", "--workers", str(workers))
        self.ready_s = 0.0

    def __enter__(self) -> Self:
        super().__enter__()
        try:
            wait_until(
                lambda: self.process.poll() is not None or self._ready(), _PATIENCE_S, "the API is not ready", 0.05
            )
            if self.process.poll() is not None:
                raise ServiceError("the API ended")
        except ServiceError as error:
            self.__exit__()
            raise ServiceError(f"{error}; see {self.log}") from None
        self.ready_s = time.monotonic() - self.started
        return self

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
