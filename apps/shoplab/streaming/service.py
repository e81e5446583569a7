"""`./lab stream`: the query from its start until it is drained or stopped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import Settings
from shoplab.core.signals import ENDING, handled
from shoplab.streaming.job import BatchFailedError, LiveJob
from shoplab.streaming.query import streaming

LOOK_S = 1


def run_stream(
    settings: Settings, spark: SparkSession, job: LiveJob, drain: bool = False, echo: Callable[[str], None] = print
) -> None:
    """Runs the stream until it is drained or stopped (Ctrl-C, SIGTERM: after the running batch), a line a
    batch.
    """
    job.on_batch = lambda account: echo(account.line())
    alive = settings.run_dir / "stream.alive"
    alive.parent.mkdir(parents=True, exist_ok=True)
    try:
        with streaming(settings, spark, job, drain, echo) as running, _asked_to_end() as ends:
            while not ends.is_set() and not running.wait(LOOK_S):
                if not job.hangs():
                    alive.touch()  # the container's healthcheck looks at its age
    except (StreamingQueryException, BatchFailedError) as error:
        raise stream_error(error) from error


@contextmanager
def _asked_to_end() -> Iterator[Event]:
    """Is set by Ctrl-C and SIGTERM. An exception in the middle of a call to Java would break its connection."""
    asked = Event()
    with handled(dict.fromkeys(ENDING, lambda *_: asked.set())):
        yield asked


def stream_error(error: Exception) -> LabError:
    """One line for a query that failed: the last cause that names itself."""
    causes = [line.strip() for line in str(error).splitlines() if "Error:" in line or "Exception:" in line]
    return ServiceError(
        f"the stream stopped: {(causes or [str(error)])[-1][:300]}; ./lab status, then ./lab stream again"
    )
