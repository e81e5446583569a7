"""What every user of ours has in common: its pace, and what it needs before and leaves after a run."""

from typing import Any

from locust import constant_pacing

from shoplab.core.settings import load_settings

SETTINGS = load_settings()


class Paced:
    """Mixin for a user class: without --rate the next request follows the last answer; with it, each user sends its
    share of the rate, as long as answers come in time.
    """

    target = ""  # one of shoplab.load.bounds.TARGETS
    environment: Any  # Locust's, of the user it is mixed into

    def wait_time(self) -> float:
        rate = self.environment.parsed_options.rate
        users = max(self.environment.runner.target_user_count, 1)
        return constant_pacing(users / rate)(self) if rate > 0 else 0.0

    @classmethod
    def load(cls, environment: Any) -> None:
        """Once, when Locust starts: what takes long and sends nothing."""

    @classmethod
    def prepare(cls, environment: Any) -> None:
        """Once before a run. LabError where the run can't be."""

    @classmethod
    def ending(cls, environment: Any) -> None:
        """Once, when a run ends and its last requests are under way."""

    @classmethod
    def clear(cls) -> None:
        """Once after a run, whatever way it ended: removes what it made."""
