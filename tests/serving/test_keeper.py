"""Bundles of what is published: made whole, switched to under load, refused by name where they can't be read."""

import asyncio
import errno
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from shoplab.core.settings import Settings
from shoplab.metrics.embedded import EmbeddedStore
from shoplab.recommend.fast import folder as files
from shoplab.recommend.model.increment_files import Increments
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.model.size import serving_mib
from shoplab.serving import keeper, room
from shoplab.serving.keeper import Keeper
from tests.recommend.fast.test_case import learned
from tests.serving.conftest import Shop, app_of


def test_only_what_is_served_stays_on_the_disk(stocked: Shop, tastes: Recommender, tmp_path: Path) -> None:
    for version in ("v2", "v3"):
        stocked.publish_model(version, tastes)
        stocked.look()
    assert [home.name for home in (tmp_path / "serving").glob("model-*")] == ["model-v3"]
    assert stocked.backstage.answers is not None
    assert stocked.backstage.answers.served.bundle.version == "v3"


def test_nothing_is_left_of_a_bundle_that_fails(
    stocked: Shop, tastes: Recommender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again and again: what each left would fill the disk."""
    monkeypatch.setattr(keeper, "RETRY_S", 0.0)
    stocked.publish_model("v2", tastes)
    stocked.publish_segments("s2", {"p0": (0, "browsers"), "p1": (0, "browsers")})

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "save", full)
    for _ in range(3):
        stocked.look()
    monkeypatch.undo()
    folder = tmp_path / "serving"
    assert sorted(home.name for home in folder.iterdir() if home.is_dir()) == ["model-v1", "segments-s1"]
    assert set(keeper.problems(folder)) == {keeper.MODEL, keeper.PEOPLE}
    stocked.look()
    assert keeper.problems(folder) == {}


@pytest.mark.parametrize("damage", ["half", "foreign", "gone"])
def test_a_bundle_that_cannot_be_read_is_named_and_the_one_before_goes_on(
    stocked: Shop, tastes: Recommender, damage: str
) -> None:
    stocked.publish_model("v2", tastes)
    folder = "/data/models/recommender/version=v2"
    if damage == "half":
        stocked.hdfs.files[f"{folder}/users.parquet"] = b"PAR1"
    elif damage == "foreign":
        facts = stocked.hdfs.read_json(f"{folder}/model.json")
        stocked.hdfs.write_json(f"{folder}/model.json", facts | {"sources": ["tomorrow's"]})
    else:
        del stocked.hdfs.files[f"{folder}/products.parquet"]
    stocked.look()
    said = stocked.backstage.problems["model"]
    assert "v2" in said or "could not be loaded" in said
    assert stocked.backstage.answers is not None
    assert stocked.backstage.answers.served.bundle.version == "v1"


def test_what_cannot_be_read_is_not_read_at_every_look(stocked: Shop, tastes: Recommender, tmp_path: Path) -> None:
    tried: list[str] = []

    def load(_: Any, path: str) -> Recommender:
        tried.append(path.rpartition("=")[2])
        if tried[-1] == "v2":
            raise EOFError("half")
        return tastes

    shop = replace(stocked, keeper=Keeper(stocked.catalog, tmp_path / "own", load))
    stocked.publish_model("v2", tastes)
    for _ in range(3):
        shop.keeper.refresh()
    assert tried == ["v2"]
    assert set(keeper.problems(tmp_path / "own")) == {keeper.MODEL}
    stocked.publish_model("v3", tastes)
    shop.keeper.refresh()
    assert tried == ["v2", "v3"]
    assert keeper.problems(tmp_path / "own") == {}


def test_a_model_too_large_for_the_memory_is_said_to_be_with_what_to_set(
    stocked: Shop, tastes: Recommender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked.publish_model("v2", tastes)
    manifest = "/data/models/recommender/version=v2/manifest.json"
    stocked.hdfs.write_json(manifest, stocked.hdfs.read_json(manifest) | {"serving_mib": serving_mib(tastes)})
    monkeypatch.setattr(room, "room_mib", lambda: 200)
    stocked.catalog.settings = replace(stocked.catalog.settings, lab="cluster")
    stocked.look()
    said = f"recommender v2 takes {serving_mib(tastes)} MiB to serve, and there are 200; set API_MEMORY="
    assert stocked.backstage.problems["memory"].startswith(said)
    assert stocked.backstage.answers is not None
    assert stocked.backstage.answers.served.bundle.version == "v2"
    stocked.publish_model("v3", tastes)
    stocked.look()
    assert "memory" not in stocked.backstage.problems


def never(*_: Any) -> Any:
    raise AssertionError("the bundle is here already")


def test_a_keeper_that_starts_again_goes_on_with_what_it_made(
    stocked: Shop, tastes: Recommender, tmp_path: Path
) -> None:
    folder = tmp_path / "serving"
    home = keeper.current(folder, keeper.MODEL)
    stocked.hdfs.away = True
    Keeper(stocked.catalog, folder, never).refresh()
    assert "./lab up --embedded" in keeper.problems(folder)["model"]
    stocked.hdfs.away = False
    Keeper(stocked.catalog, folder, never).refresh()
    assert (keeper.problems(folder), keeper.current(folder, keeper.MODEL)) == ({}, home)

    Increments(stocked.catalog).publish(learned(replace(tastes, version="v1")))
    again = Keeper(stocked.catalog, folder)
    again.refresh()
    grown = keeper.current(folder, keeper.MODEL)
    assert grown is not None
    assert grown.name.endswith("+1")
    Keeper(stocked.catalog, folder, never).refresh()
    assert keeper.current(folder, keeper.MODEL) == grown
    Increments(stocked.catalog).point("v1", 0)
    Keeper(stocked.catalog, folder, never).refresh()
    assert keeper.current(folder, keeper.MODEL) == again._home


def test_a_bundle_of_other_code_is_made_anew(stocked: Shop, tmp_path: Path) -> None:
    home = keeper.current(tmp_path / "serving", keeper.MODEL)
    assert home is not None
    facts = home / "facts.json"
    facts.write_text(facts.read_text().replace('"code":"', '"code":"other'))
    Keeper(stocked.catalog, tmp_path / "serving").refresh()
    assert keeper.current(tmp_path / "serving", keeper.MODEL) != home
    stocked.backstage.look()
    assert stocked.backstage.problems == {}


def test_a_switch_loses_no_request_and_mixes_no_models(
    stocked: Shop, tastes: Recommender, settings: Settings, store: EmbeddedStore
) -> None:
    app = app_of(stocked, settings, store)

    async def ask(client: httpx.AsyncClient, said: Counter[str], number: int) -> None:
        while said["v3"] < 20:
            answer = await client.get(f"/recommendations/p{number % 40}")
            said[answer.json()["model_version"] if answer.status_code == 200 else str(answer.status_code)] += 1
            await asyncio.sleep(0)
            number += 1

    async def all_of_them() -> Counter[str]:
        said: Counter[str] = Counter()
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            asked = [asyncio.create_task(ask(client, said, number)) for number in range(4)]
            for version in ("v2", "v3"):
                stocked.publish_model(version, tastes)
                await asyncio.to_thread(stocked.look)
            await asyncio.gather(*asked)
        return said

    said = asyncio.run(all_of_them())
    assert set(said) <= {"v1", "v2", "v3"}
    assert said["v1"]
