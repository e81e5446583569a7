"""The files in tests/events/inputs."""

from pathlib import Path

from tests.events.corpus.case import NAMES, Case, Event, Outcome

INPUTS = Path(__file__).parents[1] / "inputs"
_COLUMNS = "wrong number of columns"
_NO_PRICE = "price is not a number"
_NO_TIME = "event_time is not a time"


def _read(line: str) -> Event:
    """The event of one of base.csv's plain lines."""
    values: Event = {name: value or None for name, value in zip(NAMES, line.split(","), strict=True)}
    price = float(str(values["price"]))
    return values | {"event_time": str(values["event_time"]).removesuffix(" UTC"), "price": price, "quantity": None}


def _lines(name: str) -> list[str]:
    return (INPUTS / name).read_text().splitlines()[1:]


BASE: list[Outcome] = [_read(line) for line in _lines("base.csv")]


def _later(second: int, **values: object) -> Event:
    """One of the rows that stand below base's."""
    return {
        "event_time": f"2019-10-01 00:{4 + second // 60:02}:{second % 60:02}",
        "event_type": "view",
        "product_id": "1",
        "category_id": "2",
        "category_code": "a.b",
        "brand": "acme",
        "price": 1.5,
        "user_id": "7",
        "user_session": "s-e",
        "quantity": None,
    } | values


def _stored(name: str, *rows: Outcome, refused: str = "", map_file: str = "", map: str = "", also: str = "") -> Case:
    text = (INPUTS / map_file).read_text() if map_file else map
    return Case(f"{name}{also}", lambda _: INPUTS / name, rows, refused, text)


AS_BASE = [
    "2019-Oct [1].csv",
    "_events.csv",
    "base.csv",
    "case_twins.csv",
    "csv_named_bz2.csv.bz2",
    "csv_named_gz.csv.gz",
    "float_ids.csv",
    "gz_no_ext",
    "gz_zero_pad.csv.gz",
    "pipe_double.csv",
    "pq_case_twins.parquet",
    "pq_pandas_ns.parquet",
    "pq_time_extra.parquet",
    "pq_us_with_ns_extra.parquet",
    "zip_readme_first.zip",
]

_FURTHER: dict[str, list[Outcome]] = {
    "backslash_quote.csv": [
        _later(0, brand='ac "me" co', price=10.5),
        _later(0, brand='x ", y', price=10.5, user_id="8", user_session="s-f"),
    ],
    "latin1_brand.csv": ["not UTF-8: byte 0xe9", "not UTF-8: byte 0xe8"],
    "nul_in_brand_early.csv": ["a control character in it"],
    "quoted_newline.csv": [_later(0, brand="acme\ninc", price=10.5)],
    "ragged.csv": [_COLUMNS] * 4,
    "null_ids.csv": [
        *["no user_id"] * 7,
        _later(7, event_type="purchase", product_id="8", user_id="-", user_session="s7"),
        _later(8, event_type="purchase", product_id="9", user_id="0", user_session="s8"),
        "no user_id",
    ],
    "price_forms.csv": [
        *[_NO_PRICE] * 3,
        _later(3, price=120.0),
        *[_NO_PRICE] * 6,
        _later(10, price=0.0),
        _later(11, price=5.0),
        _later(12, price=0.5),
        _later(13, price=5.0),
        *[_NO_PRICE] * 7,
        _later(21, price=12.0),
        *[_NO_PRICE] * 2,
    ],
}

_TIMES = [  # of the 34 rows in times.csv; None: no time
    "2019-09-30 21:00:00", "2019-09-30 21:00:00", None, "2019-10-01 05:00:00", "2019-10-01 07:00:00",
    "2019-09-30 21:00:00", "2019-09-30 21:00:00", "2019-10-01 00:00:00", "2019-10-01 00:00:00.123456",
    "2019-10-01 00:00:00", "2019-10-01 00:00:00", *[None] * 11, "2019-10-01 00:00:00", None,
    "2019-10-01 00:00:00", None, "2019-10-01 00:00:00", None, None, "2019-03-31 01:30:00", "2019-10-27 00:30:00",
]  # fmt: skip


def _times() -> list[Outcome]:
    found: list[Outcome] = []
    for line in _lines("times.csv")[6:40]:
        rest = line.split(",", 1)[1]
        number = len(found)
        at = _TIMES[number] if number < len(_TIMES) else None
        age = {31: "event_time is before 2000-01-01", 32: "event_time is after 2030-12-31"}.get(number, _NO_TIME)
        found.append(_read(f"{at},{rest}") if at else age)
    return [*BASE, *found, *map(_read, _lines("times.csv")[40:])]


def _swapped() -> list[Outcome]:
    november = [
        {**each, "event_time": str(each["event_time"]).replace("2019-10", "2019-11")}
        for each in BASE
        if isinstance(each, dict)
    ]
    return [*BASE, *november]


def _all_but(name: str, reasons: dict[int, str]) -> list[Outcome]:
    """Plain lines, and reasons for others by their place from 0."""
    return [reasons.get(place) or _read(line.replace('"', "")) for place, line in enumerate(_lines(name))]


CASES = [
    *[_stored(name, *BASE, map="") for name in AS_BASE],
    *[_stored(name, *BASE, *rows) for name, rows in _FURTHER.items()],
    _stored(
        "latin1_brand.csv",
        *BASE,
        _later(0, brand="Nestlé", price=10.5),
        _later(1, brand="Nestlè", price=10.5),
        map="encoding: latin-1",
        also=" by a map",
    ),
    _stored("semicolon_decimal_comma.csv", *BASE, map='decimal: ","'),
    _stored("times.csv", *_times()),
    _stored("zip_swapped.zip", *_swapped()),
    _stored("unclosed_quote_mid.csv", *_all_but("unclosed_quote_mid.csv", {10: "a quote is not closed"})),
    _stored("p_past.csv", *_all_but("p_past.csv", {1000: "event_time is before 2000-01-01"})),
    _stored("p_future.csv", *_all_but("p_future.csv", {1000: "event_time is after 2030-12-31"})),
    _stored("p_odd_users.csv", *_all_but("p_odd_users.csv", {})),
    _stored("p_price_outlier.csv", *_all_but("p_price_outlier.csv", {})),
    _stored("fake.xlsx", refused="save it as CSV"),
    _stored("pipe_double.csv", refused="delimiter must be one character", map_file="map_double.yaml", also=" by a map"),
    _stored("base.csv", refused="time_format is no pattern of Spark's", map_file="map_strftime.yaml", also=" strftime"),
    _stored("base.csv", refused="time_format is no pattern", map_file="map_badpattern.yaml", also=" bad pattern"),
    _stored("semicolon_decimal_comma.csv", *[_NO_PRICE] * 4, *BASE[4:], map_file="map_semi.yaml", also=" by a point"),
]
