"""The published hybrid: candidates from every source, one blended score, and the reason for each recommendation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

from shoplab.recommend.als import Factors
from shoplab.recommend.blend import COLLABORATIVE
from shoplab.recommend.candidates import NAMES, Candidates
from shoplab.recommend.catalogue import Catalogue, Product
from shoplab.recommend.histories import Histories, UserContext, read_histories
from shoplab.recommend.log import UNKNOWN, Ints
from shoplab.recommend.reasons import Reasons
from shoplab.recommend.shoppers import Shoppers
from shoplab.recommend.sources.base import Floats
from shoplab.recommend.sources.latent import Latent
from shoplab.recommend.trained import Trained

_USERS = 100  # ranked at once: the stream and the API have little memory to spare, a user takes 200 KB
_GROUPS = np.array([0 if name in COLLABORATIVE else 1 if name == "content" else 2 for name in NAMES])


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
    """A trained model. segment_names: of segment 0, 1, …; until: unix seconds of the newest event it learned from."""

    catalogue: Catalogue
    shoppers: Shoppers
    trained: Trained
    segment_names: tuple[str, ...] = ()
    until: float = 0.0
    version: str = ""

    def recommend(self, users: Sequence[UserContext], k: int = 10) -> list[list[Recommendation]]:
        """Up to k products per user, best first, no durable one that the user bought; fewer only where no source finds
        more.

        Newcomers are folded in after the first click; without events they get what is popular in their segment or shop.
        """
        answers: list[list[Recommendation]] = []
        for start in range(0, len(users), _USERS):
            histories = read_histories(users[start : start + _USERS], self.shoppers, self.catalogue)
            answers += self._answers(histories, k)
        return answers

    def product(self, product_id: str) -> Product | None:
        """What to show for a product, None for one the model doesn't know."""
        return self.catalogue[product_id] if product_id in self.catalogue.index else None

    def knows(self, user_id: str) -> bool:
        """Whether the model was trained on the user's events."""
        return user_id in self.shoppers.index

    @property
    def factors(self) -> Factors:
        """Of ALS; row i belongs to shoppers.ids[i] and to catalogue.products[i]."""
        [latent] = [source for source in self.trained.finder.sources if isinstance(source, Latent)]
        return latent.factors

    def lists_for(self, histories: Histories, catalogue: Catalogue, user_ids: Sequence[str], top: int) -> Ints:
        """Lists for another model's cases, in and out by rows of its catalogue and users; shape (cases, top)."""
        own_item = _rows([product.product_id for product in catalogue.products], self.catalogue.index)
        own_user = _rows(user_ids, self.shoppers.index)
        kept = own_item[histories.items] >= 0
        bought = own_item[histories.bought[1]] >= 0
        here = replace(
            histories, known=own_user[histories.known], owners=histories.owners[kept],
            items=own_item[histories.items[kept]], kinds=histories.kinds[kept], ages=histories.ages[kept],
            bought=(histories.bought[0][bought], own_item[histories.bought[1][bought]]),
        )  # fmt: skip
        lists, _ = self.trained.ranked(here, top)
        theirs = _rows([product.product_id for product in self.catalogue.products], catalogue.index)
        return theirs[lists]

    def _answers(self, histories: Histories, k: int) -> list[list[Recommendation]]:
        candidates = self.trained.finder.find(histories)
        blend = self.trained.blend
        lists, scores = self.trained.ordered(candidates, len(histories), k)
        best, order = _only(candidates, lists)
        parts = blend.parts(best)
        groups = np.stack([parts[:, group == _GROUPS].sum(axis=1) for group in range(3)], axis=1)
        reasons = Reasons(self.catalogue, self.segment_names, histories)
        answers: list[list[Recommendation]] = [[] for _ in range(len(histories))]
        for row in order.tolist():
            owner, item = int(best.owners[row]), int(best.items[row])
            why = reasons.why(owner, item, groups[row].tolist())
            shown = {name: float(part) for name, part in zip(NAMES, parts[row], strict=True) if part > 0}
            collaborative, content, segment = groups[row].tolist()
            score = float(scores[owner, len(answers[owner])])
            product_id = self.catalogue.products[item].product_id
            answers[owner].append(Recommendation(product_id, score, collaborative, content, segment, why, shown))
        return answers


def _only(candidates: Candidates, lists: Ints) -> tuple[Candidates, Ints]:
    """The candidates that are in the lists; and their rows by owner, best first."""
    shown = lists >= 0
    place = csr_matrix((np.nonzero(shown)[1] + 1.0, (np.nonzero(shown)[0], lists[shown])),
                       shape=(len(lists), int(lists.max(initial=0)) + 1))  # fmt: skip
    inside = candidates.items < place.shape[1]
    at = np.zeros(len(candidates.items))
    at[inside] = np.asarray(place[candidates.owners[inside], candidates.items[inside]]).ravel()
    kept = at > 0
    best = Candidates(candidates.owners[kept], candidates.items[kept], candidates.seen[kept])
    return best, np.lexsort((at[kept], best.owners))


def _rows(ids: Sequence[str], index: dict[str, int]) -> Ints:
    """Rows of these ids, UNKNOWN where there is none; and once more UNKNOWN, for row UNKNOWN."""
    return np.array([*(index.get(name, UNKNOWN) for name in ids), UNKNOWN], dtype=np.int64)


__all__ = ["Floats", "Recommendation", "Recommender", "UserContext"]
