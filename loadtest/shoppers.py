"""Shoppers on the API: visits with the lengths, events and pauses of the data (shoplab.load.sessions)."""

import random
import time

from arrivals import Arrivals
from calls import Call, Connection
from locust import User, task
from locust.exception import StopUser
from pacing import SETTINGS, Paced
from visits import Shop, Visit

from shoplab.core.errors import ServiceError
from shoplab.load.bounds import MAX_RATE, MAX_REQUESTS, MAX_SECONDS, SHOPPERS
from shoplab.load.sessions import LAND, Pool, draw_pool, looking_only, make_schedule
from shoplab.load.shapes import check_shape

SAMPLE, SAMPLES = 1_000, 10  # users that the API names at once, and how often it is asked while it names new ones
IDS = Call("GET", f"/users/sample?n={SAMPLE}", "/users/sample")


class ShopperUser(Paced, User):
    """A connection that shoppers share. With --arrivals visits begin by chance and their requests are due whether the
    ones before are answered or not; the time of each counts from when it was due. Without, each connection plays one
    visit after the other as fast as answers come, with no pauses.
    """

    target = SHOPPERS
    host = SETTINGS.api_url
    pool: Pool
    shop: Shop | None = None  # none where a process of several could not prepare
    arrivals: Arrivals | None = None
    visits: dict[int, Visit]  # under way, by session

    @classmethod
    def load(cls, environment):
        pool = draw_pool(seed=1)
        cls.pool = looking_only(pool) if environment.parsed_options.read_only else pool

    @classmethod
    def prepare(cls, environment):
        options = environment.parsed_options
        cls.visits, cls.arrivals = {}, None
        cls.shop = _shop(environment.host or cls.host, options.unknown)
        check_shape(options.shape)
        if options.arrivals > 0:
            rate = min(options.arrivals, MAX_RATE)
            seconds = min(options.seconds or options.run_time or MAX_SECONDS, MAX_REQUESTS / rate)
            seed = time.time_ns(), environment.runner.worker_index
            schedule = make_schedule(cls.pool, rate / (options.processes or 1), seconds, options.shape, seed)
            cls.arrivals = Arrivals(schedule, seconds, environment.over)

    @classmethod
    def ending(cls, environment):
        if cls.arrivals:
            due, unsent = cls.arrivals.end()
            environment.figures.own.counts.update(due=due, unsent=unsent)

    def on_start(self):
        if self.shop is None:
            raise StopUser
        self.connection = Connection(self.host, self.environment.events.request.fire)
        self.kinds = []  # of requests that the visit has left, the next one last

    def on_stop(self):
        if self.shop is not None:
            self.connection.close()

    def wait_time(self):
        return 0.0 if self.arrivals else super().wait_time()

    @task
    def ask(self):
        self._when_due() if self.arrivals else self._at_once()

    def _when_due(self):
        due = self.arrivals.take()
        if due is None:
            raise StopUser
        visit = self.visits.get(due.session)
        if visit is None:
            visit = self.visits[due.session] = self.shop.visit()
        if due.is_last:
            del self.visits[due.session]
        if (call := visit.call(due.kind)) is None:
            return
        answer, is_failed, sent, ended = self.connection.send(call, due.due)
        own = self.environment.figures.own
        own.answered(due.phase, due.due, due.freed, sent, ended, is_failed)
        own.counts["in_time"] += self.arrivals.is_in_time(ended)
        if answer:
            visit.saw(answer)

    def _at_once(self):
        """One request of the visit that this connection plays."""
        if not self.kinds:
            session = random.randrange(len(self.pool.first) - 1)
            self.kinds = self.pool.kind[self.pool.first[session] : self.pool.first[session + 1]][::-1].tolist()
            self.visit = self.shop.visit()
        if call := self.visit.call(self.kinds.pop()):
            answer, *_ = self.connection.send(call)
            if answer:
                self.visit.saw(answer)


def _shop(address, unknown):
    """Many users, as the API names them, and a first list of products. ServiceError where it does not answer."""
    connection = Connection(address)
    users: set[str] = set()
    for _ in range(SAMPLES):
        answer, *_ = connection.send(IDS)
        if answer is None:
            raise ServiceError(f"the API does not answer at {address}; start it in another terminal: ./lab serve")
        before = len(users)
        users |= {user["user_id"] for user in answer["users"]}
        if len(users) == before:
            break
    shop = Shop(sorted(users), unknown)
    visit = shop.visit()
    answer, *_ = connection.send(visit.call(LAND))
    visit.saw(answer or {})
    connection.close()
    return shop
