"""Products of sparse matrices of which each row keeps its largest."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random

from shoplab.recommend.sources.base import packed, trimmed, unpacked
from shoplab.recommend.topn import best_products


@pytest.mark.parametrize("rows", [0, 1, 1200])
def test_the_best_are_those_of_the_whole_product(rows: int) -> None:
    seeds = np.random.default_rng(1)
    left = csr_matrix(random(rows, 300, 0.02, random_state=seeds, dtype=np.float32))
    right = csr_matrix(random(300, 80, 0.1, random_state=seeds, dtype=np.float32))
    whole = (left @ right).toarray()
    limit = -np.sort(-whole, axis=1)[:, 4:5] if rows else whole[:, :1]
    expected = np.where((whole >= limit) & (whole > 0), whole, 0)
    found = best_products(left, right, 5)
    np.testing.assert_allclose(found.toarray(), expected, rtol=1e-5)
    for row in range(rows):
        assert (np.diff(found.data[found.indptr[row] : found.indptr[row + 1]]) <= 0).all()


def test_of_equals_the_last_stay_and_come_first() -> None:
    left = csr_matrix(np.array([[1, 1]], dtype=np.float32))
    right = csr_matrix(np.array([[0, 0, 2, 2, 1, 2], [2, 2, 0, 0, 0, 0]], dtype=np.float32))
    assert best_products(left, right, 3).indices.tolist() == [5, 3, 2]


def test_trimmed_keeps_the_largest() -> None:
    table = csr_matrix(np.array([[3, 1, 2], [0, 0, 0], [0, 5, 0]], dtype=np.float32))
    assert trimmed(table, 2).toarray().tolist() == [[3, 0, 2], [0, 0, 0], [0, 5, 0]]
    assert unpacked("t", packed("t", table)).toarray().tolist() == table.toarray().tolist()
