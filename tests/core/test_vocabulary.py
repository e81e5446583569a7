"""Every event type is known in every room: today's, and one that comes later."""

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from shoplab.core.schemas import PRODUCT, SESSION, USER
from shoplab.core.settings import REPO, Settings
from shoplab.core.vocabulary import COUNTS, EVENTS, FEEDBACK, NAMES
from shoplab.recommend.data.arrays import UNKNOWN
from shoplab.recommend.data.feedback import CURRENT
from shoplab.recommend.data.histories import UserContext
from shoplab.recommend.data.shoppers import Shoppers
from shoplab.recommend.model.files import save
from shoplab.recommend.model.recommender import Recommender
from shoplab.recommend.ranking.fit import fit
from tests.recommend.local_storage import LocalStorage
from tests.recommend.logs import two_tastes


def test_names_and_columns_are_each_ones_own() -> None:
    assert len(set(NAMES)) == len(EVENTS)
    assert len(set(COUNTS.values())) == len(COUNTS)
    for table in (SESSION, USER, PRODUCT):
        assert set(COUNTS.values()) <= set(table.names), table.dataset


def test_what_a_recommender_learns_from_has_words_for_reasons() -> None:
    assert [event.name for event in EVENTS if event.weight and not (event.met and event.did)] == []
    assert list(FEEDBACK.values()) == sorted(FEEDBACK.values())


ASKED = [UserContext("p0"), UserContext("new", None, [("p3", "cart")]), UserContext("s1", None, [("s3", "purchase")])]


def listed(model: Recommender) -> list[list[str]]:
    return [[f"{item.product_id} {item.score:.5f} {item.why}" for item in items] for items in model.recommend(ASKED, 8)]


@pytest.fixture(scope="module")
def model() -> Recommender:
    """Of phones and shoes. Two shoppers are known: one has p1 in the cart, the other has bought s2."""
    log = two_tastes(visits=200)
    kinds = np.array([CURRENT.kinds["cart"], CURRENT.kinds["purchase"]], dtype=np.int8)
    met = np.array([log.products.index["p1"], log.products.index["s2"]], dtype=np.int32)
    shoppers = Shoppers(("p0", "s1"), np.full(2, UNKNOWN, dtype=np.int16), np.arange(3), met, kinds)
    return Recommender(log.products, shoppers, fit(log, "live", rank=2))


@pytest.fixture(scope="module")
def grown(settings: Settings, model: Recommender, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What with_new_type.py prints; the model is stored by the vocabulary as it is."""
    folder = tmp_path_factory.mktemp("new-type")
    save(model, LocalStorage(), str(folder / "version=1"))
    environment = os.environ | {"PYTHONPATH": f"{REPO / 'apps'}:{REPO}", "SHOPLAB_CACHE": str(settings.cache)}
    command = [sys.executable, "-m", "tests.core.with_new_type", str(folder / "lab"), str(folder / "version=1")]
    done = subprocess.run(command, cwd=REPO, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_new_event_type_is_a_line_and_no_room_drops_it(grown: dict[str, Any]) -> None:
    assert grown["clean"] == 1
    assert json.loads(grown["sent"])["event_type"] == "compare"
    assert [grown[table] for table in ("sessions", "users", "products")] == [20, 20, 20]
    assert grown["activity"] == 60
    assert "compare" in grown["steps"]
    assert grown["flows"].index("view") + 1 == grown["flows"].index("compare")


def test_the_recommender_learns_from_it_and_says_so(grown: dict[str, Any]) -> None:
    assert grown["weights"] == FEEDBACK | {"compare": 2.0}
    assert grown["why"]["p1"] == "like acme phones you compared"  # its largest part is content's


def test_a_model_that_was_stored_before_it_came_means_what_it_meant(grown: dict[str, Any], model: Recommender) -> None:
    assert grown["stored before"] == listed(model)
