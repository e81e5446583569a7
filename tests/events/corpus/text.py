"""Encodings, byte order marks, line ends, and characters that are not seen."""

import codecs

from tests.events.corpus.case import NAMES, Outcome, Row, csv, event, row, written

_CONTROL = "a control character in it"
_BRANDS = ["Nestlé", "Ünı", "日本 😀"]
_ROWS: list[Row] = [row(brand=brand) for brand in _BRANDS]
_EVENTS: list[Outcome] = [event(brand=brand) for brand in _BRANDS]
_WEST = csv(row(brand="Nestlé"), row(brand="50 €"))
_WEST_EVENTS = [event(brand="Nestlé"), event(brand="50 €")]
_BOM = "\ufeff"
_WIDE = (*NAMES, "note")
_MANY = csv(*[row(note="n" * 1000)] * 1_100, names=_WIDE)  # more than is looked at first
_TURNED = (*NAMES[:6], "user_id", "price", "user_session")

_ENCODED = [
    written("utf-8 with a byte order mark", _BOM + csv(*_ROWS), *_EVENTS),
    written("utf-16 with a byte order mark", csv(*_ROWS).encode("utf-16"), *_EVENTS),
    written("utf-16, big end first", codecs.BOM_UTF16_BE + csv(*_ROWS).encode("utf-16-be"), *_EVENTS),
    written("utf-16 without a byte order mark", csv(*_ROWS).encode("utf-16-le"), *_EVENTS),
    written("utf-16-be without a byte order mark", csv(*_ROWS).encode("utf-16-be"), *_EVENTS),
    written("utf-16 by a map", csv(*_ROWS).encode("utf-16"), *_EVENTS, map="encoding: utf-16"),
    written(
        "utf-16 by a map, and no mark", "日本".encode("utf-16-be"), refused="is not in utf-16", map="encoding: utf-16"
    ),
    written("utf-16, cut in a character", csv(*_ROWS).encode("utf-16")[:-1], refused="is not in utf-16"),
    written("utf-32", csv(*_ROWS).encode("utf-32"), refused="is not text"),
    written("cp1252", _WEST.encode("cp1252"), "not UTF-8: byte 0xe9", "not UTF-8: byte 0x80"),
    written("cp1252 by a map", _WEST.encode("cp1252"), *_WEST_EVENTS, map="encoding: cp1252"),
    written("utf-8 with a mark, a map that says cp1252", _BOM + csv(*_ROWS), *_EVENTS, map="encoding: cp1252"),
    written("no cp1252", csv(row()).encode() + b"\x81\n", refused="is not in cp1252 (at 0x81)", map="encoding: cp1252"),
    written(
        "shift_jis by a map", csv(row(brand="日本")).encode("shift_jis"), event(brand="日本"), map="encoding: sjis"
    ),
    written("utf-8-sig by a map", _BOM + csv(*_ROWS), *_EVENTS, map="encoding: utf-8-sig"),
    written(
        "a surrogate in utf-7",
        csv(row()).encode() + b"+2AA-\n",
        event(),
        "wrong number of columns",
        map="encoding: utf-7",
    ),
    written(
        "bytes that are no utf-8 in a column that is not used",
        csv(row(note="?"), row(note="?"), names=(*NAMES, "note")).encode().replace(b"?", b"\xff"),
        event(),
        event(),
    ),
    written(
        "a first name with bytes that are no utf-8",
        csv(row(n=""), names=("n", *NAMES)).encode().replace(b"n,", b"\xe9,", 1),
        event(),
    ),
]

_MARKS = [
    written("a byte order mark in the middle", csv(row()) + _BOM + csv(row(user_id="8")), event(), event(user_id="8")),
    written(
        "a byte order mark before other columns",
        csv(row()) + _BOM + csv(row(user_id="8"), names=_TURNED),
        event(),
        event(user_id="8"),
    ),
    written(
        "a byte order mark before quoted names",
        csv(row()) + _BOM + ",".join(f'"{name}"' for name in _TURNED) + "\n" + csv(row(), names=_TURNED, header=False),
        event(),
        event(),
    ),
    written(
        "a byte order mark at each part without header",
        "".join(_BOM + csv(row(), header=False) for _ in "123"),
        *[event()] * 3,
    ),
    written(
        "a byte order mark before a number of seconds",
        csv(row(event_time=_BOM + "1569888000")),
        event(),
        map="time_format: unix",
    ),
    written("two byte order marks", _BOM + _BOM + csv(row()), event()),
    written("a byte order mark in a value", csv(row(brand=f"ac{_BOM}me", user_id=f"{_BOM}7")), event()),
    written(
        "spaces without breaks", csv(row(brand="\u00a0acme\u00a0", user_id="7\u00a0", price="9.99\u00a0")), event()
    ),
    written("zero-width spaces", csv(row(brand="ac\u200bme", product_id="\u200b1", event_type="view\u200b")), event()),
    written("names with unseen characters", csv(row()).replace("event_time", "\u200bevent_time\u00a0"), event()),
    written(
        "tabs around values", csv(row(brand="\tacme\t", user_id="7\t", price="\t9.99", event_type="view\t")), event()
    ),
    written("spaces and tabs around values that are not plain", csv(row(brand="\t é \t")), event(brand="é")),
    written("other spaces in the middle", csv(row(brand="a\u00a0b")), event(brand="a\u00a0b")),
    written(
        "next line around a value",
        csv(row(brand="\u0085acme", user_session="s1\u0085")),
        event(brand="\u0085acme", user_session="s1\u0085"),
    ),
]

