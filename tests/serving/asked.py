"""What the API would answer with what is published: its keeper's bundle, asked."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shoplab.core.catalog import Catalog
from shoplab.recommend.data.histories import UserContext
from shoplab.recommend.model.files import load
from shoplab.recommend.model.recommender import Recommender
from shoplab.serving import keeper
from shoplab.serving.keeper import Keeper
from shoplab.serving.recent import Recent, Tokens
from shoplab.serving.served import Served


class Api:
    """Of one catalog. load: as the keeper's."""

    def __init__(self, catalog: Catalog, folder: Path, load: Callable[..., Recommender] = load) -> None:
        self._folder, self._keeper = folder, Keeper(catalog, folder, load)

    def look(self) -> Served:
        """What is served after the keeper's next look."""
        self._keeper.refresh()
        assert "model" not in keeper.problems(self._folder)
        home = keeper.current(self._folder, keeper.MODEL)
        assert home is not None
        return Served(home, Tokens())


def lists(served: Served, users: Sequence[UserContext], k: int) -> list[list[str]]:
    """Product ids, best first."""
    return [_list(served, user, k) for user in users]


def _list(served: Served, user: UserContext, k: int) -> list[str]:
    known, now = served.history(user.user_id, Recent().of("")), served.of_events(user.recent)
    history = known._replace(
        items=np.concatenate([known.items, now.items]), kinds=np.concatenate([known.kinds, now.kinds]), live=now.live,
        segment=known.segment if user.segment is None else user.segment,
    )  # fmt: skip
    return [served.catalogue.ids.name(row) for row in served.rank(history, k).items.tolist()]


def ids(found: Sequence[Sequence[Any]]) -> list[list[str]]:
    """Of a recommender's lists."""
    return [[item.product_id for item in items] for items in found]
