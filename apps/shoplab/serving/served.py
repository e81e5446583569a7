"""The model that answers: a mapped bundle, one user's history in it, and the list that the kernels make."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoplab.recommend.data.arrays import UNKNOWN
from shoplab.recommend.data.histories import RECENT_PER_USER
from shoplab.recommend.fast import bundle
from shoplab.recommend.fast.case import CaseRanker, Ranked
from shoplab.recommend.fast.flat import Singles
from shoplab.serving.recent import KINDS, Tokens

_UNSEEN = -2  # a token that was not looked up yet
_NONE = np.empty(0, np.int32)


class History(NamedTuple):
    """What a user met, oldest first: rows of the products, kinds of the model's feedback; row: the user's, UNKNOWN for
    none; live: with events that the model was not trained on.
    """

    items: Singles
    kinds: NDArray[np.int8]
    row: int
    segment: int
    live: bool


class Served:
    """Of one bundle, for one thread. tokens: the numbers that Recent has for products."""

    def __init__(self, folder: Path, tokens: Tokens) -> None:
        self.bundle = bundle.read(folder)
        self.catalogue, self.users = self.bundle.parts.catalogue, self.bundle.parts.users
        self._tokens, self._ranker = tokens, CaseRanker(self.bundle.parts.flat)
        self._row_of = np.full(1024, _UNSEEN, np.int32)
        self._kind_of = np.array([self.bundle.feedback.kinds.get(name, UNKNOWN) for name in KINDS], np.int8)
        self._durable = self.bundle.parts.flat.items.durable
        self.rank(History(_NONE, _NONE.astype(np.int8), UNKNOWN, UNKNOWN, False), 1)  # compiles, or reads what was

    @property
    def name(self) -> str:
        """ "20191101T000000000+12"."""
        return f"{self.bundle.version}+{self.bundle.increment}"

    def history(self, user_id: str | None, fresh: NDArray[np.void]) -> History:
        """fresh: fields of Recent; those that the model knows already are passed over."""
        row = self.users.ids.find(user_id) if user_id is not None else UNKNOWN
        items, kinds = self._stored(row)
        newer = fresh[fresh["time"] > self.bundle.until] if len(fresh) else fresh
        more, their_kinds = self._known(newer["product"], self._kind_of[newer["kind"]])
        segment = int(self.users.segments[row]) if row >= 0 else UNKNOWN
        return History(np.concatenate([items, more]), np.concatenate([kinds, their_kinds]), row, segment, len(more) > 0)

    def of_events(self, events: Sequence[tuple[str, str]]) -> History:
        """A visitor's, from (product id, event type), oldest first."""
        rows = np.array([self.catalogue.ids.find(product) for product, _ in events], np.int32)
        kinds = np.array([self.bundle.feedback.kinds.get(name, UNKNOWN) for _, name in events], np.int8)
        known = (rows >= 0) & (kinds >= 0)
        return History(rows[known], kinds[known], UNKNOWN, UNKNOWN, bool(known.any()))

    def with_view(self, history: History, product: str) -> History:
        """As if it had just been looked at; the same for a product or a feedback without."""
        row, kind = self.catalogue.ids.find(product), self.bundle.feedback.view
        if row < 0 or kind < 0:
            return history
        return history._replace(items=np.append(history.items, np.int32(row)),
                                kinds=np.append(history.kinds, np.int8(kind)), live=True)  # fmt: skip

    def rank(self, history: History, most: int, hidden: Singles = _NONE, new: bool = False) -> Ranked:
        """hidden: rows not to be shown, besides what is bought once and was. new: only products not met before."""
        bought = history.items[history.kinds == self.bundle.feedback.purchase]
        gone = bought[self._durable[bought]] if len(bought) else bought
        gone = np.concatenate([gone, hidden, history.items if new else _NONE])
        known = UNKNOWN if history.live else history.row
        return self._ranker.rank(
            history.items[-RECENT_PER_USER:], history.kinds[-RECENT_PER_USER:], most, known, history.segment, gone, new
        )

    def _stored(self, row: int) -> tuple[Singles, NDArray[np.int8]]:
        if row < 0:
            return _NONE, _NONE.astype(np.int8)
        span = slice(self.users.starts[row], self.users.starts[row + 1])
        return self.users.items[span], self.users.kinds[span]

    def _known(self, tokens: NDArray[np.uint32], kinds: NDArray[np.int8]) -> tuple[Singles, NDArray[np.int8]]:
        """Rows and kinds of the events that tell this model something."""
        rows = np.array([self._row(token) for token in tokens.tolist()], np.int32)
        known = (rows >= 0) & (kinds >= 0)
        return rows[known], kinds[known]

    def _row(self, token: int) -> int:
        if token >= len(self._row_of):
            more = np.full(token + 1, _UNSEEN, np.int32)
            self._row_of = np.concatenate([self._row_of, more])
        row = int(self._row_of[token])
        if row == _UNSEEN:
            row = self._row_of[token] = self.catalogue.ids.find(self._tokens.names[token])
        return row
