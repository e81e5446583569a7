"""`./lab rollback` on the lab's own HDFS."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result

from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError
from shoplab.core.settings import Settings
from shoplab.rollback import rollback


@pytest.fixture
def catalog(lab: Settings) -> Iterator[Catalog]:
    """A ground of its own on the lab's HDFS."""
    root = f"/tests/rollback-{time.time_ns()}"
    catalog = Catalog(replace(lab, data_root=root))
    yield catalog
    catalog.storage.delete(root)


def publish(catalog: Catalog, name: str, promote: bool = True, **facts: object) -> str:
    return catalog.publish(name, lambda path: catalog.storage.write(f"{path}/part", b"p"), facts, promote=promote)


def publish_segments(catalog: Catalog) -> tuple[str, str]:
    """Versions of the table and of its model."""
    model = publish(catalog, "models/segments")
    return publish(catalog, "segments", model=model, users=5, as_of="2019-10-31"), model


def pointers(catalog: Catalog) -> tuple[str, str]:
    table, model = (catalog.current(name).rsplit("=", 1)[1] for name in ("segments", "models/segments"))
    return table, model


def run(catalog: Catalog, *arguments: str) -> Result:
    return CliRunner().invoke(rollback, arguments, obj=catalog.settings)


def refusal(catalog: Catalog, *arguments: str) -> str:
    error = run(catalog, *arguments).exception
    assert isinstance(error, LabError)
    return str(error)


def test_the_recommender_goes_back_and_forth(catalog: Catalog) -> None:
    first, second = publish(catalog, "models/recommender"), publish(catalog, "models/recommender")
    said = f"recommender: version {first} is current; to take it back: ./lab rollback recommender --to {second}\n"
    assert run(catalog).output == said
    assert catalog.current("models/recommender").endswith(first)
    assert "already" in run(catalog, "recommender", "--to", first).output
    assert second in run(catalog, "recommender", "--to", second).output
    assert catalog.current("models/recommender").endswith(second)


def test_the_list_shows_what_is_known_of_each_version_and_moves_nothing(catalog: Catalog) -> None:
    measured = {"measure": "ndcg@20", "value": 0.5}
    first = publish(catalog, "models/recommender", users=4000, products=12, validation=measured)
    second = publish(catalog, "models/recommender", promote=False)
    lines = [line.strip().split(maxsplit=1) for line in run(catalog, "--list").output.splitlines()]
    assert lines[1] == [first, "current  4,000 users, 12 products, ndcg@20 0.5000"]
    assert (lines[2][0], "not published" in lines[2][1]) == (second, True)
    assert catalog.current("models/recommender").endswith(first)
    assert "--list" in run(catalog, "--list", "--to", first).output


def test_segments_and_their_model_go_back_together(catalog: Catalog) -> None:
    first = publish_segments(catalog)
    publish(catalog, "models/segments")  # of a run that ended before its table was there
    second = publish_segments(catalog)
    assert run(catalog, "segments").exit_code == 0
    assert pointers(catalog) == first
    run(catalog, "segments", "--to", second[0])
    assert pointers(catalog) == second
    assert "as of 2019-10-31" in run(catalog, "segments", "--list").output


def test_segments_whose_model_is_gone_stay_where_they_are(catalog: Catalog) -> None:
    first, second = publish_segments(catalog), publish_segments(catalog)
    catalog.storage.delete(catalog.path("models/segments", f"version={first[1]}"))
    assert "./lab segment" in refusal(catalog, "segments")
    assert pointers(catalog) == second
    unpaired = publish(catalog, "segments", promote=False)
    assert "model" in refusal(catalog, "segments", "--to", unpaired)
    assert pointers(catalog) == second


def test_where_there_is_nothing_to_go_back_to_it_says_what_to_type(catalog: Catalog) -> None:
    assert "./lab train" in refusal(catalog)
    assert "./lab segment" in refusal(catalog, "segments")
    assert "./lab train" in refusal(catalog, "--list")
    publish(catalog, "models/recommender")
    assert "./lab rollback recommender --list" in refusal(catalog)
    assert "./lab rollback recommender --list" in refusal(catalog, "recommender", "--to", "20190101T000000000")
