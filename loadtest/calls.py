"""Requests to the API over one kept connection, each timed from the moment when it was due."""

import time
from dataclasses import dataclass
from http.client import HTTPException

import orjson
from geventhttpclient import HTTPClient

from shoplab.load.bounds import check_address

CONNECT_S, ANSWER_S = 5.0, 15.0
HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


@dataclass(frozen=True)
class Call:
    """name: of all such requests, without ids. status: of an answer that is as it should be; key: what may not be empty
    in it.
    """

    method: str
    path: str
    name: str
    body: object = None
    status: int = 200
    key: str = ""


class Connection:
    """Follows no redirect: an answer from elsewhere is none of the lab's. Locust's own client does more for a request
    than the API, and would be the limit before it.
    """

    def __init__(self, address, fire=lambda **_: None):
        check_address(address)
        self._fire = fire  # Locust's event of a request
        self._client = HTTPClient.from_url(
            address, headers=HEADERS, concurrency=1, connection_timeout=CONNECT_S, network_timeout=ANSWER_S
        )

    def send(self, call, due=None):
        """(answer or None, whether it failed, when it was sent, when it was answered): times of time.perf_counter."""
        body = b"" if call.body is None else orjson.dumps(call.body)
        data, fault, answer = b"", None, None
        sent = time.perf_counter()
        try:
            response = self._client.request(call.method, call.path, body)
            data = response.read()
            fault = None if response.status_code == call.status else f"status {response.status_code}"
        except (OSError, HTTPException) as error:
            fault = type(error).__name__  # short, and the same for the same fault
        ended = time.perf_counter()
        if fault is None:
            answer, fault = _read(call, data)
        self._fire(
            request_type=call.method, name=call.name, response_time=1_000 * (ended - (sent if due is None else due)),
            response_length=len(data), exception=fault and RuntimeError(fault), context={},
        )  # fmt: skip
        return answer, fault is not None, sent, ended

    def close(self):
        self._client.close()


def _read(call, data):
    try:
        answer = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None, "no JSON"
    if call.key and not answer.get(call.key):
        return None, f"no {call.key}"
    return (None, "events rejected") if answer.get("rejected") else (answer, None)
