"""Waiting for something to become true: the one loop for it."""

import time
from collections.abc import Callable
from typing import TypeVar

from shoplab.core.errors import ServiceError

T = TypeVar("T")


def wait_until(ask: Callable[[], T], seconds: float, otherwise: str, every: float = 0.2) -> T:
    """Asks again and again, and returns the first answer that is true. ServiceError, with the words of `otherwise`,
    where `seconds` have passed without one.
    """
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise ServiceError(otherwise)
        time.sleep(every)
    return answer
