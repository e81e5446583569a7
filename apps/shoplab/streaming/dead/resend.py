"""Dead letters -> the events topic again, as they are or mended."""

from collections.abc import Sequence

from shoplab.core.kafka import LARGEST_DEAD
from shoplab.core.settings import Settings
from shoplab.streaming.dead.letters import Letter, mark, read_records
from shoplab.streaming.sending import Sending, producer


def resend(settings: Settings, letters: Sequence[Letter], value: bytes | None = None) -> None:
    """Sends them under their own keys, and then marks them as sent again: of a run that was cut short some may be sent
    twice, and none is left out. value: in place of what the letters have.
    """
    client = producer(settings, settings.events_topic, **{"message.max.bytes": LARGEST_DEAD})
    sending = Sending(client, settings.events_topic)
    for record in read_records(settings, letters):
        sending.send(record.key(), record.value() if value is None else value)
    sending.settle()
    marking = Sending(client, settings.dead_topic)
    for letter in letters:
        marking.send(None, None, mark(letter))
    marking.settle()
