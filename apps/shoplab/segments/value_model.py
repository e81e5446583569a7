"""BG/NBD and Gamma-Gamma: how often buyers will come back and what they will spend, fitted on small tables.

Formulas: Fader, Hardie, Lee 2005, "Counting Your Customers" the Easy Way (BG/NBD); Fader, Hardie 2013, The Gamma-Gamma
Model of Monetary Value. Time is in days, money in the shop's currency. x: repeat purchase days, t_x: days from the
first to the last of them, T: days from the first to the reference day.
"""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Vector = NDArray[np.float64]

HORIZON_DAYS = 30
MIN_BUYERS = 50
MIN_REPEAT_BUYERS = 20
TRIPLE = ["x", "t_x", "T"]

# Bounds of the logarithm of r, alpha (in tenths of the longest T), a and b. Unbounded, the library's optimiser wanders
# where the likelihood is flat and then says that it did not converge, even on data drawn from the model itself.
_BOUNDS = [(-8.0, 8.0)] * 4
# Short logs have two hills: buyers who leave at once or never (a and b near 0), and those who leave now and then.
_STARTS = ((0.1, 0.1, 0.1, 0.1), (-1.0, 1.0, -1.0, 1.0))
_TOLERANCE = 1e-9
_MONEY_TOLERANCE = 1e-7  # with less the line search gives up where the likelihood is flat
_SMALLEST_Q = 1.05  # the mean order value over all buyers is p v / (q - 1)


class TooLittleData(Exception):
    """One plain sentence on why there is no model."""


