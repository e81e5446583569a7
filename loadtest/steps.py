"""A load in steps: users come in equal parts, and the knee shows, where more users no longer mean more answers."""

import time
from collections import Counter

from locust import LoadTestShape
from summary import percentiles

DEFAULT_STEPS = 5
DEFAULT_SECONDS = 60


class Steps(LoadTestShape):
    """--users in --steps parts over --run-time. `done` holds the figures of each step."""

    use_common_options = True

    def reset_time(self):
        super().reset_time()
        self.done, self._before, self._step = [], None, 0

    def tick(self):
        options = self.runner.environment.parsed_options
        count, users = options.steps or DEFAULT_STEPS, options.num_users or 1
        step = int(self.get_run_time() * count / (options.run_time or DEFAULT_SECONDS)) + 1
        if step != self._step:
            self._finish(self._step, round(users * self._step / count))
            self._step = step
        return (max(1, round(users * step / count)), users) if step <= count else None

    def _finish(self, step, users):
        """Figures of the step that ends: what was counted since it began."""
        total = self.runner.stats.total
        now = time.perf_counter(), total.num_requests, total.num_failures, Counter(total.response_times)
        if step:
            seconds, requests, failures, times = (new - old for new, old in zip(now, self._before, strict=True))
            self.done.append(
                {"users": users, "requests": requests, "failures": failures, "rate": round(requests / seconds, 2)}
                | percentiles(times)
            )
        self._before = now
