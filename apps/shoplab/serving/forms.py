"""What comes in and goes out besides recommendations: the shapes that OpenAPI tells."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shoplab.serving.intake import MOST

Id = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class Error(BaseModel):
    """One line: what is wrong, and what to type next."""

    error: str


class Met(BaseModel):
    """What a visitor did with a product."""

    product_id: Id
    event_type: Annotated[str, StringConstraints(max_length=64)] = "view"


class Visit(BaseModel):
    """A visitor's events, oldest first; none: what is popular. session: what the API followed of it goes before.
    context: a product that is being looked at. new: only products not met.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"events": [{"product_id": "1004856", "event_type": "view"}], "k": 5}]}
    )
    events: Annotated[list[Met], Field(max_length=200)] = []
    k: Annotated[int, Field(ge=1, le=100)] = 10
    session: Annotated[str, StringConstraints(max_length=256)] = ""
    context: Annotated[str, StringConstraints(max_length=256)] = ""
    new: bool = False


class SampleUser(BaseModel):
    """source: of the answer that the user would get."""

    user_id: str
    segment: int | None
    segment_name: str | None
    source: str


class SampleUsers(BaseModel):
    users: list[SampleUser]


class RecentEvent(BaseModel):
    event_time: str
    event_type: str
    product_id: str
    category_code: str | None
    brand: str | None
    price: float | None


class UserProfile(BaseModel):
    """known: to a table or to the stream. rfm_class, p_alive: as published; recent: newest first."""

    user_id: str
    known: bool
    segment: int | None
    segment_name: str | None
    rfm_class: str | None
    p_alive: float | None
    recent: list[RecentEvent]


class ProductProfile(BaseModel):
    """name: brand and kind in plain words, and the id."""

    product_id: str
    name: str
    category_code: str | None
    brand: str | None
    price: float | None


class Refused(BaseModel):
    """index: of the event in the request."""

    index: int
    error: str


class Taken(BaseModel):
    """accepted: that Kafka has acknowledged. The others are not sent."""

    accepted: int
    rejected: list[Refused]


EVENT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"One event, or a list of up to {MOST:,}. event_time may be left out: now; so may category_code,"
        " brand and price together: the catalogue's.",
        "content": {
            "application/json": {
                "schema": {"oneOf": [{"type": "object"}, {"type": "array", "maxItems": MOST}]},
                "example": [
                    {"event_type": "view", "product_id": "1004856", "user_id": "512300003", "user_session": "s-1"}
                ],
            }
        },
    }
}  # fmt: skip