@dataclass(frozen=True)
class PurchaseModel:
    """BG/NBD. Rates of purchase vary over buyers as Gamma(r, alpha), chances to leave after one as Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float

    def p_alive(self, triples: pd.DataFrame) -> Vector:
        """Probability that a buyer has not left for good: 1 for those with one purchase day, who had no chance to."""
        alive: Vector = self._fitter().conditional_probability_alive(*_vectors(triples))
        return alive

    def expected_orders(self, days: float, triples: pd.DataFrame) -> Vector:
        """Purchase days to come within so many days after the reference day (the paper's equation 10)."""
        x, t_x, age = _vectors(triples)
        with np.errstate(all="ignore"):
            known = self._fitter().conditional_expected_number_of_purchases_up_to_time(days, x, t_x, age)
            expected = np.where((x == 0) & (self.a + self.b < 1), self._of_one_time_buyers(days, age), known)
        return np.maximum(expected, 0.0)

    def _of_one_time_buyers(self, days: float, age: Vector) -> Vector:
        """Equation 10 for x = 0, without the logarithm by which the library loses it where a + b < 1."""
        from scipy.special import hyp2f1

        z = days / (self.alpha + age + days)
        scale = (self.a + self.b - 1) / (self.a - 1)
        expected: Vector = scale * (1 - (1 - z) ** self.r * hyp2f1(self.r, self.b, self.a + self.b - 1, z))
        return expected

    def _fitter(self) -> Any:
        fitter = _lifetimes("BetaGeoFitter")
        fitter.params_ = pd.Series(asdict(self))
        return fitter


@dataclass(frozen=True)
class OrderValueModel:
    """Gamma-Gamma. Orders of a buyer vary as Gamma(p, nu), nu over buyers as Gamma(q, v)."""

    p: float
    q: float
    v: float


@dataclass(frozen=True)
class ValueModel:
    """Both models. `factor`: actual over predicted orders of a holdout period; expected orders are multiplied by it.
    Without a model of `order_values`, `left_out` says why.
    """

    as_of: str
    buyers: int
    purchases: PurchaseModel
    order_values: OrderValueModel | None
    left_out: str | None = None
    factor: float = 1.0
    horizon_days: int = HORIZON_DAYS

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ValueModel":
        order_values = values["order_values"] and OrderValueModel(**values["order_values"])
        return cls(**values | {"purchases": PurchaseModel(**values["purchases"]), "order_values": order_values})

    def predict(self, triples: pd.DataFrame) -> pd.DataFrame:
        """x, t_x, T -> the same with p_alive and expected_orders."""
        expected = self.factor * self.purchases.expected_orders(self.horizon_days, triples)
        return triples[TRIPLE].assign(p_alive=self.purchases.p_alive(triples), expected_orders=expected)


def fit_purchases(triples: pd.DataFrame) -> PurchaseModel:
    """Maximum likelihood over columns x, t_x, T, buyers (the number of buyers alike). TooLittleData says why not."""
    _check(triples)
    fits = [_fit_purchases(triples, start) for start in _STARTS]
    found = [fit for fit in fits if fit is not None]
    if not found:
        raise TooLittleData("the purchase model (BG/NBD) did not converge on these orders")
    model = min(found, key=lambda fit: fit[0])[1]
    predicted = [model.p_alive(triples), model.expected_orders(HORIZON_DAYS, triples)]
    if not np.isfinite(predicted).all():
        raise TooLittleData("the purchase model (BG/NBD) gives no finite prediction on these orders")
    return model


def fit_order_values(orders: pd.DataFrame) -> OrderValueModel:
    """Maximum likelihood over repeat buyers' columns n (order days with positive revenue) and mean_value (their mean
    revenue). TooLittleData says why not.
    """
    if len(orders) < MIN_REPEAT_BUYERS:
        raise TooLittleData(f"order values need {MIN_REPEAT_BUYERS} buyers with two priced orders, not {len(orders)}")
    unit = float(orders["mean_value"].mean())  # the likelihood is flat in currencies with large numbers
    fitter = _lifetimes("GammaGammaFitter")
    options = {"q_constraint": True, "tol": _MONEY_TOLERANCE}
    if not _converges(lambda: fitter.fit(orders["n"], orders["mean_value"] / unit, **options), fitter):
        raise TooLittleData("the order value model (Gamma-Gamma) did not converge on these orders")
    p, q, v = (float(fitter.params_[name]) for name in "pqv")
    if q < _SMALLEST_Q:
        raise TooLittleData("order values spread too widely for a mean over all buyers (Gamma-Gamma's q is 1)")
    return OrderValueModel(p, q, v * unit)


def _check(triples: pd.DataFrame) -> None:
    buyers = int(triples["buyers"].sum())
    repeat = int(triples.loc[triples["x"] > 0, "buyers"].sum())
    if buyers < MIN_BUYERS:
        raise TooLittleData(f"{buyers} buyers are too few for a lifetime value; {MIN_BUYERS} are needed")
    if repeat < MIN_REPEAT_BUYERS:
        raise TooLittleData(
            f"{repeat} of {buyers:,} buyers bought on a second day, too few for a lifetime value; "
            f"{MIN_REPEAT_BUYERS} are needed"
        )
    if len(triples) == 1:
        raise TooLittleData("all buyers bought on the same days, which says nothing of how they differ")


def _fit_purchases(triples: pd.DataFrame, start: tuple[float, ...]) -> tuple[float, PurchaseModel] | None:
    """(mean negative log-likelihood, model) from one start, None where the optimiser gives up."""
    fitter = _lifetimes("BetaGeoFitter")
    options = {"initial_params": np.array(start), "bounds": _BOUNDS, "tol": _TOLERANCE}
    if not _converges(lambda: fitter.fit(*_vectors(triples), weights=triples["buyers"].to_numpy(), **options), fitter):
        return None
    r, alpha, a, b = (float(fitter.params_[name]) for name in ("r", "alpha", "a", "b"))
    a = a if abs(a - 1) > 1e-6 else 1 + 1e-6  # the formulas divide by a - 1
    return float(fitter._negative_log_likelihood_), PurchaseModel(r, alpha, a, b)


def _converges(fit: Callable[[], object], fitter: Any) -> bool:
    with _quietly(), suppress(ValueError):  # ConvergenceError; LinAlgError of standard errors, after all else is set
        fit()
    return hasattr(fitter, "params_") and bool(np.isfinite(fitter.params_).all())


def _lifetimes(name: str) -> Any:
    """A fresh fitter. The library's import changes pandas' and Python's warnings for everybody: put back here."""
    with pd.option_context("mode.chained_assignment", "warn"), warnings.catch_warnings():
        import lifetimes

        return getattr(lifetimes, name)()


@contextmanager
def _quietly() -> Iterator[None]:
    """The library prints the optimiser's state where it fails, and numpy warns of what the bounds then stop."""
    with redirect_stdout(io.StringIO()), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _vectors(triples: pd.DataFrame) -> tuple[Vector, Vector, Vector]:
    x, t_x, age = (triples[name].to_numpy(dtype=np.float64) for name in TRIPLE)
    return x, t_x, age
