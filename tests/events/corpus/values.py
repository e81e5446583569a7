"""Ids, prices, quantities, event types and times as people write them. "!" stands before a reason."""

from tests.events.corpus.case import NAMES, csv, event, probes, row, written

_LOST = "!{} has an exponent: digits are lost"
_NO_PRICE = "!price is not a number"
_NULLS = (
    "null",
    "NULL",
    "NaN",
    "none",
    "\\N",
    "<NA>",
    "n/a",
    "undefined",
    "NA",
    "#N/A",
    "#REF!",
    "(null)",
    "NaT",
    "\\\\N",
    " ",
    "",
)

_IDS = {
    "7.0": "7",
    "7.00": "7",
    "7.5": "7.5",
    "+7": "+7",
    "007": "007",
    "-7": "-7",
    "0": "0",
    "1" * 40: "1" * 40,
    "9007199254740993": "9007199254740993",
    "12345678901234567890.0": "12345678901234567890",
    "7.": "7.",
    "'007": "007",
    '"=""7"""': "7",
    "'x": "'x",
    "=7": "=7",
    "5.2E+08": _LOST,
    "5.4131214E8": _LOST,
    '"5,2E+08"': _LOST,
    "5e+08": _LOST,
    "1e5": "1e5",
    "é": "é",
    "a b": "a b",
    "a/b": "a/b",
    "{7": "{7",
    "-7.0": "-7",
    "u1.0": "u1.0",
    ".0": ".0",
    "\\": "\\",
    "%s": "%s",
    "😀": "😀",
    "١": "١",
}

_PRICES: dict[str, object] = {
    "9.99": 9.99,
    " 5 ": 5.0,
    "-0": 0.0,
    "0": 0.0,
    "+5": 5.0,
    "1e2": 100.0,
    "1E-2": 0.01,
    "00.50": 0.5,
    "": None,
    " ": None,
    "1e12": 1e12,
    "€5": _NO_PRICE,
    "$5": _NO_PRICE,
    "5 EUR": _NO_PRICE,
    "1e400": _NO_PRICE,
    "1e13": _NO_PRICE,
    "-1": "!price is negative",
    "-1e-9": "!price is negative",
    "Infinity": _NO_PRICE,
    "1 000": _NO_PRICE,
    "5-": _NO_PRICE,
    "0x10": _NO_PRICE,
    "1.5d": _NO_PRICE,
    "1L": _NO_PRICE,
    "1.2.3": _NO_PRICE,
    "--5": _NO_PRICE,
    ".": _NO_PRICE,
    "e5": _NO_PRICE,
    "١٢": _NO_PRICE,
    "５": _NO_PRICE,
    "true": _NO_PRICE,
    "1e-400": 0.0,
}


def _named(column: str, outcomes: dict[str, str]) -> dict[str, object]:
    return {text: outcome.replace("{}", column) for text, outcome in outcomes.items()}


CASES = [
    *[probes(f"{column} in many forms", column, _named(column, _IDS)) for column in ("user_id", "product_id")],
    *[probes(f"{column} in many forms", column, _named(column, _IDS)) for column in ("category_id", "user_session")],
    *[
        probes(f"no value as {column}", column, dict.fromkeys(_NULLS, f"!no {column}"))
        for column in ("user_id", "product_id", "event_type", "event_time")
    ],
    *[
        probes(f"no value as {column}", column, dict.fromkeys(_NULLS))
        for column in ("brand", "category_code", "category_id", "user_session")
    ],
    probes(
        "brands",
        "brand",
        {
            "a;b": "a;b",
            "a|b": "a|b",
            "'": "'",
            "<b>": "<b>",
            "{x}": "{x}",
            "-": "-",
            "0": "0",
            "7.0": "7.0",
            "née": "née",
            "ne\u0301e": "ne\u0301e",
            "=1+1": "=1+1",
            "null.": "null.",
        },
    ),
    probes("prices", "price", _PRICES),
    probes("quoted prices", "price", {'"1,234.50"': _NO_PRICE, '"5"': 5.0, '"5,00"': _NO_PRICE, '""': None}),
    probes(
        "event types",
        "event_type",
        {
            "VIEW": "view",
            " Cart ": "cart",
            "look": "!unknown event_type",
            "views": "!unknown event_type",
            "remove_from_cart": "remove_from_cart",
        },
    ),
    probes(
        "event types by a map",
        "event_type",
        {
            "PV": "view",
            "buy": "purchase",
            "view": "view",
            "None": "!no event_type",
            "\u00a0pv": "view",
            "pv\u200b": "view",
        },
        map="event_types: {pv: view, buy: purchase, none: cart}",
    ),
    written(
        "quantities",
        csv(
            *[
                row(event_type="purchase", quantity=text)
                for text in ("2", "2.0", "", "2.5", "x", "NaN", "0", "-3", "1e3", "1e400", "٣")
            ],
            names=(*NAMES, "quantity"),
        ),
        *[
            outcome if isinstance(outcome, str) else event(event_type="purchase", quantity=outcome)
            for outcome in (2, 2, None, *["quantity is not a whole number"] * 3, "quantity is 0")
        ],
        event(event_type="refund", quantity=3),
        event(event_type="purchase", quantity=1000),
        *["quantity is not a whole number"] * 2,
    ),
]
