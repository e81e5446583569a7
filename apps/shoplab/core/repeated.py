"""What is done again and again beside everything else."""

from collections.abc import Callable
from threading import Event, Thread


class Repeated:
    """A thread that works, waits so many seconds, and works again, until it is stopped. work: never raises; where it
    takes long it looks at `stopping`.
    """

    def __init__(self, name: str, work: Callable[[], None], every: float) -> None:
        self._work, self._every = work, every
        self.stopping = Event()
        self._thread = Thread(target=self.run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the work under way is done."""
        self.stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def run(self) -> None:
        """The same in the caller's thread."""
        while not self.stopping.is_set():
            self._work()
            self.stopping.wait(self._every)
