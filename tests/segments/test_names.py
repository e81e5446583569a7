import pytest

from shoplab.segments.names import RULES, Centre, name_centres, order_of
from shoplab.settings import REPO

VISITOR: Centre = {
    "sessions": 1.5, "events_per_session": 3.0, "mean_session_s": 60.0, "orders": 0.0, "revenue": 0.0,
    "cart_rate": 0.0, "order_rate": 0.0, "abandon_rate": 0.0, "price_level": 0.5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("difference", "name"),
    [
        ({}, "window shopper"),
        ({"orders": 2.4, "sessions": 6.0}, "loyal"),
        ({"orders": 1.0, "order_rate": 0.7, "events_per_session": 3.0}, "impulsive buyer"),
        ({"orders": 1.0, "order_rate": 0.6, "events_per_session": 7.0}, "one-off buyer"),
        ({"cart_rate": 0.5, "abandon_rate": 0.8}, "cart abandoner"),
        ({"sessions": 6.0}, "regular visitor who doesn't buy"),
        ({"price_level": 0.1}, "price-sensitive"),
    ],
)
def test_rules(difference: Centre, name: str) -> None:
    assert name_centres([VISITOR | difference]) == [name]


def test_names_are_unique_and_say_what_differs() -> None:
    assert name_centres([VISITOR, VISITOR | {"price_level": 0.9}]) == [
        "window shopper, cheap taste",
        "window shopper, dear taste",
    ]
    crowd = name_centres([VISITOR] * 4)
    assert len(set(crowd)) == 4
    assert {order_of(name) for name in crowd} == {len(RULES) - 1}


def test_names_do_not_depend_on_the_centres_order() -> None:
    centres = [
        VISITOR,
        VISITOR | {"sessions": 6.0},
        VISITOR | {"sessions": 9.0},
        VISITOR | {"orders": 2, "sessions": 5},
    ]
    forwards, backwards = name_centres(centres), name_centres(centres[::-1])
    assert forwards == backwards[::-1]


def test_a_rule_reads_as_a_sentence() -> None:
    assert str(RULES[0]) == "orders >= 1.5 and sessions >= 2.5"
    assert str(RULES[-1]) == "otherwise"


def test_the_docs_show_the_rules() -> None:
    text = (REPO / "docs/segments.md").read_text(encoding="utf-8")
    assert "\n".join(f"| {rule.name} | {rule} |" for rule in RULES) in text
