"""`./lab dead-letters`."""

import datetime as dt
import re
from pathlib import Path

import click

from shoplab.core.errors import LabError
from shoplab.core.settings import Settings

_SHOWN = 40  # characters of a record in the list


def _place(context: click.Context, argument: click.Parameter, text: str | None) -> tuple[int, int] | None:
    """Partition and offset."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,9})-(\d{1,18})", text, re.ASCII)
    if found is None:
        raise click.BadParameter(f"{text!r} is no PARTITION-OFFSET such as 0-15; see ./lab dead-letters list")
    return int(found[1]), int(found[2])


@click.group("dead-letters", short_help="Kafka records that are no events: list, show, send again.")
def dead_letters() -> None:
    """Records of the events topic that are no JSON object of an event. The stream puts them, as they came, into a topic
    of their own; a record is named by its partition and offset in the events topic.

    \b
    Examples:
      ./lab dead-letters list
      ./lab dead-letters resend 0-15 --value mended.json
    """


@dead_letters.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Records to list.")
@click.pass_obj
def list_letters(settings: Settings, limit: int) -> None:
    """Lists them, oldest first, with reason and first bytes.

    Example: ./lab dead-letters list --limit 100
    """
    from shoplab.core.console import one_line, table
    from shoplab.events.rows import shown
    from shoplab.streaming.dead.letters import read_letters

    letters = read_letters(settings)
    table(
        ["record", "arrived, UTC", "bytes", "reason", "", "begins with"],
        [
            (str(one.place), _time(one.arrived), one.size, one.reason, "resent" if one.place in letters.resent else "",
             "no value: a tombstone" if one.start is None else one_line(shown(one.start))[:_SHOWN])
            for one in letters.all[:limit]
        ],
    )  # fmt: skip
    if len(letters.all) > limit:
        click.echo(f"{len(letters.all) - limit:,} more; all of them: --limit {len(letters.all)}")


@dead_letters.command()
@click.argument("record", metavar="PARTITION-OFFSET", callback=_place)
@click.option("--raw", type=click.Path(path_type=Path), help="Write the record's bytes to this new file.")
@click.pass_obj
def show(settings: Settings, record: tuple[int, int], raw: Path | None) -> None:
    """Shows all that is known of one, or writes its bytes as they came.

    Example: ./lab dead-letters show 0-15 --raw record.bin
    """
    from shoplab.core.console import one_line
    from shoplab.core.private import write_new
    from shoplab.events.rows import shown
    from shoplab.streaming.dead.letters import read_letters, read_records, said_by

    letter = read_letters(settings).at(*record)
    [message] = read_records(settings, [letter])
    if raw is not None:
        write_new(raw, _bytes(message.value(), letter.place), "name another file")
        click.echo(f"{raw}: {letter.size:,} bytes")
        return
    known = said_by(message) | {"arrived": f"{_time(letter.arrived)} UTC", "bytes": f"{letter.size:,}"}
    for name, what in (("key", message.key()), ("value", message.value())):
        known[name] = "none" if what is None else shown(what)
    for name, text in known.items():
        click.echo(f"{name}: {one_line(text)}")


@dead_letters.command()
@click.argument("record", metavar="[PARTITION-OFFSET]", required=False, callback=_place)
@click.option("--all", "every", is_flag=True, help="All that were not sent again yet.")
@click.option("--value", type=click.Path(path_type=Path), help="A file with the bytes to send instead.")
@click.pass_obj
def resend(settings: Settings, record: tuple[int, int] | None, every: bool, value: Path | None) -> None:
    """Sends one, mended or not, or all to the events topic again, under their own keys, for the stream to take.

    \b
    Examples:
      ./lab dead-letters resend 0-15 --value mended.json
      ./lab dead-letters resend --all
    """
    if every == (record is not None) or (every and value is not None):
        raise click.UsageError("give one PARTITION-OFFSET, to which a --value may belong, or --all")
    from shoplab.streaming.dead.letters import read_letters
    from shoplab.streaming.dead.resend import resend as send_again

    there, content = read_letters(settings), None if value is None else _read(value)
    letters = [one for one in there.all if one.place not in there.resent] if record is None else [there.at(*record)]
    if letters:
        send_again(settings, letters, content)
    click.echo(f"{len(letters):,} sent to {settings.events_topic} again; ./lab stream takes them")


def _bytes(value: bytes | None, place: object) -> bytes:
    if value is None:
        raise LabError(f"the record {place} has no value: there is nothing to write")
    return value


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LabError(f"{path} can't be read: {error.strerror}") from None


def _time(ms: int) -> str:
    return f"{dt.datetime.fromtimestamp(ms / 1000, dt.UTC):%Y-%m-%d %H:%M:%S}"
