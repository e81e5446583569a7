from pathlib import Path

import pytest

from shoplab.core.errors import LabError
from shoplab.events.mapping import MAPS, load_mapping


@pytest.mark.parametrize("name", [path.stem for path in MAPS.glob("*.yaml")])
def test_every_map_that_ships_loads(name: str) -> None:
    assert load_mapping(name)


def test_values_become_text(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("names: [t, k, p, u]\ncolumns: {event_time: t}\nevent_types: {1: view}\nconstants: {price: 0}\n")
    mapping = load_mapping(str(path))
    assert mapping.event_types == {"1": "view"}
    assert mapping.constants == {"price": "0"}
    assert mapping.source_of("event_time") == "t"


def test_the_first_name_that_a_file_has_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("columns: {price: [Price, 2], quantity: Pieces}\ntime_format: [iso, M/d/yyyy]\n")
    mapping = load_mapping(str(path))
    assert [mapping.source_of("price", names) for names in (["2", "Price"], ["2"], [])] == ["Price", "2", "Price"]
    assert [mapping.gives("price", names) for names in (["2"], ["PRICE"], ["cost"])] == [True, True, False]
    assert mapping.time_formats == ["iso", "M/d/yyyy"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("- a list", "a map has the keys"),
        ("colums: {}", "a map has the keys"),
        ("columns: {time: t}", "has 'time', but the lab's columns are"),
        ("event_types: {pv: look}", "event type 'look' is none of"),
        ("columns: [a]", "columns has value"),
        ("a: [", "is not YAML"),
        ("columns: {price: []}", "columns has value"),
        ("columns: {price: {a: b}}", "columns has value"),
        ("constants: {price: [1, 2]}", "constants has value"),
        ("time_format: {a: b}", "time_format has value"),
        ("delimiter: [a]", "delimiter has value"),
        ('delimiter: "||"', "delimiter must be one character"),
        ("encoding: latin-99", "encoding 'latin-99' is not known"),
        ('time_format: "%Y-%m-%d"', "time_format is no pattern of Spark's"),
        ('decimal: "#"', "decimal must be"),
        ("delimiter: a", "delimiter can't be 'a'"),
        ('delimiter: "\\n"', "delimiter can't be"),
        ("delimiter: '\"'", "delimiter can't be"),
        ("escape: 1", "escape"),
        ("encoding: rot13", "encoding 'rot13' is not known"),
        ("encoding: hex", "encoding 'hex' is not known"),
        ('encoding: "a\\0"', "is not known"),
        ("encoding: null", "is not known"),
        ("names: a", "names has value"),
        ("header: maybe", "header has value"),
        ("columns: {1: a}", "has 1, but the lab's columns are"),
        ("time_format: YYYY-MM-dd", "has 'YYYY'"),
        ("time_format: uuuu-MM-dd", "has 'uuuu'"),
        ("time_format: yyyy-MM-dd''T", "has 'T'"),
        ('time_format: "yyyy-MM-dd \'T"', "time_format is no pattern"),
        ("time_format: yyyyyyy", "has 'yyyyyyy'"),
        ("time_format: yyyy]", "has ']'"),
        ("time_format: EEE dd MMM yyyy", "has 'EEE'"),
        ("time_format: [iso, eee]", "has 'eee'"),
        ('time_format: ""', "time_format is no pattern"),
        ("each: [a]", "each has value"),
    ],
)
def test_a_bad_map_says_what_is_wrong(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(content)
    with pytest.raises(LabError, match=words):
        load_mapping(str(path))


def test_an_unknown_map_names_the_known_ones() -> None:
    with pytest.raises(LabError, match="rees46, baskets"):
        load_mapping("nosuch")
