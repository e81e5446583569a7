from pyspark.sql import SparkSession

from shoplab.behaviour.sequences import sequences


def test_planted_sequences_are_found_with_their_share(spark: SparkSession) -> None:
    rows = [("u", f"s{i}", ["view", "view", "cart", "view", "purchase"], ["a.phone"] * 5) for i in range(30)]
    rows += [("u", f"t{i}", ["view", "view"], ["a.phone", "b.shoes"]) for i in range(30)]
    rows += [("u", f"r{i}", ["view"], [None]) for i in range(40)]
    table = spark.createDataFrame(
        rows, "user_id string, user_session string, steps array<string>, categories array<string>"
    )
    made = {(row["kind"], row["sequence"]): row.asDict() for row in sequences(table, 100).collect()}
    found = made["event", "view > cart > purchase"]
    assert (found["length"], found["sessions"], found["share"]) == (3, 30, 0.3)
    assert made["event", "view > view"]["sessions"] == 30  # runs are folded, so two views alone are none
    assert made["event and category", "view phone > view shoes"]["sessions"] == 30
    assert made["event and category", "view phone > cart phone > view phone > purchase phone"]["length"] == 4
    assert min(row["length"] for row in made.values()) == 2


def test_sessions_of_one_step_hold_no_sequence(spark: SparkSession) -> None:
    schema = "user_id string, user_session string, steps array<string>, categories array<string>"
    assert sequences(spark.createDataFrame([("u", "s", ["view"], [None])], schema), 1).count() == 0
    assert sequences(spark.createDataFrame([], schema), 0).count() == 0
