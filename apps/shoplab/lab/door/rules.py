"""What the door lets through: from whom, for which host, which methods and paths. docs/security.md says why."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from shoplab.core.listen import NOT_OURS, answers_to

_BEAN = re.compile(r"(Hadoop:service=(NameNode|DataNode),name=\w+|java\.lang:type=Memory)")
_NAMENODE_PARAMETER = "namenoderpcaddress"


@dataclass(frozen=True)
class Server:
    """A server behind the door. url: where it listens; instead: where else, when nobody does there. paths:
    method -> what may be asked; pages: those of them that a link on any page may open.
    """

    name: str
    url: str
    paths: Mapping[str, re.Pattern[str]]
    pages: re.Pattern[str]
    instead: str = ""


@dataclass(frozen=True)
class Asked:
    """A request's head, as the rules see it. path: decoded; headers: by lower-case name."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]

    @property
    def host(self) -> str:
        return self.headers.get("host", "")

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Of the query. The data node's server takes a semicolon for an ampersand."""
        pairs = (part.partition("=") for part in re.split("[&;]", self.query))
        return [(unquote_plus(name).lower(), unquote_plus(value)) for name, _, value in pairs]

    @property
    def is_for_datanode(self) -> bool:
        """Whether the NameNode has sent this client on: then it names the NameNode to the data node."""
        return self.path.startswith("/webhdfs/") and _NAMENODE_PARAMETER in dict(self.parameters)

    @property
    def is_of_a_page(self) -> bool:
        """Whether a browser's page sends it, or a user in a browser."""
        return "sec-fetch-site" in self.headers or "origin" in self.headers


_FILES = re.compile(r"/webhdfs/v1(/.*)?")
_HDFS_PAGES = re.compile(r"/|/(index|dfshealth|explorer|datanode)\.html")
_HDFS_READ = re.compile(
    r"/|/(index|dfshealth|explorer|datanode)\.html|/(dfshealth|explorer|dn)\.js|/robots\.txt|/favicon\.ico"
    r"|/static/[\w./-]+|/jmx|/conf|/startupProgress|/topology|/webhdfs/v1(/.*)?"
)
_SPARK_READ = re.compile(r"(?!.*/kill(/|$))/.*")


def hdfs(name: str, url: str) -> Server:
    """The NameNode, or a data node."""
    return Server(name, url, {"GET": _HDFS_READ} | dict.fromkeys(("PUT", "POST", "DELETE"), _FILES), _HDFS_PAGES)


def spark(name: str, url: str, instead: str = "") -> Server:
    """A page of Spark's: a driver, a standalone master with its workers, the history. There is nothing to change."""
    return Server(name, url, {"GET": _SPARK_READ}, _SPARK_READ, instead)


def refusal(asked: Asked, server: Server, names: Collection[str], namenode: str) -> tuple[int, str] | None:
    """Status and reason, None where the request may pass. names: further hosts; namenode: its RPC address."""
    if not answers_to(asked.host, names):
        return 421, NOT_OURS
    if _is_of_another_origin(asked) and not _is_a_link(asked, server):
        return 403, "a page of another origin may not ask for this"
    allowed = server.paths.get("GET" if asked.method == "HEAD" else asked.method)
    if allowed is None:
        return 405, "not a method of this page"
    if not allowed.fullmatch(asked.path) or _climbs(asked.path):
        return 404, "not a path of this page"
    if asked.path == "/jmx" and not _asks_for_a_bean(asked.parameters):
        return 404, "only single beans of Hadoop may be asked for"
    if {value for name, value in asked.parameters if name == _NAMENODE_PARAMETER} - {namenode}:
        return 403, f"the lab's data node serves the lab's NameNode only, {namenode}"
    return None


def _is_of_another_origin(asked: Asked) -> bool:
    """By what the browser itself adds: Origin with what may change something, Sec-Fetch-Site with all."""
    origin, site = asked.headers.get("origin"), asked.headers.get("sec-fetch-site", "none")
    return site not in ("same-origin", "none") or (origin is not None and origin != f"http://{asked.host}")


def _is_a_link(asked: Asked, server: Server) -> bool:
    """A link that the user follows: a window of its own, which the page it stands on can't look into."""
    kind = asked.headers.get("sec-fetch-mode"), asked.headers.get("sec-fetch-dest")
    opened = asked.method == "GET" and kind == ("navigate", "document") and "origin" not in asked.headers
    return opened and server.pages.fullmatch(asked.path) is not None


def _asks_for_a_bean(parameters: list[tuple[str, str]]) -> bool:
    return len(parameters) == 1 and parameters[0][0] == "qry" and _BEAN.fullmatch(parameters[0][1]) is not None


def _climbs(path: str) -> bool:
    """Whether a part of it means the folder above, also as Java's servers read it: with a parameter behind it."""
    return any(part.partition(";")[0] in (".", "..") for part in re.split(r"[/\\]", path))
