"""What Locust's own statistics lack: times to one percent, and whether Locust kept up: its CPU, idle time, lateness."""

import time
from collections import defaultdict
from pathlib import Path

import gevent
from locust import events

from shoplab.load.latencies import Histogram, added


class Recorder:
    """Of one process; figures of several are added up. lateness: of requests, between the moment when they could be
    sent (they were due, and a connection was free) and that when they were. queued: from due to a free connection.
    service: from sent to answered. Busy is Locust while its loop has work, also while it waits for a core to do it on:
    Linux tells that time from the one in which there is nothing to do (proc(5), schedstat).
    """

    def __init__(self):
        self.reset()
        loop = gevent.get_hub().loop
        self._watchers = loop.prepare(ref=False), loop.check(ref=False)
        self._watchers[0].start(self._rests)
        self._watchers[1].start(self._works)

    def reset(self, **_):
        self.names, self.phases = defaultdict(Histogram), defaultdict(Histogram)
        self.lateness, self.queued, self.service = Histogram(), Histogram(), Histogram()
        self.counts = dict.fromkeys(("due", "unsent", "in_time"), 0)
        self.failed = defaultdict(int)  # by phase
        self._idle, self._rested, self._ended = 0.0, None, None
        self._began = self._clocks()

    def end(self, **_):
        """The load is over: what comes now is the drain, and no part of the figures of CPU."""
        self._ended = self._ended or self._clocks()

    def answered(self, phase, due, freed, sent, ended, failed):
        """Moments of time.perf_counter, due and freed: see Recorder."""
        could = max(due, freed)
        self.lateness.add(1_000 * (sent - could))
        self.queued.add(1_000 * (could - due))
        self.service.add(1_000 * (ended - sent))
        self.phases[phase].add(1_000 * (ended - due))
        self.failed[phase] += failed

    def log(self, request_type, name, response_time, **_):
        self.names[f"{request_type} {name}"].add(response_time)

    def figures(self):
        """Of this process, in what a message can hold."""
        ended = self._ended or self._clocks()
        seconds, cpu, idle, runnable = (new - old for new, old in zip(ended, self._began, strict=True))
        return {
            "cpu": cpu / seconds,
            "busy": min(1.0, max(1 - idle / seconds, runnable / seconds)),
            "counts": self.counts,
            "failed": dict(self.failed),
            "names": {name: dict(times.counts) for name, times in self.names.items()},
            "phases": {phase: dict(times.counts) for phase, times in self.phases.items()},
            **{name: dict(getattr(self, name).counts) for name in ("lateness", "queued", "service")},
        }

    def _clocks(self):
        """Seconds: that pass, of CPU, of idleness, and in which this thread had a core or waited for one."""
        return time.perf_counter(), time.process_time(), self._idle, _runnable()

    def _rests(self):
        self._rested = time.perf_counter()

    def _works(self):
        if self._rested is not None:
            self._idle += time.perf_counter() - self._rested


def _runnable():
    """Seconds of this thread on a core or waiting for one; 0 where the system does not say."""
    try:
        return sum(map(int, Path("/proc/self/schedstat").read_text().split()[:2])) / 1e9
    except (OSError, ValueError):
        return 0.0


class Figures:
    """Of all processes: of this one, or in a run of several of each as it last said."""

    def __init__(self):
        self.own = Recorder()
        self.told = {}

    def all(self):
        return list(self.told.values()) or [self.own.figures()]

    def times(self, name, key=None):
        """Histogram of the times under a name; with a key, of one of those there."""
        return added(Histogram(one[name] if key is None else one[name].get(key)) for one in self.all())

    def all_times(self):
        """Of every request."""
        return added(Histogram(counts) for one in self.all() for counts in one["names"].values())

    def total(self, name):
        return sum(one["counts"][name] for one in self.all())

    def failed(self, phase):
        return sum(one["failed"].get(phase, 0) for one in self.all())


@events.init.add_listener
def record(environment, **_):
    figures = environment.figures = Figures()
    environment.events.test_start.add_listener(figures.own.reset)
    environment.events.test_stopping.add_listener(figures.own.end)
    environment.events.request.add_listener(figures.own.log)
    environment.events.report_to_master.add_listener(lambda data, **_: data.update(lab=figures.own.figures()))
    environment.events.worker_report.add_listener(
        lambda client_id, data, **_: figures.told.update({client_id: data["lab"]})
    )
