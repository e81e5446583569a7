"""The servers' jars: named with checksums in images/jars.lock, fetched once into the cache, verified before use."""

import errno
import hashlib
import os
import re
import shutil
import sys
import zipfile
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from threading import Event

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from shoplab.core.errors import ServiceError
from shoplab.core.settings import REPO, Settings, load_settings
from shoplab.core.toolchain.alone import alone
from shoplab.core.toolchain.download import Download, Stopped, open_session

LOCK = REPO / "images" / "jars.lock"
GROUPS = ("hadoop", "kafka", "spark-kafka")
BUNDLED = REPO / "bundle" / "jars"  # of `./lab bundle`, unpacked
THREADS = 8


@dataclass(frozen=True)
class Jar:
    """One line of jars.lock: `groups group:artifact:version[:classifier] size sha256`, groups separated by commas."""

    groups: tuple[str, ...]
    coordinate: str
    size: int
    sha256: str

    @property
    def path(self) -> str:
        """Its place in a Maven repository, and in our cache."""
        group, artifact, version, *classifier = self.coordinate.split(":")
        return f"{group.replace('.', '/')}/{artifact}/{version}/{'-'.join([artifact, version, *classifier])}.jar"


def parse(text: str) -> list[Jar]:
    """The jars of a lock file. Lines that start with # are comments."""
    rows = (line.split() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return [Jar(tuple(groups.split(",")), coordinate, int(size), sha256) for groups, coordinate, size, sha256 in rows]


def ensure(settings: Settings, group: str) -> list[Path]:
    """Paths of a group's jars ("hadoop", "kafka" or "spark-kafka") in the lock's order, fetching what the cache lacks.

    Jars that are there are trusted by size: each was verified when it came in. ServiceError where one can't be had.
    """
    return ensure_all(settings, group)[group]


def ensure_all(settings: Settings, *groups: str) -> dict[str, list[Path]]:
    """The same for several groups, with one progress bar."""
    root = settings.cache / "jars"
    wanted = [jar for jar in parse(LOCK.read_text()) if set(groups) & set(jar.groups)]
    take_bundled(BUNDLED, root, missing(root, wanted))
    if missing(root, wanted):
        _fetch_missing(settings, root, wanted)
    return {group: [root / jar.path for jar in wanted if group in jar.groups] for group in groups}


def missing(root: Path, wanted: list[Jar]) -> list[Jar]:
    """The jars that are not in the cache at their full size."""
    return [jar for jar in wanted if not _is_whole(root / jar.path, jar.size)]


def take_bundled(bundled: Path, root: Path, wanted: list[Jar]) -> None:
    """Copies jars from a bundle into the cache, those whose checksums are right."""
    for jar in wanted:
        source, target = bundled / jar.path, root / jar.path
        if source.is_file() and hashlib.sha256(source.read_bytes()).hexdigest() == jar.sha256:
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f"{target.name}.{os.getpid()}")
            shutil.copyfile(source, partial)
            partial.replace(target)


def _is_whole(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _fetch_missing(settings: Settings, root: Path, wanted: list[Jar]) -> None:
    if settings.offline:
        lacking = missing(root, wanted)
        raise ServiceError(
            f"{len(lacking)} server jars ({sum(jar.size for jar in lacking) / 1e6:.0f} MB) are not in {root}, and "
            "SHOPLAB_OFFLINE is set; unset it where there is a network, or copy that folder from a machine that has it"
        )
    try:
        with alone(root, "fetching the server jars"):
            _fetch(root, missing(root, wanted))
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = "free some space" if full else "check the folder, or name another: SHOPLAB_CACHE=/path"
        raise ServiceError(
            f"the server jars can't be stored in {root}: {error.strerror}; {hint}, then run again"
        ) from None


def _fetch(root: Path, jars: list[Jar]) -> None:
    """Fetches jars side by side. The first failure stops the others; parts stay and are continued next time."""
    if not jars:
        return
    stop, url = Event(), maven_url()
    columns = (TextColumn("lab: fetching the server jars"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress, open_session(THREADS) as session:
        bar = progress.add_task("", total=sum(jar.size for jar in jars))
        advance = partial(progress.advance, bar)
        downloads = [
            Download(session, url + jar.path, root / jar.path, jar.size, jar.sha256, advance, stop) for jar in jars
        ]
        _run_together(sorted(downloads, key=lambda download: -download.size), stop)


def _run_together(downloads: list[Download], stop: Event) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        futures = [pool.submit(download.run) for download in downloads]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
    for error in (future.exception() for future in done):
        if error is not None and not isinstance(error, Stopped):
            raise error


def maven_url() -> str:
    """The Maven repository: SHOPLAB_MAVEN_URL, or else that of `spark-submit --packages`, as PySpark's Ivy names it."""
    named = os.environ.get("SHOPLAB_MAVEN_URL")
    return f"{named.rstrip('/')}/" if named else _ivy_default()


def _ivy_default() -> str:
    with zipfile.ZipFile(ivy_jar()) as ivy:
        constants = ivy.read("org/apache/ivy/plugins/resolver/IBiblioResolver.class")
    found = re.search(rb"https://[\x21-\x7e]+/maven2/", constants)
    if found is None:
        raise ServiceError("PySpark's Ivy names no Maven repository; name one: SHOPLAB_MAVEN_URL=https://...")
    return found.group().decode()


def ivy_jar() -> Path:
    """The Ivy that PySpark ships."""
    pyspark = find_spec("pyspark")
    if pyspark is None or pyspark.origin is None:
        raise ServiceError("PySpark is not installed; start commands by ./lab")
    return next((Path(pyspark.origin).parent / "jars").glob("ivy-*.jar"))


def _copy(group: str, folder: str) -> None:
    """`python -m shoplab.core.toolchain.jars GROUP FOLDER`: a group's jars in one folder, for the images."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for jar in ensure(load_settings(), group):
        shutil.copy(jar, folder)


if __name__ == "__main__":
    _copy(*sys.argv[1:])
