"""One shopper's visit: what is asked for next follows from what was shown before."""

import random
import uuid
from collections import deque
from urllib.parse import quote

from calls import Call

from shoplab.events.generator.output import TYPES
from shoplab.load.sessions import BESIDE, EVENT, LAND, PRODUCT, SIMILAR

REPEAT = 0.25  # of the views, of the product that was viewed before: the generator's
TOP = 0.35  # of the choices, of the first item of a list; of the rest again so many of the second, and so on
REMEMBERED = 20  # events that a page without a user sends along
STRANGERS = range(10**9, 10**10)  # no shop's ids so far


class Shop:
    """What all visits share: users that the API named, and products that it showed of late, for shoppers who were on
    their way before the run began.
    """

    def __init__(self, users, unknown):
        self.users, self.unknown = users, unknown
        self.shown: deque[str] = deque(maxlen=1_000)

    def visit(self):
        is_known = bool(self.users) and random.random() >= self.unknown
        return Visit(self, random.choice(self.users) if is_known else str(random.choice(STRANGERS)), is_known)


class Visit:
    """A known user's, or a stranger's whose list follows from the events of this visit alone."""

    def __init__(self, shop, user, is_known):
        self._shop, self._user, self._is_known = shop, user, is_known
        self._session = str(uuid.UUID(int=random.getrandbits(128)))
        self._shown, self._product = [], None
        self._events = []

    def call(self, kind):
        """The request of that kind, of shoplab.load.sessions; None while no product was ever shown to anyone."""
        if kind == LAND:
            name = "/recommendations/{user}" if self._is_known else "/recommendations/{stranger}"
            return Call("GET", f"/recommendations/{_part(self._user)}", name, key="items")
        if kind in (PRODUCT, SIMILAR, BESIDE) or self._product is None:
            self._product = self._chosen()
        if self._product is None:
            return None
        if kind == PRODUCT:
            return Call("GET", f"/products/{_part(self._product)}", "/products/{product}")
        if kind == SIMILAR:
            return Call("GET", f"/similar/{_part(self._product)}", "/similar/{product}", key="items")
        return self._beside() if kind == BESIDE else self._event(TYPES[kind - EVENT])

    def saw(self, answer):
        """Takes note of a list that was shown."""
        items = [item["product_id"] for item in answer.get("items", ())]
        if items:
            self._shown = items
            self._shop.shown.append(items[0])

    def _chosen(self):
        if self._product is not None and random.random() < REPEAT:
            return self._product
        for product in self._shown:
            if random.random() < TOP:
                return product
        choices = self._shown or self._shop.shown
        return random.choice(choices) if choices else None

    def _beside(self):
        if self._is_known:
            path = f"/recommendations/{_part(self._user)}?context={_part(self._product)}"
            return Call("GET", path, "/recommendations/{user}?context", key="items")
        return Call("POST", "/recommendations", "/recommendations", {"events": self._events[-REMEMBERED:]}, key="items")

    def _event(self, kind):
        event = {"event_type": kind, "product_id": self._product}
        self._events.append(event)
        return Call(
            "POST", "/events", "/events", event | {"user_id": self._user, "user_session": self._session}, status=202,
            key="accepted",
        )  # fmt: skip


def _part(text):
    """An id, whatever is in it, as a part of a path."""
    return quote(text, safe="")
