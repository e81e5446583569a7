"""What is broken, by name. Each function breaks one thing and mends it again, as far as that is its user's work; the
stream has to come back by itself.
"""

import time
from collections.abc import Callable
from functools import partial
from random import Random

from shoplab.core.errors import ServiceError
from shoplab.core.kafka import delete_records, empty_topic, topic_state
from shoplab.core.wait import wait_until
from shoplab.load.chaos.world import PATIENCE_S, World
from shoplab.load.processes import finished
from shoplab.streaming import crash
from shoplab.streaming.accounts import Accounts
from shoplab.streaming.audit.balance import balance
from shoplab.streaming.beginning import checkpoint_of

Fault = Callable[[World, Random], None]
_AWAY_S = 20  # of a service that comes back later
_SLOWEST_S = 10.0  # of batches, on a machine that has much to do


def _at_crash_point(point: str, world: World, _: Random) -> None:
    folder = world.settings.run_dir
    crash.plan(folder, point)
    wait_until(lambda: not crash.is_planned(folder), 120, f"the stream did not come by: {point}", 0.1)


def _at_random(world: World, random: Random) -> None:
    time.sleep(random.uniform(0, 3))
    world.kill_driver()


def _service(name: str, world: World, random: Random) -> None:
    time.sleep(random.uniform(0, 1))
    world.kill(name)


def _job(command: str, world: World, _: Random) -> None:
    finished(world.settings, command)


def _disk_full(world: World, _: Random) -> None:
    """A quota stands for the disk: HDFS refuses new blocks alike, and nothing else on this machine suffers."""
    world.catalog.storage.set_quota(world.settings.data_root, 1)
    time.sleep(_AWAY_S)
    world.catalog.storage.set_quota(world.settings.data_root, None)


def _checkpoint(world: World, _: Random) -> None:
    world.kill_driver()
    world.catalog.storage.delete(checkpoint_of(world.settings, world.catalog))


def _influx(silent: bool, world: World, _: Random) -> None:
    """Batches go on meanwhile. At its end the driver dies too, and with it the points that wait in its memory."""
    with world.influx() as influx:
        world.seconds_to_next_batch()
        influx.be_silent() if silent else influx.go_away()
        before = world.batches()
        time.sleep(world.away_s)
        if world.batches() <= before + world.away_s / _SLOWEST_S:
            raise ServiceError(f"the stream's batches waited for InfluxDB; {world.said()}")
        world.kill_driver()
        influx.come()
        wait_until(lambda: not world.lacks_points(), PATIENCE_S + world.away_s, "points are lacking in InfluxDB", 1)


def _skewed_clock(world: World, _: Random) -> None:
    """Of a producer's records neither their own time nor the events' is right: Kafka's counts, and events of a day that
    cannot be are rejected.
    """
    world.feeder.pause()
    world.wait_for_all()
    before = balance(world.settings).rejected
    rejected = world.feeder.send_skewed()
    world.wait_for_all()
    newest = Accounts(world.catalog).newest()
    assert newest is not None
    if balance(world.settings).rejected != before + rejected:
        raise ServiceError(f"not {rejected} records of days that cannot be were rejected; {world.said()}")
    if not 0 <= newest.latency_max_ms < PATIENCE_S * 1000:
        raise ServiceError(f"a record's own time was taken for Kafka's; {world.said()}")
    world.feeder.go()


def _topic_anew(world: World, _: Random) -> None:
    """When all has been taken: what waits in a topic that is deleted is lost to everybody."""
    world.feeder.pause()
    world.wait_for_all()
    empty_topic(world.settings)
    world.feeder.go()


def _retention(world: World, _: Random) -> None:
    """Kafka deletes what waits while the stream is away: `verify` names these offsets from then on."""
    world.stream.stop()
    time.sleep(2)
    taken, ends = world.taken(), topic_state(world.settings).ends
    delete_records(world.settings, ends)
    world.lost += [
        f"partition {part}: offsets {taken.get(part, 0)} to {end - 1} were never taken"
        for part, end in ends.items() if taken.get(part, 0) < end
    ]  # fmt: skip
    world.stream.start_again()


FAULTS: dict[str, Fault] = {
    **{f"kill -9 at: {point}": partial(_at_crash_point, point) for point in crash.POINTS},
    "kill -9 of the driver": _at_random,
    **{f"kill -9 of the {name}": partial(_service, name) for name in ("kafka", "datanode", "namenode")},
    **{f"{name} beside it": partial(_job, name) for name in ("analyse", "segment", "train")},
    "InfluxDB away": partial(_influx, False),
    "InfluxDB silent": partial(_influx, True),
    "disk full": _disk_full,
    "a producer's clock wrong": _skewed_clock,
    "checkpoint deleted": _checkpoint,
    "topic made anew": _topic_anew,
    "retention passed": _retention,
}
