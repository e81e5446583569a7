"""The questions that the API answers."""

import datetime as dt
from typing import Annotated, Any

import orjson
from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi import Path as PathPart

from shoplab.core.vocabulary import NAMES
from shoplab.recommend.data.products import words_for
from shoplab.serving.answers import Answer, Similar
from shoplab.serving.counter import Counter
from shoplab.serving.desk import Question, Unknown
from shoplab.serving.forms import (
    EVENT_BODY,
    Error,
    ProductProfile,
    RecentEvent,
    SampleUser,
    SampleUsers,
    Taken,
    UserProfile,
    Visit,
)
from shoplab.serving.intake import MOST

DESCRIPTION = "Recommendations, segments and events of the lab's shop. Every error is one line that says what to do."
ERRORS: dict[int | str, dict[str, Any]] = {
    422: {"model": Error, "description": "Bad input."},
    503: {"model": Error, "description": "Something the answer needs is away or not made yet."},
}
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Error, "description": "Not known."}}
_ANSWER: dict[int | str, dict[str, Any]] = {200: {"model": Answer}}
_JSON = "application/json"

UserId = Annotated[str, PathPart(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$", examples=["512300003"])]
ProductId = Annotated[str, PathPart(min_length=1, max_length=256, examples=["1004856"])]
Many = Annotated[int, Query(ge=1, le=100)]


def add(app: FastAPI, counter: Counter) -> None:
    _add_recommendations(app, counter)
    _add_users(app, counter)
    _add_products(app, counter)
    _add_events(app, counter)


def _add_recommendations(app: FastAPI, counter: Counter) -> None:
    desk = counter.desk

    @app.get("/recommendations/{user_id:path}", responses=_ANSWER)
    async def recommendations(
        request: Request, user_id: UserId, k: Many = 10, context: Annotated[str, Query(max_length=256)] = "",
        new: bool = False,
    ) -> Response:  # fmt: skip
        """Products for a user, best first. context: a product that is being looked at; new: only products not met."""
        found, request.state.source = desk.recommendations(Question(user_id, k, context, new))
        return Response(found, media_type=_JSON)

    @app.post("/recommendations", responses=_ANSWER)
    async def of_visit(request: Request, visit: Visit) -> Response:
        """Products for a visitor nobody knows, by what the visit did."""
        events = [(met.product_id, met.event_type) for met in visit.events]
        found, request.state.source = desk.for_events(events, visit.k, visit.new, visit.session, visit.context)
        return Response(found, media_type=_JSON)

    @app.get("/similar/{product_id:path}", responses={200: {"model": Similar}, **_UNKNOWN})
    async def similar(product_id: ProductId, k: Many = 10) -> Response:
        """What is shown to a visitor who looked at this product."""
        return Response(desk.similar(product_id, k), media_type=_JSON)


def _add_users(app: FastAPI, counter: Counter) -> None:
    backstage, desk = counter.backstage, counter.desk

    @app.get("/users/sample")
    async def users_sample(n: Annotated[int, Query(ge=1, le=1_000)] = 20) -> SampleUsers:
        """Users to try: those of the newest events, at most half where the segment table has enough others."""
        people = backstage.people
        newest = backstage.follower.users.newest(n)
        known = set(newest)
        others = [user for user in (people.sample(n) if people else []) if user not in known]
        chosen = [*newest[: max(n // 2, n - len(others))], *others][:n]
        return SampleUsers(users=[_sample(user) for user in chosen])

    def _sample(user: str) -> SampleUser:
        number, name = backstage.segment(user) or (None, None)
        source = desk.source(user) if backstage.answers else "popular"
        return SampleUser(user_id=user, segment=number, segment_name=name, source=source)

    @app.get("/users/{user_id:path}")
    async def user(user_id: UserId) -> UserProfile:
        """What is known of a user. A stranger is an answer too: known is false."""
        person = backstage.people.person(user_id) if backstage.people else None
        segment = backstage.segment(user_id)
        number, name = segment or (None, None)
        recent = _recent(counter, user_id)
        return UserProfile(
            user_id=user_id, known=bool(person or segment or recent), segment=number, segment_name=name,
            rfm_class=person.rfm_class if person else None, p_alive=person.p_alive if person else None, recent=recent,
        )  # fmt: skip


def _recent(counter: Counter, user_id: str) -> list[RecentEvent]:
    follower, found = counter.backstage.follower, []
    for event in follower.users.of(user_id)[::-1]:
        product_id = follower.tokens.names[event["product"]]
        product = counter.backstage.product(product_id)
        at = dt.datetime.fromtimestamp(int(event["time"]), dt.UTC)
        found.append(
            RecentEvent(
                event_time=f"{at:%Y-%m-%d %H:%M:%S} UTC",
                event_type=NAMES[event["kind"]],
                product_id=product_id,
                category_code=product and product.category_code,
                brand=product and product.brand,
                price=product and product.price,
            )
        )
    return found


def _add_products(app: FastAPI, counter: Counter) -> None:
    @app.get("/products/{product_id:path}", responses=_UNKNOWN)
    async def product(product_id: ProductId) -> ProductProfile:
        """What the model's catalogue knows of a product."""
        found = counter.backstage.product(product_id)
        if found is None:
            raise Unknown(f"product {product_id!r} is not known to the model")
        return ProductProfile(
            product_id=product_id, name=f"{words_for(found).removesuffix('s')} {product_id}",
            category_code=found.category_code, brand=found.brand, price=found.price,
        )  # fmt: skip


def _add_events(app: FastAPI, counter: Counter) -> None:
    @app.post("/events", status_code=202, openapi_extra=EVENT_BODY, responses={413: {"model": Error}})
    async def events(request: Request) -> Taken:
        """Events for the shop's topic. Answered when Kafka has acknowledged the good ones; the others are told one by
        one, by ingest's rules.
        """
        try:
            said = orjson.loads(await request.body())
        except ValueError:
            raise HTTPException(422, "the body is not JSON; send one event, or a list of events") from None
        given = said if isinstance(said, list) else [said]
        if len(given) > MOST:
            raise HTTPException(422, f"{len(given):,} events are too many for one request; send {MOST:,} at most")
        good, bad = counter.intake.rows(given)
        await counter.intake.send(good)
        return Taken.model_validate({"accepted": len(good), "rejected": bad})
