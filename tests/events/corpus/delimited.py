"""Quotes, delimiters and headers."""

from tests.events.corpus.case import NAMES, Case, csv, event, row, written

_COLUMNS = "wrong number of columns"
_OPEN = "a quote is not closed"
_STRAY = "a stray quote"
_TURNED = (*NAMES[:6], "user_id", "price", "user_session")
_LONG = "x" * 200_000


def _brands(name: str, *texts: str, rows: object, map: str = "") -> Case:
    """A row for each brand as it stands in the file, quotes and all."""
    outcomes = rows if isinstance(rows, list) else [rows]
    content = csv(*[row(brand=text) for text in texts])
    return written(name, content, *[text[1:] if text[:1] == "!" else event(brand=text) for text in outcomes], map=map)


_QUOTES = [
    written(
        "every value in quotes",
        "".join(",".join(f'"{value}"' for value in line) + "\n" for line in [NAMES, row().values()]),
        event(),
    ),
    _brands("a comma in quotes", '"a, b"', rows="a, b"),
    _brands("doubled quotes", '"7"" frame"', '""""', '"a""b""c"', rows=['7" frame', '"', 'a"b"c']),
    written("an empty text in quotes", csv(row(brand='""'), row(brand='" "')), event(brand=None), event(brand=None)),
    _brands("a backslash", "a\\b", '"a\\b"', "\\", rows=["a\\b", "a\\b", "\\"]),
    _brands("a backslash at the end of a quoted text", '"a\\"', '"b, c"', rows=["a\\", "b, c"]),
    _brands(
        "backslashes where quotes are escaped by them",
        '"a \\"b\\" c"',
        "AC\\DC",
        '"x\\\\"',
        '"AC\\DC, live"',
        rows=['a "b" c', "AC\\DC", "x\\", "AC\\DC, live"],
    ),
    _brands("backslashes by a map", '"a \\"b\\" c"', '"d, e"', rows=['a "b" c', "d, e"], map='escape: "\\\\"'),
    _brands("a quote within an unquoted value", 'a"b', 'ab"', '7" frame', rows=['a"b', 'ab"', '7" frame']),
    _brands("a quote at the start", '"acme', "acme", rows=["!" + _OPEN, "acme"]),
    _brands("text behind a closing quote", '"ac"me', "acme", rows=["!" + _STRAY, "acme"]),
    _brands("a space before a quote", ' "acme"', rows='"acme"'),
    _brands(
        "stray quotes that would swallow the rows between",
        '"acme',
        "b",
        'acme"',
        "c",
        rows=["!" + _OPEN, "b", 'acme"', "c"],
    ),
    _brands("text over two lines", '"acme\ninc"', rows="acme\ninc"),
    _brands("text over two lines of Windows", '"acme\r\ninc"', "b", rows=["acme\r\ninc", "b"]),
    _brands("text over lines with commas and quotes", '"a, ""b""\n\n,c,\n"', rows='a, "b"\n\n,c,'),
    _brands("text over ninety lines", '"' + "a\n" * 90 + '"', "b", rows=["\n".join("a" * 90), "b"]),
    written(
        "text over more lines than a text may have",
        csv(row(brand='"' + "a\n" * 150 + '"'), row()),
        _OPEN,
        *[_COLUMNS] * 149,
        _OPEN,
        event(),
    ),
    written("a quote that is not closed in the last line", csv(row(), row(user_session='"s1')), event(), _OPEN),
    written(
        "a quote that is not closed in the last line, without its end",
        csv(row(), row(user_session='"s1'))[:-1],
        event(),
        _OPEN,
    ),
    written("a quote alone in a line", csv(row()) + '"\n' + csv(row(), header=False), event(), _OPEN, event()),
    written("names in quotes", csv(row()).replace("event_time,", '"event_time",'), event()),
    written(
        "a name with a comma",
        csv(row(x="")).replace("session\n", 'session,"x, y"\n').replace("s1\n", "s1,1\n"),
        event(),
    ),
    written(
        "a name over two lines", csv(row()).replace("session\n", 'session,"x\ny"\n').replace("s1\n", "s1,1\n"), event()
    ),
    written("a first row over two lines", csv(row(brand='"a\nb"'), row(), header=False), event(brand="a\nb"), event()),
    written("a cell of 200,000 characters", csv(row(brand=_LONG), row()), event(brand=_LONG), event()),
    written("a quoted cell of 200,000 characters", csv(row(brand=f'"{_LONG}"'), row()), event(brand=_LONG), event()),
    written(
        "a cell of two million characters",
        csv(row(brand="x" * 2_000_000), row()),
        "longer than a Kafka record may be",
        event(),
    ),
    written("single quotes", csv(row(brand="'a'")), event(brand="'a'")),
]

