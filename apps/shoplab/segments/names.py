"""Rules that name a segment from its centre. Read a table top to bottom: the first rule that holds gives the name."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import ge, lt
from typing import NamedTuple

Centre = dict[str, float]
Condition = tuple[str, str, float]
_COMPARE = {">=": ge, "<": lt}


@dataclass(frozen=True)
class Rule:
    """A name and the conditions, all of which must hold on the centre. Rates and the price level are means over its
    users, sessions, orders and events_per_session geometric means ("orders >= 0.5": most of them bought);
    "order_value (sd)" counts standard deviations from the shop's mean. What the log lacks fulfils no condition.
    """

    name: str
    conditions: tuple[Condition, ...]

    def holds(self, centre: Centre) -> bool:
        return all(
            feature in centre and _COMPARE[sign](centre[feature], limit) for feature, sign, limit in self.conditions
        )

    def __str__(self) -> str:
        return " and ".join(f"{feature} {sign} {limit:g}" for feature, sign, limit in self.conditions) or "otherwise"


class Named(NamedTuple):
    """A segment's name, and the rule that gave it."""

    name: str
    rule: Rule


RULES = (
    Rule("loyal", (("orders", ">=", 2.5), ("sessions", ">=", 4))),
    Rule("impulsive buyer", (("order_rate", ">=", 0.25), ("cart_rate", "<", 0.15))),
    Rule("one-off buyer", (("order_rate", ">=", 0.25), ("orders", "<", 1.3))),
    Rule("deliberate buyer", (("order_rate", ">=", 0.25),)),
    Rule("occasional buyer", (("orders", ">=", 0.5),)),
    Rule("cart abandoner", (("left_cart_rate", ">=", 0.25),)),
    Rule("price-sensitive", (("price_level", "<", 0.35),)),
    Rule("regular visitor who doesn't buy", (("sessions", ">=", 3.5),)),
    Rule("researcher", (("events_per_session", ">=", 6),)),
    Rule("window shopper", ()),
)
# Of a log that holds orders only: nobody just looks
ORDER_RULES = (
    Rule("loyal", (("month_orders (sd)", ">=", 0.7),)),
    Rule("big spender", (("order_value (sd)", ">=", 0.7),)),
    Rule("price-sensitive", (("price_level (sd)", "<", -0.7),)),
    Rule("small basket buyer", (("order_value (sd)", "<", -0.7),)),
    Rule("occasional buyer", ()),
)

# Told apart by what differs: (feature, word for the larger centre, word for the smaller one).
QUALIFIERS = (
    ("price_level", "dear taste", "cheap taste"),
    ("sessions", "comes often", "comes seldom"),
    ("events_per_session", "long visits", "short visits"),
    ("mean_session_s", "slow", "quick"),
    ("order_value", "large orders", "small orders"),
)
_CLEARLY = 1.25


def name_centres(centres: Sequence[Centre], rules: Sequence[Rule] = RULES) -> list[Named]:
    """A name for each centre, no two alike: where a rule holds for several, "name, qualifier" or else "name 2"."""
    held = [next(rule for rule in rules if rule.holds(centre)) for centre in centres]
    names = [""] * len(centres)
    for rule in dict.fromkeys(held):
        members = [i for i, other in enumerate(held) if other is rule]
        for i, label in zip(members, _distinct(rule.name, [centres[i] for i in members]), strict=True):
            names[i] = label
    return [Named(name, rule) for name, rule in zip(names, held, strict=True)]


def order_of(named: Named) -> int:
    """Position of a name's rule in its table, for a stable order of segments."""
    return (RULES if named.rule in RULES else ORDER_RULES).index(named.rule)


def _distinct(name: str, centres: list[Centre]) -> list[str]:
    """Each by what sets it apart most from the others of the name; those left without a word are numbered."""
    if len(centres) == 1:
        return [name]
    labels: dict[int, str] = {}
    ranked = sorted(range(len(centres)), key=lambda i: (-centres[i].get("sessions", 0), sorted(centres[i].items())))
    for i in ranked:
        offered = [f"{name}, {word}" for word in _qualifiers(i, centres)]
        labels[i] = next((label for label in offered if label not in labels.values()), f"{name} {len(labels) + 1}")
    return [labels[i] for i in range(len(centres))]


def _qualifiers(i: int, centres: list[Centre]) -> list[str]:
    """Words for where the centre is clearly above or below the mean of the others, the clearest first."""
    words = {}
    for feature, high, low in QUALIFIERS:
        own, *rest = (centre.get(feature, 0.0) for centre in (centres[i], *centres[:i], *centres[i + 1 :]))
        mean = sum(rest) / len(rest)
        if min(own, mean) > 0 and max(own, mean) > _CLEARLY * min(own, mean):
            words[high if own > mean else low] = max(own, mean) / min(own, mean)
    return sorted(words, key=lambda word: -words[word])
