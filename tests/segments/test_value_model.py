import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import betaln

from shoplab.segments.value_model import (
    OrderValueModel,
    PurchaseModel,
    TooLittleData,
    ValueModel,
    fit_order_values,
    fit_purchases,
)
from tests.segments.buyers import drawn_order_values, drawn_purchase_days, triples

BUYERS = pd.DataFrame(
    [(0, 0, 40), (1, 5, 40), (3, 38, 40), (25, 300, 320), (0, 0, 0), (0, 0, 300)], columns=["x", "t_x", "T"]
)
MODELS = [
    PurchaseModel(0.24, 4.41, 0.79, 2.43),  # the paper's CDNOW
    PurchaseModel(2.5, 30.0, 3.0, 8.0),
    PurchaseModel(1.5, 84.0, 0.3, 0.4),  # a + b < 1: the library itself has no number for buyers with x = 0
]


def alive(model: PurchaseModel, x: int, t_x: int, age: int) -> float:
    """Fader, Hardie, Lee 2008, "Computing P(alive) using the BG/NBD model"."""
    if x == 0:
        return 1.0
    odds = model.a / (model.b + x - 1) * ((model.alpha + age) / (model.alpha + t_x)) ** (model.r + x)
    return float(1 / (1 + odds))


def orders_to_come(model: PurchaseModel, days: float, x: int, t_x: int, age: int) -> float:
    """Without the hypergeometric function: a living buyer's chance to leave is Beta(a, b + x), the rate Gamma(r + x,
    alpha + T); with both known (1 - exp(-rate p days)) / p orders come. The rate is integrated by hand, p by numbers.
    """

    def given(p: float) -> float:  # with the Beta density's p^(a - 1) left to quad's weight
        come = 1 - ((model.alpha + age) / (model.alpha + age + p * days)) ** (model.r + x)
        return float(come / p) if p > 1e-12 else (model.r + x) * days / (model.alpha + age)

    area, _ = quad(given, 0, 1, weight="alg", wvar=(model.a - 1, model.b + x - 1), epsabs=0, epsrel=1e-10)
    return alive(model, x, t_x, age) * area / float(np.exp(betaln(model.a, model.b + x)))


@pytest.mark.parametrize("model", MODELS)
def test_predictions_are_the_papers(model: PurchaseModel) -> None:
    rows = [tuple(row) for row in BUYERS.itertuples(index=False)]
    np.testing.assert_allclose(model.p_alive(BUYERS), [alive(model, *row) for row in rows], rtol=1e-9)
    expected = [orders_to_come(model, 30, *row) for row in rows]
    np.testing.assert_allclose(model.expected_orders(30, BUYERS), expected, rtol=1e-6)


@pytest.mark.parametrize("drawn", [(0.8, 40.0, 1.2, 3.0), (0.3, 30.0, 0.8, 2.4)])
def test_purchase_parameters_are_found_again(drawn: tuple[float, float, float, float]) -> None:
    model = fit_purchases(triples(drawn_purchase_days(40_000, *drawn, days=365, seed=1), until=364))
    assert (model.r, model.alpha) == pytest.approx(drawn[:2], rel=0.1)
    assert model.a / (model.a + model.b) == pytest.approx(drawn[2] / sum(drawn[2:]), rel=0.1)
    assert (model.a, model.b) == pytest.approx(drawn[2:], rel=0.25)


@pytest.mark.parametrize("days", [21, 31, 61])
def test_short_logs_give_finite_predictions(days: int) -> None:
    """Where the library's own optimiser and formula fail: flat likelihoods, a and b near 0."""
    seen = triples(drawn_purchase_days(3_000, 0.8, 40, 1.2, 3, days, seed=2), until=days - 1)
    model = fit_purchases(seen)
    p_alive, expected = model.p_alive(seen), model.expected_orders(30, seen)
    assert ((p_alive >= 0) & (p_alive <= 1)).all()
    assert ((expected >= 0) & (expected <= 30)).all()


