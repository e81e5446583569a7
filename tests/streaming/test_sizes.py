import pandas as pd
import pytest

from shoplab.streaming.sizes import SegmentSizes


def batch(*rows: tuple[str, str, str | None]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["user_id", "segment_name", "published"])


def test_sizes_move_on_from_the_published_ones() -> None:
    sizes = SegmentSizes({"loyal": 10, "window shopper": 90})
    first = sizes.move(batch(("1", "loyal", "window shopper"), ("2", "loyal", "loyal")))
    assert (first["loyal"].users, first["window shopper"].users) == (11, 89)
    assert first["loyal"].change == pytest.approx(0.1)
    assert first["window shopper"].change == pytest.approx(89 / 90 - 1)
    again = sizes.move(batch(("1", "loyal", "window shopper")))
    assert [size.change for size in again.values()] == [0.0, 0.0]
    back = sizes.move(batch(("1", "window shopper", "window shopper")))
    assert back["loyal"].users == 10


def test_newcomers_add_to_their_segment_and_new_segments_have_no_change() -> None:
    sizes = SegmentSizes({"loyal": 4})
    found = sizes.move(batch(("9", "researcher", None)))
    assert found["researcher"] == (1, 0.2, 0.0)
    assert found["loyal"].change == pytest.approx(0.8 - 1)
