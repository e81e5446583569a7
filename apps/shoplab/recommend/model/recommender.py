"""The published hybrid: candidates from every source, one blended score, and the reason for each recommendation."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from shoplab.core.vocabulary import EventType
from shoplab.recommend.data.arrays import UNKNOWN, Ints
from shoplab.recommend.data.feedback import CURRENT, Feedback
from shoplab.recommend.data.histories import Histories, UserContext, read_histories
from shoplab.recommend.data.products import Product, Products
from shoplab.recommend.data.shoppers import Shoppers
from shoplab.recommend.ranking.candidates import Candidates
from shoplab.recommend.ranking.ranker import Ranker
from shoplab.recommend.ranking.reasons import Reasons
from shoplab.recommend.sources.als import Als, Factors
from shoplab.recommend.sources.base import GROUPS

_USERS = 100  # ranked at once: the stream and the API have little memory to spare, a user takes 200 KB


class Recommendation(NamedTuple):
    """One product for one user. collaborative (recent, co-visits, neighbours, ALS), content and segment (demand in the
    segment and the shop) add up to score; so do the sources, those that had no part left out.
    """

    product_id: str
    score: float
    collaborative: float
    content: float
    segment: float
    why: str
    sources: dict[str, float]


@dataclass(frozen=True)
class Recommender:
    """A trained model. segment_names: of segment 0, 1, …; until: unix seconds of the newest event it learned from.
    feedback: the event types it learned from; others that users do meanwhile tell it nothing. increment: number of the
    increment that was applied, 0 for the model as it was trained.
    """

    products: Products
    shoppers: Shoppers
    ranker: Ranker
    segment_names: tuple[str, ...] = ()
    until: float = 0.0
    version: str = ""
    feedback: Feedback = CURRENT
    increment: int = 0

    def recommend(self, users: Sequence[UserContext], k: int = 10, new: bool = False) -> list[list[Recommendation]]:
        """Up to k products per user, best first, no durable one that the user bought; fewer only where no source finds
        more.

        Newcomers are folded in after the first click; without events they get what is popular in their segment or shop.
        new: only products that the user has not met, as far as their history here tells.
        """
        answers: list[list[Recommendation]] = []
        for start in range(0, len(users), _USERS):
            part = users[start : start + _USERS]
            answers += self._answers(read_histories(part, self.shoppers, self.products, self.feedback), k, new)
        return answers

    def product(self, product_id: str) -> Product | None:
        """What to show for a product, None for one the model doesn't know."""
        return self.products.find(product_id)

    @property
    def factors(self) -> Factors:
        """Of ALS; row i belongs to shoppers.ids[i] and to products[i]."""
        [als] = [source for source in self.ranker.finder.sources if isinstance(source, Als)]
        return als.factors

    def lists_for(self, histories: Histories, products: Products, user_ids: Sequence[str], top: int) -> Ints:
        """Lists for another model's cases, in and out by rows of its products and users; shape (cases, top)."""
        own_item = _rows(products.ids, self.products.index)
        own_user = _rows(user_ids, self.shoppers.index)
        kinds = self.feedback.translated(histories.feedback)[histories.kinds]
        kept = (own_item[histories.items] >= 0) & (kinds >= 0)
        bought, earlier = (_translated(pairs, own_item) for pairs in (histories.bought, histories.earlier))
        here = replace(
            histories, feedback=self.feedback, known=own_user[histories.known], owners=histories.owners[kept],
            items=own_item[histories.items[kept]], kinds=kinds[kept], ages=histories.ages[kept],
            bought=bought, earlier=earlier,
        )  # fmt: skip
        lists, _ = self.ranker.recommend(here, top)
        theirs = _rows(self.products.ids, products.index)
        return theirs[lists]

    @cached_property
    def _in_group(self) -> Ints:
        """Per source the place of its group."""
        return np.array([GROUPS.index(source.group) for source in self.ranker.finder.sources])

    def _answers(self, histories: Histories, k: int, new: bool) -> list[list[Recommendation]]:
        found = self.ranker.finder.find(histories)
        candidates = found.new_to(histories) if new else found
        lists, scores = self.ranker.order(candidates, len(histories), k, new)
        best, order = _listed(candidates, lists)
        parts = self.ranker.blend_for(new).parts(best)
        groups = np.stack([parts[:, group == self._in_group].sum(axis=1) for group in range(len(GROUPS))], axis=1)
        reasons, met = Reasons(self.products, self.segment_names), _met(histories)
        answers: list[list[Recommendation]] = [[] for _ in range(len(histories))]
        for row in order.tolist():
            owner, item = int(best.owners[row]), int(best.items[row])
            of_groups = groups[row].tolist()
            shown = {
                name: float(part)
                for name, part in zip(self.ranker.finder.names, parts[row], strict=True)
                if part > 0
            }  # fmt: skip
            score = float(scores[owner, len(answers[owner])])
            source = max(shown, key=shown.__getitem__, default="")
            why = reasons.why(item, source, met[owner], int(histories.segments[owner]))
            product_id = self.products[item].product_id
            collaborative, content, segment = of_groups
            answers[owner].append(Recommendation(product_id, score, collaborative, content, segment, why, shown))
        return answers


def _met(histories: Histories) -> dict[int, list[tuple[int, EventType]]]:
    """Owner -> what was met, newest first."""
    met: dict[int, list[tuple[int, EventType]]] = defaultdict(list)
    columns = (part[::-1].tolist() for part in (histories.owners, histories.items, histories.kinds))
    for owner, item, kind in zip(*columns, strict=True):
        met[owner].append((item, histories.feedback.event(kind)))
    return met


def _listed(candidates: Candidates, lists: Ints) -> tuple[Candidates, Ints]:
    """The candidates that are in the lists; and their rows by owner, best first."""
    shown = lists >= 0
    place = csr_matrix((np.nonzero(shown)[1] + 1.0, (np.nonzero(shown)[0], lists[shown])),
                       shape=(len(lists), int(lists.max(initial=0)) + 1))  # fmt: skip
    inside = candidates.items < place.shape[1]
    at = np.zeros(len(candidates.items))
    at[inside] = np.asarray(place[candidates.owners[inside], candidates.items[inside]]).ravel()
    kept = at > 0
    best = candidates.take(kept)
    return best, np.lexsort((at[kept], best.owners))


def _translated(pairs: tuple[Ints, Ints], own_item: Ints) -> tuple[Ints, Ints]:
    """Owners and items, by the rows of the own products; those that are none of them left out."""
    items = own_item[pairs[1]]
    return pairs[0][items >= 0], items[items >= 0]


def _rows(ids: Sequence[str], index: dict[str, int]) -> Ints:
    """Rows of these ids, UNKNOWN where there is none; and once more UNKNOWN, for row UNKNOWN."""
    return np.array([*(index.get(name, UNKNOWN) for name in ids), UNKNOWN], dtype=np.int64)