_DELIMITERS = [
    *[written(f"columns parted by {sign!r}", csv(row(), delimiter=sign), event()) for sign in "\t;|"],
    *[written(f"no header, parted by {sign!r}", csv(row(), delimiter=sign, header=False), event()) for sign in "\t;|"],
    written("semicolons, commas in quotes", csv(row(brand='"a; b, c"'), delimiter=";"), event(brand="a; b, c")),
    written(
        "semicolons, commas without quotes",
        csv(row(brand="a, b", category_code="c,d"), delimiter=";"),
        event(brand="a, b", category_code="c,d"),
    ),
    written("a decimal comma in quotes", csv(row(price='"9,99"')), event(), map='decimal: ","'),
    written(
        "a decimal comma and thousands",
        csv(*[row(price=text) for text in ("1.234,50", "1.234", "12.5", "1234,5")], delimiter=";"),
        "price is not a number",
        "price is not a number",
        event(price=12.5),
        event(price=1234.5),
        map='decimal: ","',
    ),
    written(
        "a decimal comma of a quantity",
        csv(row(quantity="2,0"), names=(*NAMES, "quantity"), delimiter=";"),
        event(quantity=2),
        map='decimal: ","',
    ),
    written("parted by a sign that a map names", csv(row(), delimiter="~"), event(), map='delimiter: "~"'),
    written("parted by a sign beyond ASCII", csv(row(), delimiter="¦"), event(), map='delimiter: "¦"'),
    written("parted by \\x01 as Hive does", csv(row(), delimiter="\x01"), event(), map='delimiter: "\\x01"'),
    written(
        "parted by another sign than the map names",
        csv(row(), delimiter="|"),
        refused="has no column",
        map='delimiter: ";"',
    ),
    written("empty values parted by tabs", csv(row(), delimiter="\t") + "\t" * 8 + "\n", event(), "no event_time"),
    written("parted by \\x01, without a map", csv(row(), delimiter="\x01"), refused="as Hive writes"),
    written("parted by a sign that is none", csv(row(), delimiter="^"), refused="a map's delimiter: names it"),
    written(
        "empty values parted by tabs, beside a quote",
        csv(row(brand='"a"'), delimiter="\t") + "\t" * 8 + "\n",
        event(brand="a"),
        "no event_time",
    ),
]

_HEADERS = [
    written("a header in the middle", csv(row()) * 3, *[event()] * 3),
    written("a header twice at the start", csv() + csv(row()), event()),
    written(
        "files after each other with other columns", csv(row()) + csv(row(), names=_TURNED) + csv(row()), *[event()] * 3
    ),
    written(
        "files after each other, more columns",
        csv(row()) + csv(row(quantity="2"), names=(*NAMES, "quantity")),
        event(),
        event(quantity=2),
    ),
    written(
        "other columns, names in other letters",
        csv(row()) + csv(names=_TURNED).upper() + csv(row(), names=_TURNED, header=False),
        event(),
        event(),
    ),
    written(
        "other columns, names with spaces",
        csv(row()) + ", ".join(_TURNED) + "\n" + csv(row(), names=_TURNED, header=False),
        event(),
        event(),
    ),
    written(
        "other columns, a name twice",
        csv(row()) + csv(row(x="1"), names=(*_TURNED[:-1], "user_id")),
        refused="names a column twice",
    ),
    written(
        "no header, price and user exchanged", csv(row(), names=_TURNED, header=False), refused="looks like a price"
    ),
    written("no header, a price without cents", csv(row(price="10"), header=False), event(price=10.0)),
    written("a header below rows without one", csv(row(), header=False) + csv(row(), names=_TURNED), event(), event()),
    written("names in other letters", csv(names=NAMES).title() + csv(row(), header=False), event()),
    written("names with spaces", ", ".join(NAMES) + "\n" + csv(row(), header=False), event()),
    written("a name missing", csv(row(), names=NAMES[1:]), refused="has no column event_time"),
    written("a column without name, as pandas writes it", csv(row(**{"": "0"}), names=("", *NAMES)), event()),
    written("Unnamed: 0, as pandas reads it", csv(row(**{"Unnamed: 0": "0"}), names=("Unnamed: 0", *NAMES)), event()),
    written("a needed name twice", csv(row(), names=(*NAMES, "price")), refused="names a column twice: price"),
    written("another name twice", csv(row(x="1"), names=("x", *NAMES, "x")), event()),
    written("two names without text", csv(row(**{"": ""}), names=("", *NAMES, "")), event()),
    written("more names than values", csv(names=(*NAMES, "x")) + csv(row(), row(), header=False), _COLUMNS, _COLUMNS),
    written(
        "more values than names, as R writes row names",
        csv() + csv(row(n="1"), names=("n", *NAMES), header=False),
        _COLUMNS,
    ),
    written("a delimiter at the end of each line", csv(row(), end=",\n"), event()),
    written("a comment above the header", "# made by a tool\n" + csv(row()), refused="has no column"),
    written("sep= above the header, as Excel reads it", "sep=,\n" + csv(row()), event()),
    written("only a header", csv()),
    written("one product for all", csv(row(), row()), *[event(product_id="9")] * 2, map="constants: {product_id: 9}"),
    written("a header that the map denies", csv(row()), event(), map=f"header: false\nnames: [{', '.join(NAMES)}]"),
]

_TOLD = [
    written(f"a delimiter told in a line above, {how}", made(f"sep=;\r\n{csv(row(), delimiter=';')}"), event())
    for how, made in {
        "in UTF-8": str.encode,
        "behind a mark": lambda text: text.encode("utf-8-sig"),
        "in UTF-16": lambda text: text.encode("utf-16"),
    }.items()
]

CASES = [*_QUOTES, *_DELIMITERS, *_TOLD, *_HEADERS]
