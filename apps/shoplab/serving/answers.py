"""A user id -> the answer the API gives: live recommendations first, else the model's, else what is popular."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel

from shoplab.core.errors import ServiceError
from shoplab.recommend.data.histories import UserContext
from shoplab.recommend.model.recommender import Recommendation, Recommender
from shoplab.serving.backstage import Backstage

AnswerSource = Literal["live", "model", "popular"]


class Item(BaseModel):
    """One recommended product. collaborative, content and segment add up to score; so do the sources, where known."""

    rank: int
    product_id: str
    category_code: str | None
    brand: str | None
    price: float | None
    score: float
    collaborative: float
    content: float
    segment: float
    why: str
    sources: dict[str, float]


class Answer(BaseModel):
    """Recommendations for one user, best first. segment is null for a user the segment table does not hold."""

    user_id: str
    segment: int | None
    segment_name: str | None
    source: AnswerSource
    model_version: str | None
    items: list[Item]


class SampleUser(BaseModel):
    user_id: str
    segment: int | None
    segment_name: str | None
    source: AnswerSource


def answer(backstage: Backstage, user_id: str, k: int) -> Answer:
    """ServiceError where neither the stream nor a model knows anything yet."""
    segment = backstage.segment(user_id)
    number, name = segment or (None, None)
    live = backstage.live.of(user_id)[:k]
    recommender = backstage.recommender
    if recommender is None and not live:
        raise ServiceError(backstage.problems.get("model", "no recommender is loaded yet; first: ./lab train"))
    found = _filled(live, recommender, UserContext(user_id, number, recent=()), k) if recommender else live
    return Answer(
        user_id=user_id,
        segment=number,
        segment_name=name,
        source="live" if live else _source(backstage, user_id),
        model_version=recommender.version if recommender else None,
        items=_items(found, recommender),
    )


def sample_users(backstage: Backstage, count: int) -> list[SampleUser]:
    """Users to try: the stream's newest, at most half where the segment table has enough others."""
    live = backstage.live.newest_users(count)
    newest = set(live)
    others = [user for user in backstage.sample_customers(count) if user not in newest]
    chosen = live[: max(count // 2, count - len(others))]
    users: list[tuple[str, AnswerSource]] = [(user, "live") for user in chosen]
    users += [(user, _source(backstage, user)) for user in others]
    return [_sample(backstage, user, source) for user, source in users[:count]]


def _filled(live: list[Recommendation], recommender: Recommender, context: UserContext, k: int) -> list[Recommendation]:
    """k items where the model has that many: the live ones first, the model's behind them."""
    if len(live) == k:
        return live
    known = {item.product_id for item in live}
    modelled = recommender.recommend([context], k)[0]  # k, not what is missing: some are known and dropped
    return [*live, *(item for item in modelled if item.product_id not in known)][:k]


def _source(backstage: Backstage, user_id: str) -> AnswerSource:
    """Of a user without live recommendations."""
    return "model" if backstage.knows(user_id) else "popular"


def _sample(backstage: Backstage, user_id: str, source: AnswerSource) -> SampleUser:
    number, name = backstage.segment(user_id) or (None, None)
    return SampleUser(user_id=user_id, segment=number, segment_name=name, source=source)


def _items(found: Sequence[Recommendation], recommender: Recommender | None) -> list[Item]:
    items = []
    for rank, item in enumerate(found, start=1):
        product = recommender.product(item.product_id) if recommender else None
        items.append(
            Item(
                rank=rank,
                category_code=product.category_code if product else None,
                brand=product.brand if product else None,
                price=product.price if product else None,
                **item._asdict(),
            )
        )
    return items
