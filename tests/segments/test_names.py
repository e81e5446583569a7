import pytest

from shoplab.core.settings import REPO
from shoplab.segments.names import ORDER_RULES, RULES, Centre, name_centres, order_of

VISITOR: Centre = {
    "month_events": 4.0, "sessions": 1.5, "events_per_session": 3.0, "mean_session_s": 60.0, "orders": 0.0,
    "cart_rate": 0.0, "order_rate": 0.0, "left_cart_rate": 0.0, "price_level": 0.5,
}  # fmt: skip


def names(centres: list[Centre]) -> list[str]:
    return [named.name for named in name_centres(centres)]


@pytest.mark.parametrize(
    ("difference", "name"),
    [
        ({}, "window shopper"),
        ({"orders": 2.6, "order_rate": 0.5, "sessions": 6.0}, "loyal"),
        ({"orders": 1.8, "order_rate": 0.4, "cart_rate": 0.05}, "impulsive buyer"),
        ({"orders": 1.1, "order_rate": 0.4, "cart_rate": 0.4}, "one-off buyer"),
        ({"orders": 1.8, "order_rate": 0.4, "cart_rate": 0.4}, "deliberate buyer"),
        ({"orders": 0.6, "order_rate": 0.2}, "occasional buyer"),
        ({"cart_rate": 0.6, "left_cart_rate": 0.55}, "cart abandoner"),
        ({"sessions": 6.0}, "regular visitor who doesn't buy"),
        ({"price_level": 0.2, "sessions": 6.0}, "price-sensitive"),
        ({"events_per_session": 8.0}, "researcher"),
    ],
)
def test_rules(difference: Centre, name: str) -> None:
    assert names([VISITOR | difference]) == [name]


def test_a_log_without_prices_has_no_price_sensitive_users() -> None:
    centre = {name: value for name, value in VISITOR.items() if name != "price_level"}
    assert names([centre]) == ["window shopper"]


def test_rules_for_logs_of_orders_only() -> None:
    mean = {"month_orders (sd)": 0.0, "order_value (sd)": 0.0, "price_level (sd)": 0.0}
    centres = [mean | {"month_orders (sd)": 2.0}, mean | {"order_value (sd)": 1.0}, mean]
    assert [named.name for named in name_centres(centres, ORDER_RULES)] == ["loyal", "big spender", "occasional buyer"]


def test_names_are_unique_and_say_what_differs() -> None:
    assert names([VISITOR, VISITOR | {"price_level": 0.9}]) == [
        "window shopper, cheap taste",
        "window shopper, dear taste",
    ]
    assert names([VISITOR, VISITOR | {"mean_session_s": 600.0}, VISITOR | {"price_level": 0.9}]) == [
        "window shopper, quick",
        "window shopper, slow",
        "window shopper, dear taste",
    ]
    crowd = name_centres([VISITOR] * 4)
    assert len({named.name for named in crowd}) == 4
    assert {order_of(named) for named in crowd} == {len(RULES) - 1}


def test_names_do_not_depend_on_the_centres_order() -> None:
    centres = [
        VISITOR,
        VISITOR | {"sessions": 6.0},
        VISITOR | {"sessions": 9.0},
        VISITOR | {"orders": 3, "sessions": 5},
    ]
    assert names(centres) == names(centres[::-1])[::-1]


def test_a_rule_reads_as_a_sentence() -> None:
    assert str(RULES[0]) == "orders >= 2.5 and sessions >= 4"
    assert str(RULES[-1]) == "otherwise"


def test_the_docs_show_the_rules() -> None:
    text = (REPO / "docs/segments.md").read_text(encoding="utf-8")
    for table in (RULES, ORDER_RULES):
        assert "\n".join(f"| {rule.name} | {rule} |" for rule in table) in text
