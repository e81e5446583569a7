"""JSON, a line or otherwise."""

import json

from tests.events.corpus.case import Case, Outcome, csv, event, row, written

_NO_OBJECT = "not a JSON object of an event"
_LINE = json.dumps(row())


def _with(**parts: str) -> str:
    """A line with these values as they stand in JSON."""
    return _with_keys({f'"{name}"': text for name, text in parts.items()})


def _with_keys(parts: dict[str, str]) -> str:
    whole = {json.dumps(name): json.dumps(value) for name, value in row().items()} | parts
    return "{" + ", ".join(f"{name}: {value}" for name, value in whole.items()) + "}"


def _lines(name: str, *lines: tuple[str, Outcome | None], map: str = "") -> Case:
    content = "".join(f"{line}\n" for line, _ in lines)
    return written(
        name, content, *[outcome for _, outcome in lines if outcome is not None], map=map, file="events.jsonl"
    )


_NO_BRAND = json.dumps({name: value for name, value in row().items() if name not in ("brand", "price", "user_session")})

CASES = [
    _lines("JSON lines", (_LINE, event()), (_LINE, event())),
    _lines("keys in another order", (_LINE, event()), (json.dumps(dict(reversed(row().items()))), event())),
    _lines("missing keys", (_NO_BRAND, event(brand=None, price=None, user_session=None)), (_LINE, event())),
    _lines(
        "null",
        (_with(brand="null", price="null", user_id="null"), "no user_id"),
        (_with(brand="null"), event(brand=None)),
    ),
    _lines(
        "keys that come later than is looked at",
        *[(_NO_BRAND, event(brand=None, price=None, user_session=None))] * 1001,
        (_with_keys({'"quantity"': "2"}), event(quantity=2)),
    ),
    _lines(
        "numbers",
        (_with(user_id="7", price="9.99", product_id="1.0"), event()),
        (_with(user_id="541312140.0", product_id="5.4131214e8"), event(user_id="541312140", product_id="541312140")),
        (_with(user_id="123456789012345678901"), "user_id has an exponent: digits are lost"),
        (_with(user_id="18446744073709551615"), event(user_id="18446744073709551615")),
        (_with(user_id="9007199254740993.0"), "user_id has an exponent: digits are lost"),
        (_with(price="1e2"), event(price=100.0)),
        (_with(price="-0.0"), event(price=0.0)),
        (_with(price="1e400"), _NO_OBJECT),
        (_with(price="1e-7"), event(price=1e-7)),
        (_with(user_id="true"), event(user_id="true")),
        (_with(price="NaN"), _NO_OBJECT),
        (_with(price="Infinity"), _NO_OBJECT),
        (_with(user_id="007"), _NO_OBJECT),
    ),
    _lines(
        "nested values",
        (_with(brand='{"a": 1}'), "brand is not a single value"),
        (_with(user_id="[7]"), "user_id is not a single value"),
        (_LINE, event()),
    ),
    _lines("nested values that are not used", (_with(tags='["a"]', shop='{"id": 1}'), event()), (_LINE, event())),
    _lines("a key twice", (_LINE, event()), (_LINE[:-1] + ', "user_id": "8"}', "a key stands twice in it")),
    _lines("two objects in a line", (_LINE, event()), (_LINE + _LINE, _NO_OBJECT), (f"{_LINE}, {_LINE}", _NO_OBJECT)),
    _lines("far more depth than is read", (_LINE, event()), (_with(x='{"a": ' * 900 + "1" + "}" * 900), event())),
    written("events in a list that no map names", f'{{"rows": [{_LINE}]}}\n', refused='say each: "rows"'),
    written("events within another object", f'{{"data": {_LINE}}}\n', refused="jq -c '.data'"),
    written(
        "an event within an envelope with its schema",
        json.dumps({"schema": {"type": "struct"}, "payload": {"before": None, "after": row(), "op": "c"}}) + "\n",
        refused="jq -c '.payload.after'",
    ),
    written(
        "a table by its columns, as pandas.to_json() writes it",
        json.dumps({name: {"0": value, "1": value} for name, value in row().items()}),
        refused='to_json(FILE, orient="records", lines=True)',
    ),
    written(
        "types around values, as mongoexport writes them",
        json.dumps({**row(), "event_time": {"$date": "2019-10-01T00:00:00Z"}}) + "\n",
        refused='each event_time within an object, {"$date": …}',
    ),
    written(
        "types around values, as Avro's tools write them",
        json.dumps({name: {"string": value} for name, value in row().items()}) + "\n",
        refused="map_values",
    ),
    written("all events in one line of an object", json.dumps([row()] * 9000)[1:-1], refused="has all in one line"),
    written("a part's name of TOML", "[shop]\nevents = 5\n", refused="it is no table"),
    _lines("commas behind", (_LINE, event()), (_LINE + ",", _NO_OBJECT), (_LINE[:-1] + ",}", _NO_OBJECT)),
    _lines(
        "no objects",
        (_LINE, event()),
        ("[]", _NO_OBJECT),
        ("1", _NO_OBJECT),
        ("null", _NO_OBJECT),
        ('"x"', _NO_OBJECT),
        ("{}", "no event_time"),
        ("{", _NO_OBJECT),
        ("x", _NO_OBJECT),
    ),
    _lines(
        "escapes",
        (_with(brand=r'"\u00e9\u005c \"\/\n"'), event(brand='é\\ "/')),
        (_with(brand=r'"\ud83d\ude00"'), event(brand="😀")),
    ),
    _lines(
        "half a character",
        (_with(brand=r'"\ud800"'), _NO_OBJECT),
        (_with(brand=r'"\udc00x"'), _NO_OBJECT),
        (_LINE, event()),
    ),
    _lines("half a character in a key", (_LINE, event()), (_with_keys({r'"\ud800"': "1"}), _NO_OBJECT)),
    _lines(
        "control characters",
        (_with(brand=r'"a\u0000b"'), "a control character in it"),
        (_with(user_id=r'"7\u001f"'), "a control character in it"),
        (_with(brand='"a\tb"'), _NO_OBJECT),
        (_LINE, event()),
    ),
    _lines("blank lines among JSON", ("", None), (_LINE, event()), ("  ", None), (_LINE, event())),
    _lines(
        "a list of events in a line",
        (
            '{"session": 7, "events": [{"aid": 1, "ts": 1569888000000, "type": "clicks"},'
            ' {"aid": 2, "ts": 1569888000000, "type": "orders"}]}',
            event(category_id=None, category_code=None, brand=None, price=None, user_session="7"),
        ),
        (
            '{"session": 8, "events": []}',
            event(
                category_id=None,
                category_code=None,
                brand=None,
                price=None,
                user_session="7",
                product_id="2",
                event_type="purchase",
            ),
        ),
        (
            '{"session": 9, "events": [{"aid": 1, "ts": 1569888000000, "type": "clicks"},'
            ' {"aid": [2], "ts": 1, "type": "orders"}]}',
            "aid is not a single value",
        ),
        ('{"session": 9, "events": [1]}', _NO_OBJECT),
    ),
    written("JSON lines with a byte order mark", "\ufeff" + _LINE + "\n", event()),
    written("JSON lines with a byte order mark in the middle", f"{_LINE}\n\ufeff{_LINE}\n", event(), event()),
    written(
        "JSON lines in utf-16", f"{_LINE}\n{_with(brand=json.dumps('é'))}\n".encode("utf-16"), event(), event(brand="é")
    ),
    written("JSON lines that end in carriage returns", f"{_LINE}\r{_LINE}\r", event(), event()),
    written("JSON lines that end as Windows'", f"{_LINE}\r\n{_LINE}\r\n", event(), event()),
    written("JSON lines without an end", f"{_LINE}\n{_LINE}", event(), event()),
    written(
        "JSON lines that are no utf-8",
        f"{_LINE}\n".encode() + _with(brand='"é"').encode("latin-1") + b"\n",
        event(),
        _NO_OBJECT,
    ),
    written("JSON lines with a line separator", _with(brand='"a\u2028b"') + "\n", event(brand="a\u2028b")),
    written("one JSON list", f"[{_LINE},\n{_LINE}]", refused="one JSON list"),
    written("one JSON list over lines", f"[\n  {_LINE}\n]", refused="one JSON list"),
    written("one JSON object over lines", json.dumps(row(), indent=2), refused="no JSON object a line"),
    written("JSON of something else", '{"a": 1}\n', refused="has no column event_time"),
    written("CSV below JSON", f"{_LINE}\n{csv(row())}", event(), _NO_OBJECT, _NO_OBJECT),
    written("JSON below CSV", f"{csv(row())}{_LINE}\n", event(), "event_time is not a time"),
]
