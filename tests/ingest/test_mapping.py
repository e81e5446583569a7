from pathlib import Path

import pytest

from shoplab.errors import LabError
from shoplab.ingest.mapping import MAPS, load_mapping


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


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("- a list", "a map has the keys"),
        ("colums: {}", "a map has the keys"),
        ("columns: {time: t}", "has 'time', but the lab's columns are"),
        ("event_types: {pv: look}", "event type 'look' is none of"),
        ("columns: [a]", "columns has value"),
        ("a: [", "is not YAML"),
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
