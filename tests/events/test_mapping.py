from itertools import pairwise
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


def test_values_stay_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(
        "event_types: {yes: purchase, no: view, 010: cart, true: view}\n"
        "constants: {user_id: 007, product_id: 1_000, event_time: 2019-10-01T00:00:00Z, price: 1e3, brand: 1:30}\n"
    )
    mapping = load_mapping(str(path))
    assert mapping.event_types == {"yes": "purchase", "no": "view", "010": "cart", "true": "view"}
    assert list(mapping.constants.values()) == ["007", "1_000", "2019-10-01T00:00:00Z", "1e3", "1:30"]


def test_a_map_may_use_anchors_and_be_json(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("columns: &c {brand: b}\nconstants: {<<: *c, price: 1}\n")
    assert load_mapping(str(path)).constants == {"brand": "b", "price": "1"}
    path.write_bytes(b'\xef\xbb\xbf{"columns": {"brand": "b"}, "header": true}\r\n')
    assert load_mapping(str(path)).header is True


@pytest.mark.parametrize("name", ["x" * 400, "/proc/self/mem"])
def test_a_map_that_cannot_be_read_is_one_line(name: str) -> None:
    with pytest.raises(LabError, match="can't be read"):
        load_mapping(name)


def test_many_lists_in_lists_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    more = "".join(f"- &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in pairwise("abcdefgh"))
    path.write_text(f"names:\n- &a [x]\n{more}")
    with pytest.raises(LabError, match="names has value") as refused:
        load_mapping(str(path))
    assert len(str(refused.value)) < 100_000


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
        ("columns: {1: a}", "has '1', but the lab's columns are"),
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
        ("columns: {}\ncolumns: {price: p}", "line 2: 'columns' stands twice"),
        ("columns:\n  price: p\n  price: q", "line 3: 'price' stands twice"),
        ("event_types: {Buy: purchase, BUY: cart}", "event_types has 'BUY' twice"),
        ("columns:\n\tprice: p", "line 2: found character"),
        ("columns: !!python/tuple [a]", "line 1: .* tag '!!python/tuple'"),
        ("[" * 5000, "is not YAML"),
        ("names: " + "[" * 3000 + "]" * 3000, "is not YAML"),
        ("time_format: true", "time_format has value True"),
        ("constants: {brand: null}", "constants has value"),
        ("columns: {price: }", "columns has value"),
        ('constants: {brand: "\\ud800"}', "half a character"),
        ("encoding: idna", "encoding 'idna' is not known"),
        ("encoding: unicode_escape", "is not known"),
        ("colums: {}", "not colums"),
        ("header: yes", "it is true or false"),
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
