"""Named places at which `./lab chaos` kills the stream: a file in the lab's run folder says at which one, once."""

import os
import signal
from pathlib import Path

POINTS = ("rows read", "state moved", "files written", "account written")


def plan(run_dir: Path, point: str) -> None:
    """The stream that comes by next dies there."""
    _file(run_dir).write_text(point, encoding="utf-8")


def is_planned(run_dir: Path) -> bool:
    return _file(run_dir).exists()


def crash_point(run_dir: Path, point: str) -> None:
    """Dies as by kill -9 where that was planned for this place."""
    if _file(run_dir).exists() and _file(run_dir).read_text(encoding="utf-8") == point:
        _file(run_dir).unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def _file(run_dir: Path) -> Path:
    return run_dir / "stream.crash-at"
