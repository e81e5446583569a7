"""Records that are no events, from the stream to the topic of dead letters and back. In the order of a story: what the
last tests do, the first ones must not see.
"""

import logging
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from confluent_kafka.admin import AdminClient, NewTopic
from pyspark.sql import SparkSession

from shoplab.core.errors import LabError
from shoplab.core.frames import SparkCatalog
from shoplab.core.kafka import records_in_topic
from shoplab.core.settings import Settings
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.streaming.accounts import BatchAccount
from shoplab.streaming.audit.balance import balance
from shoplab.streaming.dead.commands import dead_letters
from shoplab.streaming.dead.letters import read_letters, read_records
from shoplab.streaming.job import LiveJob
from shoplab.streaming.reading import at, reader
from tests.streaming.conftest import drain
from tests.streaming.dead.conftest import CODECS, DEAD, EVERY_BYTE, LONG, Met, event, produce
from tests.streaming.topics import own_topic, values

ALL_DEAD = len(DEAD) + len(CODECS)


def command(settings: Settings, *words: str) -> Result:
    return CliRunner().invoke(dead_letters, words, obj=settings)


def drained(settings: Settings, spark: SparkSession) -> list[BatchAccount]:
    accounts: list[BatchAccount] = []
    drain(settings, spark, LiveJob(settings, EmbeddedStore(settings.home / "metrics.db"), accounts.append))
    return accounts


def test_records_of_any_codec_without_key_with_more_fields_or_long_are_events(met: Met) -> None:
    account = met.account
    assert (account.new, account.rejected, account.dead) == (21 * len(CODECS), ALL_DEAD, ALL_DEAD)
    assert f"{ALL_DEAD} rejected ({ALL_DEAD} dead letters)" in account.line()


def test_a_batch_done_again_sends_them_again_and_readers_see_each_once(met: Met) -> None:
    assert len(values(met.settings, met.settings.dead_topic)) == 2 * ALL_DEAD
    letters = read_letters(met.settings)
    assert len(letters.all) == ALL_DEAD
    found = balance(met.settings)
    assert (found.dead, found.faults, found.closes) == (ALL_DEAD, [], True)


def test_bytes_and_keys_are_those_that_came(met: Met) -> None:
    letters = [letter for letter in read_letters(met.settings).all if letter.place.partition == 0][: len(DEAD)]
    messages = list(read_records(met.settings, letters))
    assert [message.value() for message in messages] == DEAD
    assert {message.key() for message in messages} == {EVERY_BYTE}
    assert [letter.place.offset for letter in letters] == list(range(len(DEAD)))
    with reader(met.settings) as consumer:
        [original] = [message for _, message in at(consumer, met.settings.events_topic, 0, [1])]
    assert original.timestamp()[1] == letters[1].arrived


def test_the_list_is_safe_to_look_at(met: Met) -> None:
    shown = command(met.settings, "list", "--limit", "5")
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert [line.split()[0] for line in lines[1:6]] == ["0-0", "0-1", "0-2", "0-3", "0-4"]
    assert "hex:00010203" in lines[1]
    assert "a tombstone" in lines[3]
    assert "not a JSON object of an event" in lines[5]
    assert f"{ALL_DEAD - 5} more" in lines[6]
    assert not any(ord(character) < 32 for line in lines for character in line)


def test_one_is_shown_and_written_as_it_was(met: Met, tmp_path: Path) -> None:
    shown = command(met.settings, "show", "0-0").output
    assert f"topic-id: {met.account.topic}" in shown
    assert all(line in shown.splitlines() for line in ("partition: 0", "offset: 0", "bytes: 256"))
    raw = tmp_path / "raw"
    for place, value in (("0-0", EVERY_BYTE), ("0-1", LONG)):
        raw.unlink(missing_ok=True)
        assert command(met.settings, "show", place, "--raw", str(raw)).exit_code == 0
        assert raw.read_bytes() == value
    again = command(met.settings, "show", "0-0", "--raw", str(raw))
    assert isinstance(again.exception, LabError)
    assert raw.read_bytes() == LONG


@pytest.mark.parametrize("words", [["show", "0-999"], ["resend", "9-9"], ["show", "0-2", "--raw", "x"],
                                   ["resend", "0-0", "--value", "nosuch"]])  # fmt: skip
def test_what_is_not_there_is_one_line(met: Met, words: list[str]) -> None:
    error = command(met.settings, *words).exception
    assert isinstance(error, LabError)
    assert "\n" not in str(error)


@pytest.mark.parametrize("words", [["show", "0"], ["show", "0-x"], ["resend"], ["resend", "0-0", "--all"],
                                   ["resend", "--all", "--value", "x"], ["list", "--limit", "0"]])  # fmt: skip
def test_wrong_words_are_refused(settings: Settings, words: list[str]) -> None:
    assert command(settings, *words).exit_code == 2


def test_a_mended_one_becomes_an_event_and_is_not_sent_again(met: Met, spark: SparkSession, tmp_path: Path) -> None:
    settings, mended = met.settings, tmp_path / "mended.json"
    mended.write_bytes(event("mended"))
    before = records_in_topic(settings)
    assert command(settings, "resend", "0-4", "--value", str(mended)).exit_code == 0
    assert [account.new for account in drained(settings, spark)] == [1]
    events = SparkCatalog(settings, spark).read("events")
    assert events.where("product_id = 'mended'").count() == 1
    assert "resent" in command(settings, "list").output.splitlines()[5]
    assert f"{ALL_DEAD - 1} sent" in command(settings, "resend", "--all").output
    assert "0 sent" in command(settings, "resend", "--all").output
    assert records_in_topic(settings) == before + ALL_DEAD
    [account] = drained(settings, spark)  # not mended, they are none still, of other places
    assert (account.new, account.dead) == (0, ALL_DEAD - 1)
    assert (len(read_letters(settings).all), balance(settings).closes) == (2 * ALL_DEAD - 1, True)


def test_dead_letters_that_vanish_are_missed(met: Met) -> None:
    sent = balance(met.settings).dead
    admin = AdminClient({"bootstrap.servers": met.settings.kafka})
    admin.delete_topics([met.settings.dead_topic])[met.settings.dead_topic].result(30)
    assert balance(met.settings).faults == [f"{sent} records were sent to {met.settings.dead_topic}, 0 are there"]


def test_what_kafka_refuses_is_said_and_counted_and_the_stream_goes_on(
    lab: Settings, spark: SparkSession, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A topic of dead letters that takes less than the topic of events."""
    with own_topic(lab, "refused", tmp_path) as settings:
        admin = AdminClient({"bootstrap.servers": settings.kafka})
        small = NewTopic(settings.dead_topic, 1, 1, config={"max.message.bytes": "2000"})
        admin.create_topics([small])[settings.dead_topic].result(30)
        produce(settings, [(None, b"a"), (None, b"b" * 5_000), (None, b"c"), (None, LONG), (None, event("1"))])
        with caplog.at_level(logging.WARNING):
            [account] = drained(settings, spark)
        assert (account.new, account.rejected, account.dead) == (1, 4, 2)
        [said] = [record.getMessage() for record in caplog.records if settings.dead_topic in record.getMessage()]
        assert said == f"2 records that are no events could not go to {settings.dead_topic}: MSG_SIZE_TOO_LARGE"
        assert sorted(filter(None, values(settings, settings.dead_topic))) == [b"a", b"c"]
        assert balance(settings).closes
