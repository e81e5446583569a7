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
    assert [mapping.gives("price", names) for names in (["2"], ["price"])] == [True, False]
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
        ("number_ids: [customer]", "has 'customer', but the lab's columns are"),
    ],
)
def test_a_bad_map_says_what_is_wrong(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(content)
    with pytest.raises(LabError, match=words):
        load_mapping(str(path))


def test_an_unknown_map_names_the_known_ones() -> None:
    with pytest.raises(LabError, match="rees46, taobao"):
        load_mapping("nosuch")
