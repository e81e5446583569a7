"""Whether what is to be loaded is there at all: ServiceError with what to type, before Locust is started."""

import time
from typing import Any

import requests

from shoplab.core.errors import ServiceError
from shoplab.core.kafka import kafka_admin, kafka_calls
from shoplab.core.settings import Settings
from shoplab.core.storage import Storage
from shoplab.load.bounds import KAFKA, SHOPPERS, WEBHDFS

_LOADING_S = 30.0


def check_services(settings: Settings, targets: list[str]) -> None:
    """Asks each service one small question."""
    checks = {SHOPPERS: _check_api, WEBHDFS: _check_webhdfs, KAFKA: _check_kafka}
    for target in targets:
        checks[target](settings)


def _check_webhdfs(settings: Settings) -> None:
    Storage(settings).exists("/")


def _check_kafka(settings: Settings) -> None:
    with kafka_calls(settings), kafka_admin(settings) as admin:
        admin.list_topics()


def _check_api(settings: Settings) -> None:
    """It answers, can recommend, and knows users: else every request would fail, or be for a stranger."""
    deadline = time.monotonic() + _LOADING_S
    while "start" in (problems := _ask(settings, "/health")["problems"]) and time.monotonic() < deadline:
        time.sleep(0.2)
    users = _ask(settings, "/users/sample?n=1")["users"]
    if not users:
        raise ServiceError(problems.get("segments", "the API knows no users yet; first: ./lab segment"))
    answer = _ask(settings, f"/recommendations/{users[0]['user_id']}?k=1")
    if "error" in answer:
        raise ServiceError(str(answer["error"]))


def _ask(settings: Settings, path: str) -> dict[str, Any]:
    with requests.Session() as session:
        session.trust_env = False  # a proxy from the environment is not for 127.0.0.1
        try:
            answer: dict[str, Any] = session.get(settings.api_url + path, timeout=10).json()
        except (requests.RequestException, ValueError):
            raise ServiceError(
                f"the API does not answer at {settings.api_url}; start it in another terminal: ./lab serve "
                "(or leave it out: ./lab load webhdfs kafka)"
            ) from None
    return answer
