import pyarrow as pa
import pytest

from shoplab.serving.customers import Customers, LiveSegments, Segment, SegmentSize

ROWS = [("u2", 1, "loyal"), ("u10", 0, "browsers"), ("u1", 0, "browsers"), ("ж", 1, "loyal")]


@pytest.fixture
def customers() -> Customers:
    rows = [{"user_id": user, "segment": number, "segment_name": name, "distance": 0.1} for user, number, name in ROWS]
    halves = [pa.Table.from_pylist(rows[:1]), pa.Table.from_pylist(rows[1:])]
    return Customers(pa.concat_tables(halves), "v1")


@pytest.mark.parametrize(("user", "number", "name"), ROWS)
def test_every_customer_is_found(customers: Customers, user: str, number: int, name: str) -> None:
    assert customers.segment(user) == Segment(number, name)


@pytest.mark.parametrize("stranger", ["", "a", "u", "u11", "u3", "я"])
def test_a_stranger_has_no_segment(customers: Customers, stranger: str) -> None:
    assert customers.segment(stranger) is None


def test_sizes_add_up(customers: Customers) -> None:
    assert customers.sizes() == [SegmentSize(0, "browsers", 2, 0.5), SegmentSize(1, "loyal", 2, 0.5)]
    assert len(customers) == 4


def test_a_sample_holds_different_known_customers(customers: Customers) -> None:
    assert len(set(customers.sample(3))) == 3
    assert sorted(customers.sample(100)) == ["u1", "u10", "u2", "ж"]
    assert customers.sample(3) == customers.sample(3)


def test_live_segments_keep_the_users_seen_last() -> None:
    live = LiveSegments(most_users=2)
    for user, number in (("u1", 0), ("u2", 0), ("u1", 1), ("u3", 0)):
        live.add(pa.Table.from_pylist([{"user_id": user, "segment": number, "segment_name": str(number)}]))
    assert live.of("u1") == Segment(1, "1")
    assert live.of("u2") is None
    assert live.of("u3") == Segment(0, "0")
