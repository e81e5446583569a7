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
    return {NAMENODE: _namenode, DATANODE: _datanode, KAFKA: _kafka, API: _api}[service](settings)


def _namenode(settings: Settings) -> str:
    info = _bean(NAMENODE.address(settings), "Hadoop:service=NameNode,name=NameNodeInfo")
    if info is None:
        return _NO_ANSWER
    return str(info["Safemode"]).split(". The number of live")[0].rstrip(".")


def _datanode(settings: Settings) -> str:
    seen = _bean(NAMENODE.address(settings), "Hadoop:service=NameNode,name=FSNamesystemState")
    if seen is None or not seen["NumLiveDataNodes"]:
        return "is not seen alive by the NameNode"
    # The NameNode believes in a killed data node for another 30 s
    own = _bean(DATANODE.address(settings), "Hadoop:service=DataNode,name=DataNodeInfo")
    if own is None:
        return _NO_ANSWER
    registered = [actor["ActorState"] for actor in json.loads(own.get("BPServiceActorInfo", "[]"))] == ["RUNNING"]
    return "" if registered else "is not registered with the NameNode yet"


def _api(settings: Settings) -> str:
    return "" if _json(f"{API.address(settings)}/health") else _NO_ANSWER


def _bean(address: str, name: str) -> dict[str, Any] | None:
    """One JMX bean of a Hadoop server, None while there is none."""
    beans = _json(f"{address}/jmx", qry=name).get("beans")
    return beans[0] if beans else None


def _json(url: str, **query: str) -> dict[str, Any]:
    """A JSON answer, empty where there is none."""
    with requests.Session() as session:
        session.trust_env = False  # a proxy from the environment is not for 127.0.0.1
        try:
            answer: dict[str, Any] = session.get(url, params=query, timeout=_TIMEOUT).json()
        except (requests.RequestException, ValueError):
            return {}
    return answer


def _kafka(settings: Settings) -> str:
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
    with closing(KafkaAdminClient(bootstrap_servers=f"127.0.0.1:{settings.kafka_port}", **limits)) as client:
        yield client
