"""What a user names -> the files to read: files, folders of them, and what is piped in."""

import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from shoplab.core.errors import LabError
from shoplab.events.mapping import Mapping
from shoplab.events.sources import SourceFile, inspect

PIPE = Path("-")
_PIPED = "standard-input"
_UNFINISHED = (".crdownload", ".part", ".partial", ".download", ".filepart")  # of browsers and FTP programs
_TABLES = {"_delta_log": "a Delta", ".hoodie": "a Hudi"}  # by what stands in their folders
_ICEBERG = re.compile(r"(v\d+|\d{5}-.+)\.metadata\.json")
_PASSING = ("_temporary", "_spark_metadata")  # Spark's own


@contextmanager
def named(paths: Sequence[Path], work: Path) -> Iterator[list[Path]]:
    """The paths themselves; what is piped in lies in a file below `work` for as long."""
    if PIPE not in paths:
        yield list(paths)
        return
    if sys.stdin.isatty():
        raise LabError('"-" reads what is piped in, such as: zcat 2019-Oct.csv.gz | ./lab ingest -')
    folder = work / "piped"
    folder.mkdir(parents=True, exist_ok=True)
    piped = folder / _PIPED
    try:
        with piped.open("wb") as out:
            shutil.copyfileobj(sys.stdin.buffer, out, 1 << 20)
        piped.chmod(0o644)  # a container of the lab reads it; on this machine nobody else gets into the folder
        yield [piped if path == PIPE else path for path in paths]
    finally:
        piped.unlink(missing_ok=True)


def inspect_all(paths: Sequence[Path], mapping: Mapping | None) -> tuple[list[SourceFile], list[str]]:
    """Looks at every file before the first is taken in; and says what in a folder is no table of events. LabError: a
    file that can't be read, or a folder without any that can.
    """
    sources: list[SourceFile] = []
    left_out: list[str] = []
    for path in paths:
        if path.is_dir():
            found, refused = _in_folder(path, mapping)
            sources, left_out = [*sources, *found], [*left_out, *refused]
        else:
            sources.append(inspect(path, mapping))
    return _each_once(sources), left_out


def _in_folder(folder: Path, mapping: Mapping | None) -> tuple[list[SourceFile], list[str]]:
    sources, refused = [], []
    for path in _files(folder, set()):
        try:
            if path.suffix in _UNFINISHED:
                raise LabError(f"{path} is a download that is not finished")
            sources.append(inspect(path, mapping))
        except LabError as error:
            refused.append(f"left out: {error}")
    if not sources:
        refused.sort(key=lambda words: words.endswith("is empty"))  # a _SUCCESS says nothing
        raise LabError(f"{folder} has no file of events{': ' + refused[0] if refused else ''}")
    return sources, refused


def _files(folder: Path, seen: set[Path]) -> list[Path]:
    """All below it but hidden ones, by name. seen: folders, which links may lead to again."""
    if folder.resolve() in seen:
        return []
    seen.add(folder.resolve())
    try:
        inside = sorted(path for path in folder.iterdir() if path.name in _TABLES or not path.name.startswith("."))
        for path in inside:
            if path.name in _TABLES or (folder.name == "metadata" and _ICEBERG.fullmatch(path.name)):
                raise LabError(
                    f"{folder} is of {_TABLES.get(path.name, 'an Iceberg')} table: in its files stand rows, too, that"
                    " were deleted or changed; write it out as Parquet, then take that in"
                )
        known = [path for path in inside if path.name not in _PASSING]
        return [file for path in known for file in (_files(path, seen) if path.is_dir() else [path])]
    except OSError as error:
        raise LabError(f"{folder} can't be read: {error.strerror}") from None


def _each_once(sources: list[SourceFile]) -> list[SourceFile]:
    return list({source.path.resolve(): source for source in sources}.values())
