"""The two files of an evaluation -> what was done before the split, and after it."""

import datetime as dt
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from shoplab.core.console import Say
from shoplab.core.errors import LabError
from shoplab.core.frames import kept
from shoplab.core.settings import Settings
from shoplab.core.spark import spark_session
from shoplab.events.mapping import given
from shoplab.events.rows_spark import readable
from shoplab.events.sources import SourceFile, inspect
from shoplab.recommend.data.log import Log
from shoplab.recommend.data.read_log import read_log, read_products
from shoplab.recommend.evaluate import events, lines
from shoplab.recommend.evaluate.grouping import UserSegments, segment_users


@dataclass(frozen=True)
class Split:
    """Both logs on the training part's products. segments: its users'. lines: read from files of a session per
    line. repeated: test visits that are in the training part too. notes: what the reader should know.
    """

    train: Log
    test: Log
    segments: UserSegments | None
    lines: bool
    repeated: int
    notes: tuple[str, ...]


def read_split(
    settings: Settings, train: Path, test: Path, by_user: bool, map_name: str | None, seed: int, say: Say
) -> Split:
    """LabError: a file that is damaged, of another kind than the other, or a test part before the training part.

    by_user: the protocol needs users. Segments are looked for only then.
    """
    as_lines = [map_name is None and lines.is_lines(path) for path in (train, test)]
    if all(as_lines):
        if by_user:
            raise LabError(f"{train} holds sessions without users and times; use: ./lab evaluate next-item")
        return _of_lines(train, test)
    if any(as_lines):
        raise LabError(f"{train} and {test}: one holds a session per line, the other events; give two of one kind")
    mapping = given(map_name)
    sources = inspect(train, mapping), inspect(test, mapping)
    with spark_session(settings, "evaluate") as spark:
        return read_events(spark, sources, settings.days, by_user, seed, say)


def _of_lines(train: Path, test: Path) -> Split:
    past, next_ = lines.read_sessions(train), lines.read_sessions(test)
    products = lines.products_of(past)
    known = set(past.texts())
    repeated = sum(text in known for text in next_.texts())
    log, later = lines.log_of(past, products), lines.log_of(next_, products, after=past)
    return Split(log, later, None, True, repeated, _notes(log, later, repeated, "test lines are training lines too"))


def read_events(
    spark: SparkSession,
    sources: tuple[SourceFile, SourceFile],
    days: tuple[str, str],
    by_user: bool,
    seed: int,
    say: Say,
) -> Split:
    """Two event files, with the given session."""
    notes: list[str] = []
    with ExitStack() as stack:
        say(f"reading {sources[0].path.name}")
        past = _events(spark, sources[0], days, notes.append, stack)
        products = read_products(past)
        train = read_log(past, products)
        say(f"reading {sources[1].path.name}")
        test = read_log(_events(spark, sources[1], days, notes.append, stack), products)
        _refuse_empty(train, test, sources)
        _refuse_disorder(train, test, sources)
        say("segments of the users")
        segments = segment_users(past, train, seed) if by_user else None
    repeated = len(set(train.visit_ids) & set(test.visit_ids))
    said = "test sessions begin in the training file"
    return Split(train, test, segments, False, repeated, (*notes, *_notes(train, test, repeated, said)))


def _events(spark: SparkSession, source: SourceFile, days: tuple[str, str], note: Say, stack: ExitStack) -> DataFrame:
    uris = stack.enter_context(readable(source))
    return stack.enter_context(kept(events.read_good(spark, source, uris, days, note)))


def _refuse_empty(train: Log, test: Log, sources: tuple[SourceFile, SourceFile]) -> None:
    for log, source in zip((train, test), sources, strict=True):
        if not len(log):
            raise LabError(f"{source.path} has no view, cart or purchase; give a file with some")


def _refuse_disorder(train: Log, test: Log, sources: tuple[SourceFile, SourceFile]) -> None:
    """Who learns from a later day than it is asked about has seen the answers."""
    end, begin = train.now, float(test.times.min())
    if end > begin:
        raise LabError(
            f"{sources[1].path} begins at {_utc(begin)}, before {sources[0].path} ends at {_utc(end)};"
            " give the earlier file as --train, and cut both at one moment"
        )


def _utc(seconds: float) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def _notes(train: Log, test: Log, repeated: int, how: str) -> tuple[str, ...]:
    notes = []
    if repeated:
        notes.append(f"{repeated:,} of {len(test):,} {how}; they stay in")
    if not (test.items >= 0).any():
        notes.append("no item of the test part was met in training: nothing can be found, all figures are 0")
    return tuple(notes)
