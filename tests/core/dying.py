"""Storage that dies: after so many changes it answers nothing any more, as a process that was killed."""

from typing import Any

from shoplab.core.settings import Settings
from shoplab.core.storage import Storage

_CHANGES = ("write", "move", "swap", "delete", "upload")


class Killed(BaseException):
    """Not caught by code under test."""


class DyingStorage(Storage):
    """changes: how many are done before the end."""

    def __init__(self, settings: Settings, changes: int) -> None:
        super().__init__(settings)
        self.left = changes
        self._inside = False

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name.startswith("_") or not callable(found) or name == "client":
            return found
        return lambda *given: self._do(name in _CHANGES, found, given)

    def _do(self, is_change: bool, does: Any, given: tuple[Any, ...]) -> Any:
        """What a change does by others, as `write` by `swap`, is a part of it."""
        if self._inside:
            return does(*given)
        if self.left < is_change or self.left < 0:
            self.left = -1
            raise Killed
        self.left -= is_change
        self._inside = is_change
        try:
            return does(*given)
        finally:
            self._inside = False
