"""Inputs as people's tools write them, and what should come of each: one table, read by `test_inputs.py`."""

from tests.events.corpus import delimited, json_lines, packed, parquet, stored, text, times, values
from tests.events.corpus.case import Case

CASES: list[Case] = [
    *stored.CASES,
    *text.CASES,
    *delimited.CASES,
    *values.CASES,
    *times.CASES,
    *json_lines.CASES,
    *packed.CASES,
    *parquet.CASES,
]