_CONTROLS = [
    written("a control character early", csv(row(brand="ac\x01me"), row()), _CONTROL, event()),
    written(
        "a NUL late", _MANY + csv(row(brand="ac\0me", note=""), names=_WIDE, header=False), *[event()] * 1_100, _CONTROL
    ),
    written("a NUL in an id", csv(row(user_id="7\0"), row(product_id="\x1f1")), _CONTROL, _CONTROL),
    written(
        "a NUL in time, type and price",
        csv(row(event_time="2019-10-01 00:00:00\0"), row(event_type="view\0"), row(price="1\0"), *[row()] * 9),
        event(),
        "unknown event_type",
        "price is not a number",
        *[event()] * 9,
    ),
    written("separators of ASCII at the ends", csv(row(user_id="7\x1c"), row(brand="\x1eacme")), _CONTROL, _CONTROL),
    written("a page break in a value", csv(row(brand="a\x0cb"), row()), _CONTROL, event()),
    written("only a page break in a line", csv(row()) + "\x0c\n" + csv(row(), header=False), event(), event()),
    written("a control character in a column that is not used", csv(row(note="\0"), names=(*NAMES, "note")), event()),
    written("nothing but NULs", bytes(4096), refused="is not text"),
]

_ENDS = [
    written("carriage returns only", csv(*_ROWS, end="\r"), *_EVENTS),
    written("carriage returns only, by a map", csv(row(), end="\r"), event(), map='delimiter: ","'),
    written("Windows' line ends", csv(*_ROWS, end="\r\n"), *_EVENTS),
    written(
        "line ends of both kinds",
        csv(row(), end="\r\n") + csv(row(user_id="8"), header=False),
        event(),
        event(user_id="8"),
    ),
    written(
        "carriage returns among others",
        csv(row()) + csv(row(), row(), header=False, end="\r") + "\n",
        event(),
        "wrong number of columns",
    ),
    *[
        written(f"lines that end in {end!r}", csv(row(), row(), end=end), refused="names and rows in one line")
        for end in ("\u2028", "\u0085", "\x1e", "\\n")
    ],
    written("two carriage returns", csv(row(), row(), end="\r\r\n"), event(), event()),
    written("no line end at the end", csv(row(), row())[:-1], event(), event()),
    written("a carriage return at the end", csv(row(), row())[:-1] + "\r", event(), event()),
    written("blank lines", "\n\n" + csv(row(), end="\n\n  \n") + "\n\r\n\t\n", event()),
    written("a line separator in a value", csv(row(brand="a\u2028b"), row()), event(brand="a\u2028b"), event()),
    written("a next line in a value", csv(row(brand="a\u0085b"), row()), event(brand="a\u0085b"), event()),
    written("a line separator in the first line", csv(row(brand="a\u2028b"), header=False), event(brand="a\u2028b")),
    written("a line separator in a name", csv(row(**{"x\u2028y": ""}), names=("x\u2028y", *NAMES)), event()),
    written("a page break in a name", csv(row(**{"x\x0cy": ""}), names=("x\x0cy", *NAMES)), event()),
    written("the end of DOS at the end", csv(row()) + "\x1a", event(), "wrong number of columns"),
    written("utf-16 with Windows' line ends", csv(*_ROWS, end="\r\n").encode("utf-16"), *_EVENTS),
    written("utf-16 with carriage returns only", csv(*_ROWS, end="\r").encode("utf-16"), *_EVENTS),
]

CASES = [*_ENCODED, *_MARKS, *_CONTROLS, *_ENDS]
