"""One short question to a server over HTTP: its JSON, a JMX bean, a status. No answer is an answer."""

from typing import Any

import requests

from shoplab.core.settings import Settings

TIMEOUT_S = 3
Bean = dict[str, Any]


def ask(url: str, **query: str) -> dict[str, Any]:
    """A JSON answer, empty where there is none."""
    with requests.Session() as session:
        session.trust_env = False  # a proxy from the environment is not for 127.0.0.1
        try:
            answer: dict[str, Any] = session.get(url, params=query, timeout=TIMEOUT_S).json()
        except (requests.RequestException, ValueError):
            return {}
    return answer


def status_of(method: str, url: str, headers: dict[str, str]) -> int | None:
    """HTTP status of a request without a body, None where nobody answers."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.request(method, url, headers=headers, timeout=TIMEOUT_S).status_code
        except requests.RequestException:
            return None


def bean(address: str, name: str) -> Bean | None:
    """One JMX bean of a Hadoop server, None while there is none."""
    beans = ask(f"{address}/jmx", qry=name).get("beans")
    return beans[0] if beans else None


def namenode_beans(settings: Settings) -> tuple[Bean, Bean] | None:
    """The NameNode's FSNamesystemState and NameNodeInfo, None where it does not answer."""
    state = bean(settings.webhdfs, "Hadoop:service=NameNode,name=FSNamesystemState")
    info = bean(settings.webhdfs, "Hadoop:service=NameNode,name=NameNodeInfo")
    return None if state is None or info is None else (state, info)
