"""How Spark's work is cut and ordered: parts of a shuffle, jobs beside each other."""

import threading

import pytest
from pyspark.sql import SparkSession

from shoplab.core.frames import fit_shuffles, side_by_side


@pytest.mark.parametrize(("size", "parts"), [(0, 0), (9 << 20, 2), (1 << 30, 128)])
def test_a_shuffle_has_parts_by_bytes_and_one_for_each_core(spark: SparkSession, size: int, parts: int) -> None:
    before = spark.conf.get("spark.sql.shuffle.partitions")
    fit_shuffles(spark, size)
    assert spark.conf.get("spark.sql.shuffle.partitions") == str(max(parts, spark.sparkContext.defaultParallelism))
    spark.conf.set("spark.sql.shuffle.partitions", before)


def test_two_jobs_are_under_way_at_a_time() -> None:
    together = threading.Barrier(2, timeout=30)
    side_by_side([together.wait] * 4)


def test_after_an_error_no_job_is_begun() -> None:
    failed = threading.Event()
    begun: list[int] = []

    def fail() -> None:
        failed.set()
        raise ValueError("no")

    def work() -> None:
        failed.wait(30)
        begun.append(1)

    with pytest.raises(ValueError, match="no"):
        side_by_side([fail, *[work] * 20_000])
    assert len(begun) < 20_000
