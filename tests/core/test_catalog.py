"""Versions on the lab's own HDFS: written whole, promoted or not, and gone back to."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError
from shoplab.core.settings import Settings

NAME = "models/recommender"


@pytest.fixture
def catalog(lab: Settings) -> Iterator[Catalog]:
    """A ground of its own on the lab's HDFS."""
    root = f"/tests/catalog-{time.time_ns()}"
    catalog = Catalog(replace(lab, data_root=root))
    yield catalog
    catalog.storage.delete(root)


def publish(catalog: Catalog, promote: bool = True) -> str:
    return catalog.publish(
        NAME, lambda path: catalog.storage.write(f"{path}/model", b"m"), {"users": 1}, promote=promote
    )


def current(catalog: Catalog) -> str:
    return catalog.current(NAME).rsplit("=", 1)[1]


def test_a_version_that_is_not_promoted_is_written_whole_and_the_pointer_stays(catalog: Catalog) -> None:
    first = publish(catalog)
    second = publish(catalog, promote=False)
    assert current(catalog) == first
    assert catalog.versions(NAME) == [first, second]
    assert catalog.storage.read(catalog.path(NAME, f"version={second}", "model")) == b"m"
    assert catalog.manifest(NAME, second) == {"version": second, "promoted": False, "users": 1}
    assert catalog.manifest(NAME)["version"] == first


def test_rollback_goes_to_the_version_published_before(catalog: Catalog) -> None:
    first, second = publish(catalog), publish(catalog)
    publish(catalog, promote=False)
    third = publish(catalog)
    assert catalog.rollback(NAME) == (third, second)  # not to the one that was held back
    assert catalog.rollback(NAME) == (second, first)
    assert current(catalog) == first
    with pytest.raises(LabError, match=r"no version before .* \./lab rollback recommender --list"):
        catalog.rollback(NAME)
    assert current(catalog) == first


def test_rollback_to_a_named_version_goes_any_way(catalog: Catalog) -> None:
    first, held_back = publish(catalog), publish(catalog, promote=False)
    assert catalog.rollback(NAME, held_back) == (first, held_back)
    assert catalog.rollback(NAME, first) == (held_back, first)
    assert catalog.rollback(NAME, first) == (first, first)
    for unknown in ("20190101T000000000", "", "../other"):
        with pytest.raises(LabError, match="--list"):
            catalog.rollback(NAME, unknown)


def test_a_version_without_a_manifest_is_no_candidate(catalog: Catalog) -> None:
    first, second, third = publish(catalog), publish(catalog), publish(catalog)
    catalog.storage.delete(catalog.path(NAME, f"version={second}", "manifest.json"))
    assert catalog.versions(NAME) == [first, third]
    with pytest.raises(LabError, match="no whole version"):
        catalog.rollback(NAME, second)
    assert catalog.rollback(NAME) == (third, first)


def test_a_manifest_of_before_the_gate_counts_as_promoted(catalog: Catalog) -> None:
    first, second = publish(catalog), publish(catalog)
    catalog.storage.write_json(catalog.path(NAME, f"version={first}", "manifest.json"), {"version": first})
    assert catalog.rollback(NAME) == (second, first)


def test_without_any_version_it_says_what_makes_one(catalog: Catalog) -> None:
    assert catalog.versions(NAME) == []
    with pytest.raises(LabError, match=r"\./lab train"):
        catalog.rollback(NAME)
