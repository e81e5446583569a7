"""Whether a service keeps its promise, asked from outside: safe mode off, a live data node, Kafka answering."""

import json
import socket

from shoplab.core.kafka import NO_ANSWER, topic_problem
from shoplab.core.probe import TIMEOUT_S, ask, bean, status_of
from shoplab.core.settings import Settings
from shoplab.lab.embedded.driver import connects
from shoplab.lab.embedded.services import API, DATANODE, DOOR, DRIVER, KAFKA, NAMENODE, Service


def problem(settings: Settings, service: Service) -> str:
    """What keeps a service from being healthy, "" where nothing does."""
    asked = {NAMENODE: _namenode, DATANODE: _datanode, KAFKA: kafka_problem, DOOR: _door, API: _api, DRIVER: _driver}
    return asked[service](settings)


def _namenode(settings: Settings) -> str:
    info = bean(NAMENODE.address(settings), "Hadoop:service=NameNode,name=NameNodeInfo")
    if info is None:
        return NO_ANSWER
    return str(info["Safemode"]).split(". The number of live")[0].rstrip(".")


def _datanode(settings: Settings) -> str:
    state = bean(NAMENODE.address(settings), "Hadoop:service=NameNode,name=FSNamesystemState")
    if state is None or not state["NumLiveDataNodes"]:
        return "is not seen alive by the NameNode"
    # The NameNode believes in a killed data node for another 30 s
    own = bean(DATANODE.address(settings), "Hadoop:service=DataNode,name=DataNodeInfo")
    if own is None:
        return NO_ANSWER
    registered = [actor["ActorState"] for actor in json.loads(own.get("BPServiceActorInfo", "[]"))] == ["RUNNING"]
    return "" if registered else "is not registered with the NameNode yet"


def _door(settings: Settings) -> str:
    """It says no to a path that no page has, whether its servers run or not."""
    return "" if status_of("GET", f"{DOOR.address(settings)}/door", {}) else NO_ANSWER


def _api(settings: Settings) -> str:
    return "" if ask(f"{API.address(settings)}/health") else NO_ANSWER


def _driver(settings: Settings) -> str:
    """It listens from the first, also while Spark is starting."""
    with socket.socket(socket.AF_UNIX) as client:
        return "" if connects(settings, client) else NO_ANSWER


def kafka_problem(settings: Settings) -> str:
    """The port first: Kafka's client waits for seconds where nobody listens."""
    with socket.socket() as client:
        client.settimeout(TIMEOUT_S)
        if client.connect_ex(("127.0.0.1", settings.kafka_port)) != 0:
            return NO_ANSWER
    return topic_problem(settings)
