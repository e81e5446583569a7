"""Do the dead letters that are there add up to those that the stream sent?"""

from collections.abc import Sequence

from shoplab.core.settings import Settings
from shoplab.streaming.accounts import BatchAccount
from shoplab.streaming.dead.letters import read_letters


def dead_faults(settings: Settings, topic: str, accounts: Sequence[BatchAccount]) -> list[str]:
    """What the topic of dead letters has too few or too many of the records of a topic, by its id and its batches'
    accounts. A batch that was cut short has sent some already; what Kafka deleted for want of room is not missed.
    """
    sent, taken = sum(account.dead for account in accounts), accounts[-1].ends if accounts else {}
    letters = read_letters(settings)
    places = [letter.place for letter in letters.all if letter.place.topic == topic]
    there = sum(place.offset < taken.get(str(place.partition), 0) for place in places)
    if there > sent or (there < sent and letters.is_whole):
        return [f"{sent:,} records were sent to {settings.dead_topic}, {there:,} are there"]
    return []
