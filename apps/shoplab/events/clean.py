"""Text rows -> typed events, and for each bad row the reason. Batch and stream share these steps."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplab.core.schemas import EVENT, SOURCE_COLUMNS
from shoplab.core.vocabulary import PURCHASE, REFUND
from shoplab.events.mapping import Mapping
from shoplab.events.texts import AROUND, AS_TEXT, EXPONENT, FLOAT, NOTHING, SPACES, THOUSANDS
from shoplab.events.times import ISO, LAST_UNIX, NUMBER

SESSION_GAP_S = 30 * 60
_BLANK_IS_NULL = ("category_id", "category_code", "brand", "user_session")
_IDS = ("product_id", "user_id", "category_id", "user_session")
_TEXTS = (*_IDS, "category_code", "brand")
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"


def typed(rows: DataFrame, mapping: Mapping, days: tuple[str, str | Column]) -> DataFrame:
    """Adds EVENT's columns in their types, and `reason`: null for a good row. Input columns: SOURCE_COLUMNS as
    text, `fault`: why a row is none, else null, and `plain` (see `rows.ROWS`). days: the first and the last that events
    may be of (Settings.days); of what has no end, the last one of each row.

    Blank category_code, brand, price, quantity and user_session become null, as do words such as NULL and nan; spaces
    around a value are none of it, of whatever kind; an id 13085.0 is 13085. A purchase of a negative quantity is a
    refund of the positive one.
    """
    read = rows.withColumns({name: _text(name) for name in SOURCE_COLUMNS})
    parsed = read.withColumns(
        {
            "_time": _event_time(F.col("event_time"), mapping.time_formats),
            "_type": _event_type(F.col("event_type"), mapping),
            "_price": _number("price", mapping.decimal),
            "_quantity": _number("quantity", mapping.decimal),
        }
    )
    events = (
        parsed.withColumn("reason", _reason(*days)).withColumns(_values()).withColumn("date", F.to_date("event_time"))
    )
    return events.drop("_time", "_type", "_price", "_quantity")


def _text(name: str) -> Column:
    """A value as it is meant."""
    return F.when(F.col("plain"), F.col(name)).otherwise(_meant(name))


def _meant(name: str) -> Column:
    ascii_alone = F.octet_length(name) == F.length(name)  # then the pattern means no more than this, and costs 20 times
    trimmed = F.when(ascii_alone, F.btrim(name, F.lit(SPACES))).otherwise(F.regexp_replace(name, AROUND, ""))
    if name in ("price", "quantity"):
        return trimmed
    known = F.when(~F.lower(trimmed).isin(*NOTHING), trimmed)
    if name not in _IDS:
        return known
    return F.regexp_replace(F.regexp_replace(known, AS_TEXT, "$1$2"), FLOAT, "$1")


def _number(name: str, decimal: str) -> Column:
    written = F.col(name)
    text = written if decimal == "." else F.when(~written.rlike(THOUSANDS), F.translate(name, decimal, "."))
    return F.when(F.col("plain") | text.rlike(NUMBER), text.try_cast("double"))


def _has_exponent(name: str) -> Column:
    return ~F.col("plain") & F.col(name).rlike(EXPONENT)


def _values() -> dict[str, Column]:
    """EVENT's columns that are not taken as they are, from the parsed ones."""
    texts = {name: F.nullif(F.col(name), F.lit("")) for name in _BLANK_IS_NULL}
    taken_back = (F.col("_type") == PURCHASE.name) & (F.col("_quantity") < 0)
    return texts | {
        "event_time": F.col("_time"),
        "event_type": F.when(taken_back, REFUND.name).otherwise(F.col("_type")),
        "price": F.col("_price"),
        "quantity": F.when(_is_whole("_quantity"), F.abs("_quantity").cast("long")),
    }


def good(rows: DataFrame) -> DataFrame:
    """The rows without a reason against them, with EVENT's columns; user_session may still be null."""
    return rows.where(F.col("reason").isNull()).select(*EVENT.names)


def good_events(rows: DataFrame) -> DataFrame:
    """EVENT rows of the good rows, each once, sessions filled where they are missing."""
    events = good(rows)
    return with_session(events).unionByName(fill_sessions(without_session(events))).distinct()


