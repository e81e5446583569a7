"""Times as people write them. "!" stands before a reason."""

from tests.events.corpus.case import probes

_NO_TIME = "!event_time is not a time"
_PAST, _FUTURE = "!event_time is before 2000-01-01", "!event_time is after 2030-12-31"
_AT = "2019-10-01 00:00:00"

_ISO: dict[str, object] = {
    "2019-10-01T00:00:00Z": _AT,
    "2019-10-01 02:00:00+02:00": _AT,
    "2019-09-30T19:00:00-05:00": _AT,
    "2019-10-01 00:00": _AT,
    "2019-10-01 00:00:00.5": f"{_AT}.5",
    "2019-10-01 00:00:00.123456789": f"{_AT}.123456",
    "2019-10-01 00:00:00,5": "!wrong number of columns",
    "2016-12-31 23:59:60": _NO_TIME,
    "2019-10-01 24:00:00": _NO_TIME,
    "2019-10-01 23:59:59.999999": "2019-10-01 23:59:59.999999",
    "2019-10-27 02:30:00+02:00": "2019-10-27 00:30:00",
    "2019-10-27 02:30:00+01:00": "2019-10-27 01:30:00",
    "0000-01-01 00:00:00": _PAST,
    "-0044-03-15 12:00:00": _NO_TIME,
    "12019-10-01 00:00:00": _NO_TIME,
    "9999-12-31 00:00:00": _FUTURE,
    "2019-10-01": _NO_TIME,
    "2019-13-01 00:00:00": _NO_TIME,
    "2019-02-29 00:00:00": _NO_TIME,
    "2020-02-29 00:00:00": "2020-02-29 00:00:00",
    "1569888000": _NO_TIME,
    "today": _NO_TIME,
    "now": _NO_TIME,
    "epoch": _NO_TIME,
    "": "!no event_time",
    "NULL": "!no event_time",
    "２０１９-10-01 00:00:00": _NO_TIME,
    "2019-10-01 00:00:00 a.m.": _NO_TIME,
    "2019-10-01\n00:00:00"[:10] + "  00:00:00": _NO_TIME,
    "1999-12-31 23:59:59": _PAST,
    "2000-01-01 00:00:00": "2000-01-01 00:00:00",
    "2030-12-31 23:59:59": "2030-12-31 23:59:59",
    "2031-01-01 00:00:00": _FUTURE,
    "2019-10-01 00:00:00 +0000": _AT,
    "2019-10-01 00:00:00.000000 UTC": _AT,
    "2019-10-01 02:00:00 Europe/Paris": _AT,
    "2019-10-01T00:00:00[UTC]": _NO_TIME,
    "2019-10-01 00:00:00 JST": "2019-09-30 15:00:00",
    "2019-10-01 01:00:00 BST": _NO_TIME,
    "2019-10-01 00:00:00 IST": _NO_TIME,
    "2019-10-01 00:00:00CST": _NO_TIME,
    "2019-10-01 00:00:00 CEST": _NO_TIME,
    "2019/10/01 00:00:00": _NO_TIME,
}

_UNIX: dict[str, object] = {
    "1569888000": _AT,
    "1569888000.5": f"{_AT}.5",
    "1569888000.0": _AT,
    "1.569888E9": _AT,
    " 1569888000 ": _AT,
    "+1569888000": _AT,
    "1569888000000": _NO_TIME,
    "1569888000000000": _NO_TIME,
    "0": _PAST,
    "-1": _PAST,
    "99999999999": _NO_TIME,
    "1e400": _NO_TIME,
    "NaN": "!no event_time",
    "2019-10-01 00:00:00": _NO_TIME,
    "1_569_888_000": _NO_TIME,
    "١٥٦٩٨٨٨٠٠٠": _NO_TIME,
    "0x5d92a800": _NO_TIME,
    "\u00a01569888000": _AT,
    "1569888000\t": _AT,
}

_MILLIS: dict[str, object] = {
    "1569888000000": _AT,
    "1569888000123": f"{_AT}.123",
    "1569888000": _PAST,
    "1569888000000000": _NO_TIME,
    "1.569888E12": _AT,
}

_PATTERNS: dict[str, dict[str, object]] = {
    "M/d/yyyy H:mm": {
        "10/1/2019 0:00": _AT,
        "10/01/2019 00:00": _AT,
        "13/1/2019 0:00": _NO_TIME,
        "10/1/19 0:00": _NO_TIME,
        "10/1/2019 24:00": _NO_TIME,
        "2/30/2019 0:00": _NO_TIME,
        "2019-10-01 00:00:00": _NO_TIME,
        "10/1/0999 0:00": _PAST,
        "010/1/2019 0:00": _AT,
        "10/1/2019 0:00 ": _AT,
        "1O/1/2019 0:00": _NO_TIME,
    },
    "yyyy-MM-dd": {"2019-10-01": _AT, "2019-10-01 00:00:00": _NO_TIME, "2019-1-1": _NO_TIME, "12019-10-01": _NO_TIME},
    "yyyy-MM-dd HH:mm:ss.SSS": {
        "2019-10-01 00:00:00.123": f"{_AT}.123",
        "2019-10-01 00:00:00.5": f"{_AT}.5",
        "2019-10-01 00:00:00.1234": _NO_TIME,
        "2019-10-01 00:00:00": _NO_TIME,
    },
    "dd MMM yyyy hh:mm a": {
        "01 Oct 2019 12:00 AM": _AT,
        "01 oct 2019 12:00 am": _AT,
        "01 Okt 2019 12:00 AM": _NO_TIME,
        "01 Oct 2019 00:00 AM": _NO_TIME,
        "01 Oct 2019 13:00 PM": _NO_TIME,
    },
    "MMMM d, yyyy HH:mm": {'"October 1, 2019 00:00"': _AT, '"Oct 1, 2019 00:00"': _NO_TIME},
    "yyyyMMddHHmmss": {"20191001000000": _AT, "2019100100000": _NO_TIME},
    "yyyy-MM-dd'T'HH:mm:ssXXX": {
        "2019-10-01T02:00:00+02:00": _AT,
        "2019-10-01T00:00:00Z": _AT,
        "2019-10-01T02:00:00+0200": _NO_TIME,
    },
    "dd/MMM/yyyy:HH:mm:ss Z": {"01/Oct/2019:02:00:00 +0200": _AT, "01/Oct/2019:02:00:00 +02:00": _NO_TIME},
    "yyyy-MM-dd''HH": {"2019-10-01'00": _AT},
    "d.M.yy": {"1.10.19": _AT, "1.10.99": _FUTURE, "1.10.2019": _NO_TIME},
    "yyyy-MM-dd[ HH:mm:ss]": {"2019-10-01": _AT, "2019-10-01 00:00:00": _AT, "2019-10-01 00": _NO_TIME},
    "kk:mm d/M/y": {"24:00 1/10/2019": _AT, "00:00 1/10/2019": _NO_TIME},
}

CASES = [
    probes("times", "event_time", _ISO),
    probes("times in seconds", "event_time", _UNIX, map="time_format: unix"),
    probes("times in milliseconds", "event_time", _MILLIS, map="time_format: unix_ms"),
    probes(
        "times in several forms",
        "event_time",
        {_AT: _AT, "1569888000": _AT, "1.10.2019": _AT, "x": _NO_TIME},
        map="time_format: [iso, unix, d.M.yyyy]",
    ),
    *[
        probes(f"times as {pattern}", "event_time", outcomes, map=f'time_format: "{pattern}"')
        for pattern, outcomes in _PATTERNS.items()
    ],
]
