"""What people do in a shop: each event type once, with all that any room needs to know of it.

Every list of event types, every column that counts one, and the words for reasons come from here. A new one is a line
in EVENTS; tests/core/test_vocabulary.py follows one through the lab.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class EventType:
    """name: as events carry it. counts: the column of its number in sessions, users and products, None for none.

    step: what a session with one has done, as a step of the funnel; None for no step. weight: how much one event says
    that its user wants the product, 0 for nothing either way (implicit feedback: Hu, Koren and Volinsky 2008). met:
    the reason to show a product that was met so; did: "like phones you …". pays: 1 where it brings its price times
    quantity, -1 where it takes that back. in_visit: whether it is done while visiting. hue: letter of its colour in
    charts.
    """

    name: str
    counts: str | None = None
    step: str | None = None
    weight: float = 0.0
    met: str = ""
    did: str = ""
    pays: int = 0
    in_visit: bool = True
    hue: str = "e"


VIEW = EventType("view", "views", "viewed", 1.0, "you viewed it lately", "viewed", hue="a")
CART = EventType("cart", "carts", "carted", 3.0, "it is still in your cart", "put in your cart", hue="b")
REMOVE = EventType("remove_from_cart", "removes", hue="d")
PURCHASE = EventType("purchase", "purchases", "purchased", 5.0, "you bought it before", "bought", pays=1, hue="c")
REFUND = EventType("refund", pays=-1, in_visit=False)  # a purchase taken back: it lowers what was paid, and is no order

# In the order of the funnel: of events in one second the first here comes first.
EVENTS = (VIEW, CART, REMOVE, PURCHASE, REFUND)

NAMES = tuple(event.name for event in EVENTS)
BY_NAME = {event.name: event for event in EVENTS}
COUNTS = {event.name: event.counts for event in EVENTS if event.counts}
FUNNEL = tuple(event for event in EVENTS if event.step)
IN_VISIT = tuple(event.name for event in EVENTS if event.in_visit)
FEEDBACK = {event.name: event.weight for event in sorted(EVENTS, key=lambda event: event.weight) if event.weight}
