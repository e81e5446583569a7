import pytest

from shoplab.recommend.model.recommender import Recommender
from tests.streaming.learning.shop import trained, walks


@pytest.fixture(scope="session")
def base() -> Recommender:
    return trained()


@pytest.fixture(scope="session")
def walked() -> Recommender:
    """A shop of 160 products whose visits go from one to the next."""
    return trained(walks(400))
