"""Rules that name a segment from its centre. Read the table top to bottom: the first rule that holds gives the name."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import ge, lt

Centre = dict[str, float]
Condition = tuple[str, str, float]
_COMPARE = {">=": ge, "<": lt}


@dataclass(frozen=True)
class Rule:
    """A name and the conditions, all of which must hold on the centre in original units."""

    name: str
    conditions: tuple[Condition, ...]

    def holds(self, centre: Centre) -> bool:
        return all(_COMPARE[sign](centre[feature], limit) for feature, sign, limit in self.conditions)

    def __str__(self) -> str:
        return " and ".join(f"{feature} {sign} {limit:g}" for feature, sign, limit in self.conditions) or "otherwise"


# Centres of counts are geometric means (see kmeans.py), so "orders >= 0.5" reads: most of its members bought.
RULES = (
    Rule("loyal", (("orders", ">=", 1.5), ("sessions", ">=", 2.5))),
    Rule("impulsive buyer", (("orders", ">=", 0.5), ("events_per_session", "<", 4.5), ("order_rate", ">=", 0.4))),
    Rule("one-off buyer", (("orders", ">=", 0.5), ("sessions", "<", 4))),
    Rule("occasional buyer", (("orders", ">=", 0.5),)),
    Rule("cart abandoner", (("abandon_rate", ">=", 0.5),)),
    Rule("price-sensitive", (("price_level", "<", 0.35),)),
    Rule("regular visitor who doesn't buy", (("sessions", ">=", 3.5),)),
    Rule("researcher", (("events_per_session", ">=", 6),)),
    Rule("window shopper", ()),
)

# Told apart by what differs: (feature, word for the larger centre, word for the smaller one).
QUALIFIERS = (
    ("price_level", "dear taste", "cheap taste"),
    ("sessions", "comes often", "comes seldom"),
    ("events_per_session", "long visits", "short visits"),
    ("mean_session_s", "slow", "quick"),
)
_CLEARLY = 1.25


def name_centres(centres: Sequence[Centre]) -> list[str]:
    """A name for each centre, no two alike: where a rule holds for several, "name, qualifier" or else "name 2"."""
    plain = [next(rule.name for rule in RULES if rule.holds(centre)) for centre in centres]
    named = list(plain)
    for name in dict.fromkeys(plain):
        members = [i for i, other in enumerate(plain) if other == name]
        for i, label in zip(members, _distinct(name, [centres[i] for i in members]), strict=True):
            named[i] = label
    return named


def order_of(name: str) -> int:
    """Position of a name's rule in the table, for a stable order of segments."""
    base = name.split(",")[0].rstrip(" 0123456789")
    return next(i for i, rule in enumerate(RULES) if rule.name == base)


def _distinct(name: str, centres: list[Centre]) -> list[str]:
    if len(centres) == 1:
        return [name]
    if len(centres) == 2:
        for feature, high, low in QUALIFIERS:
            a, b = (centre[feature] for centre in centres)
            if max(a, b) > _CLEARLY * min(a, b):
                return [f"{name}, {high if a > b else low}", f"{name}, {high if b > a else low}"]
    ranked = sorted(range(len(centres)), key=lambda i: (-centres[i]["sessions"], -centres[i]["events_per_session"], i))
    return [name if ranked.index(i) == 0 else f"{name} {ranked.index(i) + 1}" for i in range(len(centres))]