def with_session(events: DataFrame) -> DataFrame:
    return events.where("user_session is not null")


def without_session(events: DataFrame) -> DataFrame:
    return events.where("user_session is null")


def fill_sessions(events: DataFrame) -> DataFrame:
    """Gives events without user_session one by the 30-minute gap: a new session starts after 30 minutes of silence.

    The id is the user's and the start of the session, so that the same events always get the same ids.
    """
    by_user = Window.partitionBy("user_id").orderBy("event_time")
    since_last = F.unix_timestamp("event_time") - F.unix_timestamp(F.lag("event_time").over(by_user))
    starts = F.when(since_last.isNull() | (since_last > SESSION_GAP_S), F.col("event_time"))
    start = F.last(starts, ignorenulls=True).over(by_user.rowsBetween(Window.unboundedPreceding, 0))
    made = F.concat_ws("-", F.col("user_id"), F.date_format(start, "yyyyMMdd'T'HHmmss"))
    return events.withColumn("user_session", made)


def _reason(first_day: str, last_day: str | Column) -> Column:
    """The first thing wrong with a row, in the order a reader would look."""
    latest, late = (F.lit(last_day), last_day) if isinstance(last_day, str) else (last_day, "the day after it arrived")
    has_quantity = F.coalesce(F.col("quantity"), F.lit("")) != ""
    checks = [
        (F.coalesce(F.col("event_time"), F.lit("")) == "", "no event_time"),
        (F.col("_time").isNull(), "event_time is not a time"),
        (F.to_date("_time") < F.lit(first_day).cast("date"), f"event_time is before {first_day}"),
        (F.to_date("_time") > latest.cast("date"), f"event_time is after {late}"),
        (F.coalesce(F.col("event_type"), F.lit("")) == "", "no event_type"),
        (F.col("_type").isNull(), "unknown event_type"),
        *[(F.coalesce(F.col(c), F.lit("")) == "", f"no {c}") for c in ("product_id", "user_id")],
        *[(_has_exponent(c), f"{c} has an exponent: digits are lost") for c in _IDS],
        (~F.col("plain") & F.concat_ws(" ", *_TEXTS).rlike(_CONTROL), "a control character in it"),
        (F.col("_price").isNull() & (F.coalesce(F.col("price"), F.lit("")) != ""), "price is not a number"),
        (F.isnan("_price") | (F.abs("_price") > 1e12), "price is not a number"),
        (F.col("_price") < 0, "price is negative"),
        (has_quantity & ~F.coalesce(_is_whole("_quantity"), F.lit(False)), "quantity is not a whole number"),
        (F.col("_quantity") == 0, "quantity is 0"),
        ((F.col("_quantity") < 0) & ~F.col("_type").isin(PURCHASE.name, REFUND.name), "quantity is negative"),
    ]
    return F.coalesce("fault", *[F.when(condition, F.lit(reason)) for condition, reason in checks])


def _is_whole(name: str) -> Column:
    """Also false for NaN, for infinity, and for what no shop sells at once."""
    return (F.col(name) % 1 == 0) & (F.abs(name) <= 1e12)


def _event_time(text: Column, time_formats: list[str]) -> Column:
    is_iso = F.col("plain") if time_formats == ["iso"] else F.lit(False)  # of a plain row nothing else can be
    return F.coalesce(*[_time_in(text, time_format, is_iso | text.rlike(ISO)) for time_format in time_formats])


def _time_in(text: Column, time_format: str, is_iso: Column) -> Column:
    if time_format in ("unix", "unix_ms"):
        seconds = F.when(text.rlike(NUMBER), text.try_cast("double")) / (1000 if time_format == "unix_ms" else 1)
        return F.when(F.abs(seconds) < LAST_UNIX, F.timestamp_micros((seconds * 1_000_000).cast("long")))
    if time_format != "iso":
        return F.try_to_timestamp(text, F.lit(time_format))
    return F.when(is_iso, text.try_cast("timestamp"))


def _event_type(text: Column, mapping: Mapping) -> Column:
    word = F.lower(text)
    return F.coalesce(*[F.when(word == theirs, F.lit(ours)) for theirs, ours in mapping.words.items()])
