"""Requests that are sent when they are due, however long the answers before them take: an open loop."""

import time
from collections import deque
from dataclasses import dataclass

import gevent
from gevent.event import AsyncResult


@dataclass(frozen=True)
class Due:
    """due: when it has to be sent; freed: when its connection had nothing else to do; moments of time.perf_counter.
    session, kind, phase, is_last: see shoplab.load.sessions.Schedule.
    """

    due: float
    freed: float
    session: int
    kind: int
    phase: int
    is_last: bool


class Arrivals:
    """Hands the rows of a schedule to whoever takes them, each when it is due; one that finds nobody waits. over is
    called when the run's seconds have passed.
    """

    def __init__(self, schedule, seconds, over):
        self._schedule, self._seconds, self._over = schedule, seconds, over
        self._idle: list[AsyncResult] = []
        self._late: deque[int] = deque()
        self._ended, self._taken = False, 0
        self._began = time.perf_counter()
        self._greenlet = gevent.spawn(self._run)

    def take(self):
        """The next row, when there is one; None at the end of the run."""
        freed = time.perf_counter()
        row = self._late.popleft() if self._late else self._wait()
        if row is None:
            return None
        self._taken += 1
        rows = self._schedule
        due, session = self._began + float(rows.due[row]), int(rows.session[row])
        return Due(due, freed, session, int(rows.kind[row]), int(rows.phase[row]), bool(rows.is_last[row]))

    def is_in_time(self, moment):
        return moment <= self._began + self._seconds

    def end(self):
        """No more requests; those who wait for one are sent away. Returns how many were due, and how many of them were
        never sent.
        """
        self._ended = True
        due = int(self._schedule.due.searchsorted(time.perf_counter() - self._began))
        self._greenlet.kill(block=False)
        self._late.clear()
        while self._idle:
            self._idle.pop().set(None)
        return due, max(due - self._taken, 0)

    def _wait(self):
        if self._ended:
            return None
        slot = AsyncResult()
        self._idle.append(slot)
        try:
            return slot.get()
        finally:
            if slot in self._idle:  # whoever waited was killed
                self._idle.remove(slot)

    def _run(self):
        for row, due in enumerate(self._schedule.due):
            self._sleep_until(due)
            if self._idle:
                self._idle.pop().set(row)  # the one who came last: its connection is the warmest
            else:
                self._late.append(row)
        self._sleep_until(self._seconds)
        self._over()

    def _sleep_until(self, due):
        ahead = self._began + due - time.perf_counter()
        if ahead > 0:
            gevent.sleep(ahead)
