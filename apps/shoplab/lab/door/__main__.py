"""`python -m shoplab.lab.door`: serves the lab's doors until it is told to end. Further arguments only mark it."""

import asyncio
import sys

import httpx
import uvicorn

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.listen import listen
from shoplab.core.settings import Settings, load_settings
from shoplab.lab.door.patience import Impatient
from shoplab.lab.door.proxy import Doors, Proxy
from shoplab.lab.door.rules import hdfs, spark

CONNECTIONS = 100  # at a time; a further one is told to come back
HEAD_BYTES = 32 * 1024
_TIMES = httpx.Timeout(120, connect=5)


def doors(settings: Settings) -> Doors:
    """Of the embedded lab, or inside the Docker lab's network."""
    in_docker = settings.lab == "cluster"
    datanode, driver = ("datanode", "") if in_docker else ("127.0.0.1", "127.0.0.1")
    servers = {
        settings.namenode_http_port: hdfs("namenode", settings.webhdfs),
        settings.datanode_http_port: hdfs("datanode", f"http://{datanode}:{settings.datanode_own_port}"),
    }
    if driver:
        # A command with a Spark of its own, such as the stream, before the driver that is kept for the others
        own, kept = (f"http://{driver}:{port}" for port in (settings.spark_own_port, settings.driver_own_port))
        servers[settings.spark_ui_port] = spark("driver", own, kept)
    else:
        servers[settings.spark_master_port] = spark("master", "http://spark-master:6665")
        servers[settings.history_port] = spark("history", "http://history:6667")
    return Doors(servers, settings.host_names, settings.hdfs.removeprefix("hdfs://"))


async def serve(settings: Settings) -> None:
    """Listens on this machine's loopback; in a container on all of its own addresses."""
    host, open_doors = "0.0.0.0" if settings.lab == "cluster" else "127.0.0.1", doors(settings)
    try:
        listeners = [listen(host, port) for port in open_doors.servers]
    except OSError as error:
        raise ServiceError(f"cannot listen: {error.strerror}; ./lab doctor names the port") from None
    limits = httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=10)
    async with httpx.AsyncClient(trust_env=False, timeout=_TIMES, limits=limits) as client:
        config = uvicorn.Config(
            Proxy(open_doors, client), http=Impatient, ws="none", lifespan="off", log_level="error", access_log=False,
            server_header=False, date_header=False, proxy_headers=False, limit_concurrency=CONNECTIONS,
            timeout_keep_alive=15, timeout_graceful_shutdown=2, h11_max_incomplete_event_size=HEAD_BYTES,
        )  # fmt: skip
        await uvicorn.Server(config).serve(sockets=listeners)


if __name__ == "__main__":
    try:
        asyncio.run(serve(load_settings()))
    except LabError as error:
        print(f"ERROR {error}", file=sys.stderr)
        sys.exit(error.exit_code)
