"""Steps of sessions -> their frequent sequences, by PrefixSpan (Pei et al. 2001, ICDE) of Spark ML."""

from functools import reduce

from pyspark.ml.fpm import PrefixSpan
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplab.behaviour.paths import SEPARATOR, folded
from shoplab.core.frames import kept

MOST_SESSIONS = 50_000  # a sample of them: a share of 1 % is then known to within 0.1 %
MOST_STEPS = 50  # of a session, repeats folded
MIN_SUPPORT = 0.005  # share of the sessions of two steps or more: the others hold no sequence
LONGEST = 4
MOST_SEQUENCES = 50  # of each kind
_HASHES = 1 << 20


def sampled(events: DataFrame, sessions: int) -> DataFrame:
    """The events of at most about MOST_SESSIONS of so many sessions, always the same ones."""
    place = F.pmod(F.xxhash64("user_id", "user_session"), F.lit(_HASHES))
    return events.where(place < _HASHES * MOST_SESSIONS / max(sessions, 1))


def sequences(steps: DataFrame, sessions: int) -> DataFrame:
    """Grain: one (kind, sequence) of 2 to 4 steps that follow each other, with others between them or not.

    kind "event": "view > cart"; "event and category": the last part of the category code follows the event, "view
    smartphone > cart smartphone"; the 50 most frequent of each. share: of sessions that hold it; sessions: that share
    of all of them. `steps`: of sampled sessions; `sessions`: how many there are. Unlike other steps it works when it
    is called: Spark ML's does.
    """
    kinds = {"event": F.col("steps"), "event and category": _with_leaf()}
    walks = [F.slice(folded(steps), 1, MOST_STEPS).alias(kind) for kind, steps in kinds.items()]
    with kept(steps.select(*walks)) as sample:
        return reduce(DataFrame.unionByName, [_frequent(sample, kind, sessions) for kind in kinds]).localCheckpoint()


def _frequent(sample: DataFrame, kind: str, sessions: int) -> DataFrame:
    one_each = F.transform(F.col(kind), lambda step: F.array(step)).alias("sequence")
    miner = PrefixSpan(minSupport=MIN_SUPPORT, maxPatternLength=LONGEST, sequenceCol="sequence")
    found = miner.findFrequentSequentialPatterns(sample.where(F.size(kind) > 1).select(one_each).coalesce(4))
    share = F.col("freq") / F.col("sampled")
    longer = found.where(F.size("sequence") > 1).crossJoin(F.broadcast(sample.agg(F.count("*").alias("sampled"))))
    named = longer.select(
        F.lit(kind).alias("kind"),
        F.array_join(F.flatten("sequence"), SEPARATOR).alias("sequence"),
        F.size("sequence").alias("length"),
        F.round(share * sessions).cast("long").alias("sessions"),
        share.alias("share"),
    )
    return named.sort(F.desc("share"), "sequence").limit(MOST_SEQUENCES)


def _with_leaf() -> Column:
    def named(step: Column, place: Column) -> Column:
        return F.concat_ws(" ", step, F.substring_index(F.get("categories", place), ".", -1))

    return F.transform("steps", named)
