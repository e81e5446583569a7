"""Whether a service keeps its promise, asked from outside: safe mode off, a live data node, Kafka answering."""

import json
import logging
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import requests

from shoplab.lab.services import API, DATANODE, KAFKA, NAMENODE, Service
from shoplab.settings import Settings

if TYPE_CHECKING:
    from kafka.admin import KafkaAdminClient

TOPIC_PARTITIONS = 3
_TIMEOUT = 3
_NO_ANSWER = "does not answer"
NO_TOPIC = "lacks the events topic"


def problem(settings: Settings, service: Service) -> str:
    """What keeps a service from being healthy, "" where nothing does."""
    return {NAMENODE: _namenode, DATANODE: _datanode, KAFKA: kafka_problem, API: _api}[service](settings)


def _namenode(settings: Settings) -> str:
    info = bean(NAMENODE.address(settings), "Hadoop:service=NameNode,name=NameNodeInfo")
    if info is None:
        return _NO_ANSWER
    return str(info["Safemode"]).split(". The number of live")[0].rstrip(".")


def _datanode(settings: Settings) -> str:
    seen = bean(NAMENODE.address(settings), "Hadoop:service=NameNode,name=FSNamesystemState")
    if seen is None or not seen["NumLiveDataNodes"]:
        return "is not seen alive by the NameNode"
    # The NameNode believes in a killed data node for another 30 s
    own = bean(DATANODE.address(settings), "Hadoop:service=DataNode,name=DataNodeInfo")
    if own is None:
        return _NO_ANSWER
    registered = [actor["ActorState"] for actor in json.loads(own.get("BPServiceActorInfo", "[]"))] == ["RUNNING"]
    return "" if registered else "is not registered with the NameNode yet"


def _api(settings: Settings) -> str:
    return "" if ask(f"{API.address(settings)}/health") else _NO_ANSWER


def bean(address: str, name: str) -> dict[str, Any] | None:
    """One JMX bean of a Hadoop server, None while there is none."""
    beans = ask(f"{address}/jmx", qry=name).get("beans")
    return beans[0] if beans else None


def ask(url: str, **query: str) -> dict[str, Any]:
    """A JSON answer, empty where there is none."""
    with requests.Session() as session:
        session.trust_env = False  # a proxy from the environment is not for 127.0.0.1
        try:
            answer: dict[str, Any] = session.get(url, params=query, timeout=_TIMEOUT).json()
        except (requests.RequestException, ValueError):
            return {}
    return answer


def status_of(method: str, url: str, headers: dict[str, str]) -> int | None:
    """HTTP status of a request without a body, None where nobody answers."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.request(method, url, headers=headers, timeout=_TIMEOUT).status_code
        except requests.RequestException:
            return None


def kafka_problem(settings: Settings) -> str:
    """What keeps the listener for this machine from serving the events topic, "" where nothing does."""
    with socket.socket() as client:
        client.settimeout(_TIMEOUT)
        if client.connect_ex(("127.0.0.1", settings.kafka_port)) != 0:
            return _NO_ANSWER
    partitions = _partitions(settings)
    if partitions is None:
        return _NO_ANSWER
    if not partitions:
        return NO_TOPIC
    return "" if all(part["leader_id"] >= 0 for part in partitions) else "has partitions of the events topic offline"


def _partitions(settings: Settings) -> list[dict[str, Any]] | None:
    """The events topic's partitions, empty where there is no such topic, None while Kafka does not answer."""
    from kafka.errors import KafkaError

    try:
        with _admin(settings) as admin:
            if settings.events_topic not in admin.list_topics():
                return []
            [topic] = admin.describe_topics([settings.events_topic])
            partitions: list[dict[str, Any]] = topic["partitions"]
            return partitions
    except KafkaError:
        return None


def ensure_topic(settings: Settings) -> bool:
    """Makes the events topic where there is none. False while Kafka does not answer."""
    return bool(_partitions(settings)) or make_topic(settings)


def make_topic(settings: Settings) -> bool:
    """Makes the events topic. False while Kafka does not take it."""
    from kafka.errors import KafkaError

    wanted = {settings.events_topic: {"num_partitions": TOPIC_PARTITIONS, "replication_factor": 1}}
    try:
        with _admin(settings) as admin:
            admin.create_topics(wanted, wait_for_metadata=True)
            return True
    except KafkaError:
        return False


@contextmanager
def _admin(settings: Settings) -> "Iterator[KafkaAdminClient]":
    """A short-lived client that keeps its warnings to itself."""
    from kafka.admin import KafkaAdminClient

    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    limits = {"bootstrap_timeout_ms": 5_000, "request_timeout_ms": 10_000}
    with closing(KafkaAdminClient(bootstrap_servers=settings.kafka, **limits)) as client:
        yield client
