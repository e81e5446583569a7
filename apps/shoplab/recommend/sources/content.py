"""Content as a source: products like those met, by category path, brand and price band."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.sparse import csr_matrix

from shoplab.recommend.content import Content, fit_content
from shoplab.recommend.histories import Histories
from shoplab.recommend.log import Ints
from shoplab.recommend.shelves import best_of_each
from shoplab.recommend.sources.base import Arrays, Floats, Training, from_pairs, packed, unpacked
from shoplab.recommend.sources.popular import decayed_demand

FROM_SHELF, FROM_CATEGORY, SEEDS = 15, 25, 5
DECAY = 0.9
SIZE = 40


@dataclass(frozen=True)
class Alike:
    """TF-IDF vectors, and per product the codes of its shelf (category and brand) and category with the best sellers of
    each. Products of the last 5 shelves and categories met are compared: the best sellers stand for the rest.
    """

    content: Content
    codes: Ints
    best: tuple[Ints, Ints]
    name: ClassVar[str] = "content"

    @classmethod
    def fit(cls, training: Training) -> Self:
        catalogue = training.log.catalogue
        wanted = decayed_demand(training.log)
        shelf = best_of_each(catalogue.shelf_codes, wanted, FROM_SHELF)
        category = best_of_each(catalogue.category_codes, wanted, FROM_CATEGORY)
        codes = np.stack([catalogue.shelf_codes, catalogue.category_codes]).astype(np.int64)
        return cls(training.content or fit_content(catalogue), codes, (shelf, category))

    def lists(self, histories: Histories) -> csr_matrix:
        shape = (len(histories), self.content.vectors.shape[0])
        seeds = histories.ages < SEEDS
        owners, items = histories.owners[seeds], histories.items[seeds]
        found = [np.empty(0, np.int64)]
        for codes, best in zip(self.codes, self.best, strict=True):
            near = best[codes[items]]
            found.append((owners[:, None] * shape[1] + near)[near >= 0])
        keys = np.unique(np.concatenate(found))
        owners, items = keys // max(1, shape[1]), keys % max(1, shape[1])
        return from_pairs(owners, items, self.similarity(histories, owners, items), shape, SIZE)

    def similarity(self, histories: Histories, owners: Ints, items: Ints) -> Floats:
        """Cosine of what case owners[i] met and product items[i]; 0 where neither category nor brand is known."""
        if not self.content.vectors.nnz:
            return np.zeros(len(owners), dtype=np.float32)
        profiles = self.content.profiles(histories.matrix(self.content.vectors.shape[0], DECAY))
        return self.content.similarity(profiles, owners, items)

    def arrays(self) -> Arrays:
        shelf, category = self.best
        return packed("vectors", self.content.vectors) | {"codes": self.codes, "shelf": shelf, "category": category}

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        return cls(Content(unpacked("vectors", arrays)), arrays["codes"], (arrays["shelf"], arrays["category"]))
