"""What comes out of a fit, on a small log."""

import numpy as np

from shoplab.recommend.data.histories import of_users
from shoplab.recommend.ranking.blend import LEARNED
from shoplab.recommend.ranking.fit import fit
from tests.recommend.logs import two_tastes

LOG = two_tastes(400)


def test_who_has_no_events_gets_what_is_popular_and_others_their_taste() -> None:
    ranker = fit(LOG, "next-month", rank=4)
    assert ranker.learned
    lists = ranker.rankings(of_users(LOG, np.array([-1, 0, 1])), 10)
    np.testing.assert_array_equal(lists[LEARNED][0], lists["popularity"][0])
    letters = [{LOG.products[item].product_id[0] for item in row} for row in lists[LEARNED][1:]]
    tastes = [LOG.user_ids[row][0] for row in (0, 1)]
    assert letters == [{taste} for taste in tastes]
