"""Faults one after the other while events flow, then the question whether all of them are accounted for."""

import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from shoplab.core.console import Say
from shoplab.core.settings import Settings
from shoplab.lab.ports import with_free_ports
from shoplab.load.chaos.faults import FAULTS
from shoplab.load.chaos.world import World, world
from shoplab.load.processes import finished

TRIGGER = "1s"
_TIMES = {"kill -9 of the driver": 20, "kill -9 of the kafka": 5, "kill -9 of the datanode": 5,
          "kill -9 of the namenode": 3}  # fmt: skip
_LAST = "retention passed"  # from then on verify has something to say
QUICK = ("kill -9 at: files written", "kill -9 of the driver", "kill -9 of the kafka", "kill -9 of the datanode")


@dataclass(frozen=True)
class Outcome:
    """recoveries: fault and the seconds from its end to the next batch. said: lines of `./lab verify`. closes: whether
    they are what they have to be.
    """

    seed: int
    recoveries: list[tuple[str, float]]
    said: list[str]
    closes: bool

    @property
    def slowest_s(self) -> float:
        return max((seconds for _, seconds in self.recoveries), default=0.0)


def plan(seed: int, quick: bool) -> list[str]:
    """Names of faults, in an order that follows from the seed."""
    names = list(QUICK) if quick else [name for name in FAULTS if name != _LAST for _ in range(_TIMES.get(name, 1))]
    Random(seed).shuffle(names)
    return names if quick else [*names, _LAST]


def run(settings: Settings, names: Sequence[str], seed: int, say: Say, away_s: float = 20.0) -> Outcome:
    """In an embedded lab of its own, below settings.home, on free ports. away_s: see World."""
    random = Random(seed)
    with world(with_free_ports(replace(settings, trigger=TRIGGER, influx_url="")), away_s) as here:
        here.feeder.go()
        here.seconds_to_next_batch()
        recoveries, closed = [], True
        for number, name in enumerate(names, 1):
            if name == _LAST:
                say("verify, before anything is lost")
                closed = _verified(here).returncode == 0
                here.feeder.go()
            say(f"{number} of {len(names)}: {name}")
            FAULTS[name](here, random)
            recoveries.append((name, round(here.seconds_to_next_batch(), 1)))
        say("verify")
        done = _verified(here)
        said = done.stdout.splitlines() + done.stderr.splitlines()
        return Outcome(seed, recoveries, said, closed and _closes(here, done.returncode, said))


def _verified(here: World) -> "subprocess.CompletedProcess[str]":
    """Of all that was sent, when it has been taken. The stream goes on."""
    here.feeder.pause()
    here.wait_for_all()
    return finished(here.settings, "verify", "--source", str(here.feeder.sent_file))


def _closes(here: World, code: int, said: list[str]) -> bool:
    if not here.lost:
        return code == 0
    told = [line for line in said if line.startswith(("partition ", "batch ", "points ", "the stream's memory"))]
    return Counter(told) == Counter(here.lost)
