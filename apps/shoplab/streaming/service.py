"""`./lab stream`: the query from its start until it is drained or stopped."""

import signal
from collections.abc import Callable

from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import Settings
from shoplab.streaming.job import LiveJob, streaming

ALIVE_S = 5


def run_stream(
    settings: Settings, spark: SparkSession, job: LiveJob, drain: bool = False, echo: Callable[[str], None] = print
) -> None:
    """Runs the stream until it is drained or stopped (Ctrl-C, SIGTERM: after the running batch), a line a
    batch.
    """
    job.on_batch = lambda account: echo(account.line())
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    alive = settings.run_dir / "stream.alive"
    alive.parent.mkdir(parents=True, exist_ok=True)
    try:
        with streaming(settings, spark, job, drain, echo) as query:
            while not query.awaitTermination(ALIVE_S):
                if not job.hangs():
                    alive.touch()  # the container's healthcheck looks at its age
    except KeyboardInterrupt:
        return
    except StreamingQueryException as error:
        raise stream_error(error) from error


def stream_error(error: Exception) -> LabError:
    """One line for a query that failed: the last cause that names itself."""
    causes = [line.strip() for line in str(error).splitlines() if "Error:" in line or "Exception:" in line]
    return ServiceError(
        f"the stream stopped: {(causes or [str(error)])[-1][:300]}; ./lab status, then ./lab stream again"
    )