def test_counts_weigh_as_rows_do() -> None:
    seen = triples(drawn_purchase_days(500, 0.8, 40, 1.2, 3, 90, seed=3), until=89)
    rows = seen.loc[seen.index.repeat(seen["buyers"])].assign(buyers=1)
    assert fit_purchases(rows).r == pytest.approx(fit_purchases(seen).r, rel=1e-3)


def test_order_value_parameters_are_found_again() -> None:
    model = fit_order_values(drawn_order_values(20_000, 6.0, 4.0, 1500.0, seed=4))
    assert model.v * model.p / (model.q - 1) == pytest.approx(1500 * 6 / 3, rel=0.02)  # the mean over all buyers
    assert (model.p, model.q, model.v) == pytest.approx((6.0, 4.0, 1500.0), rel=0.2)  # one outweighs another
    more = fit_order_values(drawn_order_values(200_000, 6.0, 4.0, 1500.0, seed=4))
    assert (more.p, more.q, more.v) == pytest.approx((6.0, 4.0, 1500.0), rel=0.07)


def test_equal_order_values_are_expected_again() -> None:
    model = fit_order_values(pd.DataFrame({"n": [2] * 90, "mean_value": [10.0] * 90}))
    expected = model.p * (model.v + 2 * 10) / (model.p * 2 + model.q - 1)
    assert expected == pytest.approx(10, rel=1e-5)  # the optimiser stops elsewhere on another processor


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([(0, 0, 5, 12)], "12 buyers are too few"),
        ([(0, 0, 5, 300), (0, 0, 6, 200)], "0 of 500 buyers bought on a second day"),
        ([(0, 0, 0, 900)], "0 of 900 buyers"),
        ([(0, 0, 9, 300), (1, 3, 9, 5)], "5 of 305 buyers"),
        ([(2, 7, 9, 300)], "same days"),
    ],
)
def test_too_little_is_said_in_a_sentence(rows: list[tuple[int, int, int, int]], why: str) -> None:
    with pytest.raises(TooLittleData, match=why):
        fit_purchases(pd.DataFrame(rows, columns=["x", "t_x", "T", "buyers"]))


def test_buyers_nearly_alike_do_not_crash(capsys: pytest.CaptureFixture[str]) -> None:
    """A model or a sentence, and nothing of the library's on the screen."""
    for rows in ([(2, 7, 9, 300), (2, 8, 9, 300)], [(9, 9, 9, 60), (0, 0, 9, 60)], [(1, 1, 1, 30), (0, 0, 0, 30)]):
        seen = pd.DataFrame(rows, columns=["x", "t_x", "T", "buyers"])
        assert np.isfinite(fit_purchases(seen).expected_orders(30, seen)).all()
    assert capsys.readouterr() == ("", "")


def test_order_values_that_say_nothing() -> None:
    with pytest.raises(TooLittleData, match="not 5"):
        fit_order_values(drawn_order_values(5, 6.0, 4.0, 15.0, seed=6))
    with pytest.raises(TooLittleData, match="too widely"):  # no mean exists below q = 1
        fit_order_values(drawn_order_values(2_000, 6.0, 0.7, 15.0, seed=6))


def test_model_goes_to_a_file_and_back() -> None:
    for order_values in (OrderValueModel(6.0, 4.0, 15.0), None):
        model = ValueModel("2019-10-31", 5, MODELS[0], order_values, "no prices", 0.9)
        assert ValueModel.from_dict(model.to_dict()) == model


def test_factor_multiplies_expected_orders_alone() -> None:
    plain, doubled = (ValueModel("2019-10-31", 6, MODELS[0], None, factor=f).predict(BUYERS) for f in (1.0, 2.0))
    np.testing.assert_allclose(doubled["expected_orders"], 2 * plain["expected_orders"])
    assert doubled["p_alive"].tolist() == plain["p_alive"].tolist()


def test_the_library_leaves_pandas_and_warnings_as_they_were() -> None:
    before = (pd.get_option("mode.chained_assignment"), list(warnings.filters))
    fit_purchases(triples(drawn_purchase_days(300, 0.8, 40, 1.2, 3, 90, seed=5), until=89))
    assert (pd.get_option("mode.chained_assignment"), list(warnings.filters)) == before
