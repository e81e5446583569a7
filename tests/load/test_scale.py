"""How jobs grow: slopes, shops of several sizes, and a job whose memory is watched."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from shoplab.cli import cli
from shoplab.core.errors import ServiceError
from shoplab.core.settings import Settings
from shoplab.load.scale import Row, growth
from shoplab.load.scale_parts import job, shop


def test_exponents_are_those_that_were_planted() -> None:
    """Time with the factor to the power of 1.5, and 0 of it at the start; memory with its square root."""
    rows = [Row(factor, 100 * factor, 0, 0, 2 * factor**1.5, 300 * factor**0.5) for factor in (1, 10, 40)]
    found = growth("train", rows)
    assert (found.time_exponent, found.last_time_exponent, found.memory_exponent) == pytest.approx((1.5, 1.5, 0.5))
    assert found.as_json()["rows"][2]["factor"] == 40


def test_what_a_job_takes_to_start_weighs_least_between_the_largest() -> None:
    rows = [Row(factor, 0, 0, 0, 10 + factor, 100) for factor in (1, 10, 40)]
    found = growth("ingest", rows)
    assert 0.3 < found.time_exponent < found.last_time_exponent < 1
    assert found.memory_exponent == 0


def test_users_and_products_grow_with_the_events(tmp_path: Path) -> None:
    small = shop(tmp_path / "small.csv", "2019-10", 10_000, share=0.1)
    large = shop(tmp_path / "large.csv", "2019-10", 100_000, share=1)
    assert (small.events, large.events) == (10_000, 100_000)
    assert large.users / small.users == pytest.approx(10, rel=0.25)
    assert large.products / small.products == pytest.approx(10, rel=0.25)


def test_a_product_of_a_smaller_shop_has_one_category_and_one_price(tmp_path: Path) -> None:
    shop(tmp_path / "small.csv", "2019-10", 10_000, share=0.1)
    rows = pd.read_csv(tmp_path / "small.csv")
    assert rows.groupby("product_id")[["category_id", "price"]].nunique().max().tolist() == [1, 1]
    assert rows["brand"].isna().mean() == pytest.approx(0.14, abs=0.04)


def test_a_jobs_time_and_memory_are_those_of_its_processes(settings: Settings, tmp_path: Path) -> None:
    own = replace(settings, home=tmp_path)
    took = job(own, "generate", "--events", "1000", "--out", str(tmp_path / "october.csv"))
    assert (tmp_path / "october.csv").exists()
    assert took.seconds > 0
    assert 20 < took.peak_mib < 2_000
    with pytest.raises(ServiceError, match=r"generate failed in the bench's lab: .*not a month"):
        job(own, "generate", "--month", "soon", "--events", "10", "--out", str(tmp_path / "other.csv"))


def test_the_command_has_help_with_an_example() -> None:
    shown = CliRunner().invoke(cli, ["bench", "scale", "--help"])
    assert shown.exit_code == 0
    assert "./lab bench scale --quick" in shown.output
