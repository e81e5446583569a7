"""Runs Locust as a process of its own (its gevent patches reach into everything it runs with) and reads its figures."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from shoplab.core.errors import ServiceError
from shoplab.core.settings import REPO, Settings, as_environment
from shoplab.lab.ports import free_port
from shoplab.load.bounds import KAFKA, SHOPPERS, WEBHDFS
from shoplab.load.plan import Plan

USER_CLASSES = {SHOPPERS: "ShopperUser", WEBHDFS: "WebHdfsUser", KAFKA: "ProducerUser"}
FOLDER = REPO / "loadtest"
DRAIN_S = 5  # after the last second, requests under way may still be answered, and count
_GRACE_S = 60.0
_WORKERS_S = 30  # until all of Locust's processes have come

Summary = dict[str, Any]


def run(settings: Settings, plan: Plan, report: Path, say: Callable[[str], None] = lambda _: None) -> Summary:
    """Runs the plan and returns the figures by request name; see docs/load.md. The report is Locust's HTML page; its
    CSV files stand beside it.

    ServiceError where Locust is missing or ends without figures.
    """
    if find_spec("locust") is None:
        raise ServiceError("Locust is not installed; ./lab load installs it: run it by that launcher")
    report.parent.mkdir(parents=True, exist_ok=True)
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    summary, log = settings.home / "load" / "last.json", settings.log_dir / "load.log"
    summary.parent.mkdir(parents=True, exist_ok=True)
    summary.unlink(missing_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_command(settings, plan), "--html", str(report), "--csv", str(report.with_suffix("")), "--summary",
             str(summary)],
            env=environment(settings), stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=FOLDER,
        )  # fmt: skip
        _wait(process, plan, say)
    if process.returncode or not summary.exists():
        raise ServiceError(f"Locust ended early: {_reason(log)}; its log: {log}")
    figures: Summary = orjson.loads(summary.read_bytes())
    return figures


def _command(settings: Settings, plan: Plan) -> list[str]:
    files = [FOLDER / "locustfile.py", *([FOLDER / "steps.py"] if plan.steps else [])]
    seconds = plan.seconds + (_GRACE_S if plan.arrivals else 0)  # arrivals end by themselves, when all were due
    return [
        sys.executable, "-m", "locust", "-f", ",".join(map(str, files)), "--headless", "--only-summary",
        "--host", settings.api_url,
        "--users", str(plan.users),
        "--spawn-rate", str(plan.users),
        "--run-time", f"{seconds:.0f}s",
        "--stop-timeout", str(DRAIN_S),
        "--exit-code-on-error", "0",
        "--rate", str(plan.rate or 0),
        "--requests", str(plan.requests),
        "--steps", str(plan.steps),
        "--arrivals", str(plan.arrivals),
        "--seconds", str(plan.seconds),
        "--shape", plan.shape,
        "--unknown", str(plan.unknown),
        *(["--read-only"] if plan.read_only else []),
        *(_several(plan.processes) if plan.processes > 1 else []),
        *[USER_CLASSES[target] for target in plan.targets],
    ]  # fmt: skip


def _several(processes: int) -> list[str]:
    """Locust's master and workers, on this machine only."""
    port = str(free_port())
    master = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    workers = ["--master-host", "127.0.0.1", "--master-port", port, "--expect-workers-max-wait", str(_WORKERS_S)]
    return ["--processes", str(processes), *master, *workers]


def environment(settings: Settings) -> dict[str, str]:
    """The same settings for the child; no LOCUST_ variable may change what was asked for."""
    ours = {
        "SHOPLAB_WEBHDFS_URL": settings.webhdfs,
        "SHOPLAB_HDFS_USER": settings.hdfs_user,
        "SHOPLAB_KAFKA_BOOTSTRAP": settings.kafka,
        "SHOPLAB_EVENTS_TOPIC": settings.events_topic,
        "PYTHONPATH": os.pathsep.join([str(REPO / "apps"), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    inherited = as_environment(settings).items()
    return {name: value for name, value in inherited if not name.startswith("LOCUST_")} | ours


def _wait(process: "subprocess.Popen[bytes]", plan: Plan, say: Callable[[str], None]) -> None:
    """Until Locust has ended and cleaned up; it ends by itself, and is made to where it does not."""
    started = time.monotonic()
    try:
        while process.poll() is None and (gone := time.monotonic() - started) < plan.seconds + DRAIN_S + _GRACE_S:
            say(f"{min(int(gone), plan.seconds)} of {plan.seconds} s")
            time.sleep(0.2)
    except KeyboardInterrupt:
        process.wait(_GRACE_S)  # the terminal has stopped it as well: it stops its users and removes what they made
        raise
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(_GRACE_S)


def _reason(log: Path) -> str:
    """The first line that is meant for the user, else the last line."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    messages = [line.partition("lab: ")[2] for line in lines if "lab: " in line]
    return (messages[:1] or lines or ["it said nothing"])[-1]
