"""What the scale's bench drives: shops of several sizes, jobs whose memory is watched, and requests to an API."""

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import requests

from shoplab.core.settings import Settings
from shoplab.core.wait import wait_until
from shoplab.events.generator import generate
from shoplab.events.generator.calendar import parse_month
from shoplab.events.generator.products import Catalogue, make_catalogue
from shoplab.events.generator.profiles import Ints
from shoplab.load.api_parts import ServeProcess
from shoplab.load.processes import Command

READY_S = 60.0
WARM = 20  # requests that are not counted


@dataclass(frozen=True)
class Took:
    """peak_mib: resident, of all processes together."""

    seconds: float
    peak_mib: float


@dataclass(frozen=True)
class Made:
    """What is in a file of events."""

    events: int
    users: int
    products: int


def shop(file: Path, month: str, events: int, share: float) -> Made:
    """Writes a month of a shop that has this share of the generator's products: a product that is not among them is
    replaced by a neighbour on its shelf, which is of the same category and most often of the same brand and price.
    """
    generate(file, month, events)
    rows = pd.read_csv(file, dtype={"category_code": str, "brand": str, "event_time": str})
    if share < 1:
        catalogue = make_catalogue(parse_month(month))
        number = _kept(catalogue, share)[_numbers(catalogue, rows["product_id"].to_numpy())]
        rows["product_id"] = catalogue.product_id[number]
        rows["brand"] = np.array(catalogue.brands, dtype=object)[catalogue.brand[number]]
        rows["price"] = catalogue.price[number]
        rows.to_csv(file, index=False)
    return Made(len(rows), rows["user_id"].nunique(), rows["product_id"].nunique())


def _numbers(catalogue: Catalogue, product_id: Ints) -> Ints:
    """Product numbers of public ids."""
    order = np.argsort(catalogue.product_id)
    return order[np.searchsorted(catalogue.product_id, product_id, sorter=order)]


def _kept(catalogue: Catalogue, share: float) -> Ints:
    """By product number the one that stands for it: every so many on its shelf the first."""
    step = round(1 / share)
    first = np.searchsorted(catalogue.category, catalogue.category)  # of the category
    return first + (np.arange(len(first)) - first) // step * step


def job(settings: Settings, *words: str) -> Took:
    """A command, run to its end. ServiceError where it fails."""
    with Command(settings, settings.home / f"{words[0]}.log", *words) as running:
        running.finish()
        return Took(running.seconds, running.peak_mib)


def asked(settings: Settings, count: int) -> Took:
    """An API with what the lab has learned; the median time of `count` requests for lists of users it names, one after
    the other. ServiceError where it does not answer.
    """
    with ServeProcess(settings) as serving, requests.Session() as session:
        session.trust_env = False  # a proxy from the environment is not for 127.0.0.1
        users = _users(session, settings)
        times = [_time(session, settings, users[number % len(users)]) for number in range(WARM + count)]
        return Took(statistics.median(times[WARM:]), serving.peak_mib)


def _users(session: requests.Session, settings: Settings) -> list[str]:
    """Some of the published segments, once those are loaded."""
    found: list[str] = []

    def any_yet() -> bool:
        sample = session.get(f"{settings.api_url}/users/sample?n=1000", timeout=60).json()["users"]
        found[:] = [one["user_id"] for one in sample]
        return bool(found)

    wait_until(any_yet, READY_S, "the API names no users")
    return found


def _time(session: requests.Session, settings: Settings, user: str) -> float:
    started = time.perf_counter()
    session.get(f"{settings.api_url}/recommendations/{user}", timeout=60).raise_for_status()
    return time.perf_counter() - started
