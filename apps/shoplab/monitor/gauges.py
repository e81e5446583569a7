"""How the lab's servers are: one cheap look at each, as fields of a metric point; None where one does not answer."""

from urllib.parse import urlsplit

from shoplab.core.catalog import Catalog
from shoplab.core.errors import LabError
from shoplab.core.kafka import records_in_topic
from shoplab.core.probe import ask, namenode_beans
from shoplab.core.settings import Settings
from shoplab.metrics.point import Field
from shoplab.streaming.accounts import Accounts

LAB_MASTER, LAB_PORT, USUAL_PORT = "spark-master", 6665, 8080  # in the Docker lab's network; elsewhere
Fields = dict[str, Field]


def hdfs(settings: Settings) -> Fields | None:
    """Two beans of the NameNode, from its memory. Bytes are the data nodes' in all."""
    beans = namenode_beans(settings)
    if beans is None:
        return None
    state, info = beans
    return {
        "live_datanodes": state["NumLiveDataNodes"],
        "dead_datanodes": state["NumDeadDataNodes"],
        "safemode": int(bool(info["Safemode"])),
        "capacity_bytes": state["CapacityTotal"],
        "used_bytes": state["CapacityUsed"],
        "missing_blocks": info["NumberOfMissingBlocks"],
        "files": state["FilesTotal"],
    }


def kafka(catalog: Catalog) -> Fields | None:
    """messages: ever written to the topic; processed: in the stream's finished batches; waiting: the rest. The last two
    are left out while HDFS is away.
    """
    try:
        messages = records_in_topic(catalog.settings)
    except LabError:
        return None
    try:
        done = processed(catalog)
    except LabError:
        return {"messages": messages}
    return {"messages": messages, "processed": done, "waiting": max(0, messages - done)}


def processed(catalog: Catalog) -> int:
    """Records in finished batches of the topic, by the newest batch's account.

    Reads one small file, where `./lab verify` adds up the account of every batch there ever was.
    """
    newest = Accounts(catalog).newest()
    return 0 if newest is None else sum(newest.ends.values())


def spark(settings: Settings) -> Fields | None:
    """A standalone master's own page, as JSON."""
    page = ask(f"{master_page(settings)}/json/")
    if "aliveworkers" not in page:
        return None
    return {
        "workers": page["aliveworkers"],
        "cores": page["cores"],
        "cores_used": page["coresused"],
        "apps": len(page["activeapps"]),
    }


def master_page(settings: Settings) -> str:
    """Address of the standalone master's page; "" where Spark runs otherwise."""
    master = urlsplit(settings.spark_master.split(",")[0])
    if master.scheme != "spark" or not master.hostname:
        return ""
    ports = {LAB_MASTER: LAB_PORT} | dict.fromkeys(("127.0.0.1", "localhost"), settings.spark_master_port)
    return f"http://{master.hostname}:{ports.get(master.hostname, USUAL_PORT)}"
