"""Memory that was freed goes back to the system."""

import ctypes
from collections.abc import Callable
from functools import cache


def give_back() -> None:
    """The C library keeps what lies between things still in use: a batch leaves much of that, and so does a model that
    was read. Nothing where it is not GNU's.
    """
    _trim()(0)


@cache
def _trim() -> Callable[[int], object]:
    trim: Callable[[int], object] = getattr(ctypes.CDLL(None), "malloc_trim", lambda _: None)
    return trim
