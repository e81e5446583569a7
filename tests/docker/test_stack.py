"""The Docker lab as it stands after `./lab up`: healthy, closed to the outside, usable from the host."""

import json
import re
import stat
import subprocess
import time

import pytest
import requests
from kafka import KafkaConsumer, KafkaProducer

from shoplab.core.settings import REPO, env_file
from shoplab.core.storage import Storage
from shoplab.core.wait import wait_until
from shoplab.lab.docker import compose, environment, services
from tests.docker.conftest import Stack


def get(url: str, **headers: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, headers=headers, timeout=20)


def test_all_is_healthy_and_a_second_up_changes_nothing(stack: Stack) -> None:
    before = {name: told["State"]["StartedAt"] for name, told in stack.containers().items()}
    stack.lab("status")
    stack.up()
    assert {name: told["State"]["StartedAt"] for name, told in stack.containers().items()} == before


@pytest.mark.parametrize(
    ("port", "path", "says"),
    [
        ("namenode_http_port", "/explorer.html", "Browse Directory"),
        ("spark_master_port", "/", "Spark Master"),
        ("history_port", "/", "History Server"),
        ("influx_port", "/health", "pass"),
        ("api_port", "/health", "status"),
    ],
)
def test_every_page_answers_on_this_machine(stack: Stack, port: str, path: str, says: str) -> None:
    answer = get(f"http://127.0.0.1:{getattr(stack.settings, port)}{path}")
    assert answer.status_code == 200
    assert says in answer.text


def test_links_on_sparks_page_open_from_here(stack: Stack) -> None:
    master = f"http://127.0.0.1:{stack.settings.spark_master_port}"
    links = set(re.findall(r'href="([^"#]*(?:proxy|app|worker)[^"]*)"', get(master).text))
    assert any("worker-" in link for link in links)
    assert any("app-" in link for link in links)  # the stream's own page
    for link in links:
        url = link if link.startswith("http") else f"{master}/{link.lstrip('/')}"
        assert url.startswith(master), url
        assert get(url).status_code == 200, url


def test_nothing_listens_beyond_loopback(stack: Stack) -> None:
    published = [
        (name, binding["HostIp"])
        for name, told in stack.containers().items()
        for bindings in told["NetworkSettings"]["Ports"].values()
        for binding in bindings or []
    ]
    assert len(published) >= 8
    assert {address for _, address in published} == {"127.0.0.1"}


def test_containers_have_no_rights_they_do_not_need(stack: Stack) -> None:
    for name, told in stack.containers().items():
        host = told["HostConfig"]
        assert host["CapDrop"] == ["ALL"], name
        assert not host["CapAdd"], name
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        assert host["ReadonlyRootfs"], name
        assert host["Memory"] > 0, name
        assert stack.run(name, "id", "-u").strip() != "0", name
        effective = re.search(r"CapEff:\s*(\w+)", stack.run(name, "cat", "/proc/self/status"))
        assert effective is not None
        assert int(effective[1], 16) == 0, name


def test_the_small_size_fits_an_8_gb_laptop(stack: Stack) -> None:
    command = compose.command(stack.settings, "config", "--format", "json")
    command[command.index("--env-file") + 1] = str(REPO / "images" / "small.env")
    told = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
    running = [service for service in told["services"].values() if service.get("restart") != "no"]
    assert sum(int(service["mem_limit"]) for service in running) <= services.SMALL_GIB * 2**30


def test_webhdfs_reads_writes_and_appends_from_here(stack: Stack) -> None:
    storage = Storage(stack.reload())
    storage.write("/tmp/from-host.txt", b"one")
    storage.client.write("/tmp/from-host.txt", b" two", append=True)
    assert storage.read("/tmp/from-host.txt") == b"one two"


def test_webhdfs_works_for_plain_http_clients_too(stack: Stack) -> None:
    url = f"{stack.settings.webhdfs}/webhdfs/v1/tmp/by-curl.txt?user.name=shoplab"
    with requests.Session() as session:
        session.trust_env = False
        first = session.put(f"{url}&op=CREATE&overwrite=true", allow_redirects=False, timeout=20)
        assert first.status_code == 307
        assert first.headers["Location"].startswith(f"{stack.settings.webhdfs}/webhdfs/v1/tmp/by-curl.txt?")
        assert session.put(first.headers["Location"], data=b"by hand", timeout=20).status_code == 201
        assert session.get(f"{url}&op=OPEN", timeout=20).content == b"by hand"


def test_a_web_page_in_a_browser_cannot_write(stack: Stack) -> None:
    with requests.Session() as session:
        session.trust_env = False
        url = f"{stack.settings.webhdfs}/webhdfs/v1/tmp/evil?op=MKDIRS&user.name=shoplab"
        assert session.put(url, headers={"User-Agent": "Mozilla/5.0"}, timeout=20).status_code == 400


def test_kafka_from_here_and_from_containers(stack: Stack) -> None:
    stack.run("kafka", "/opt/kafka/healthy")
    producer = KafkaProducer(bootstrap_servers=stack.settings.kafka)
    stamp = f"{time.time_ns()}".encode()
    # A record that no stream takes for an event: rejected and accounted for, like any other bad row
    partition = producer.send("events", stamp).get(20).partition
    producer.close()
    consumer = KafkaConsumer("events", bootstrap_servers=stack.settings.kafka, auto_offset_reset="earliest",
                             consumer_timeout_ms=20_000)  # fmt: skip
    assert any(record.value == stamp and record.partition == partition for record in consumer)
    consumer.close()
    wait_until(lambda: _accounted(stack), 90, "the stream does not take the record")


def _accounted(stack: Stack) -> bool:
    from shoplab.streaming.audit.balance import balance

    found = balance(stack.reload())
    return found.in_kafka > 0 and found.waiting == 0


def test_secrets_are_generated_private_and_hidden(stack: Stack) -> None:
    file = env_file(stack.settings.home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((stack.settings.run_dir / "lab.env").stat().st_mode) == 0o600
    secrets = [environment.read(stack.settings)[name] for name in environment.SECRETS]
    assert len(set(secrets)) == len(secrets)
    assert min(map(len, secrets)) >= 20
    logs = compose.call(stack.settings, "logs", "--no-color")
    stack.up()  # a second one knows them, from .env
    everything = subprocess.run(["docker", "ps", "-aq", "--filter", compose.of_project(stack.settings)],
                                capture_output=True, text=True).stdout.split()  # fmt: skip
    inspected = subprocess.run(["docker", "inspect", *everything], capture_output=True, text=True).stdout
    inspected += compose.call(stack.settings, "--profile", "*", "config")
    assert "lab-secrets" in inspected
    for name, secret in zip(environment.SECRETS, secrets, strict=True):
        assert secret not in logs, name
        assert secret not in inspected, name
    assert stack.run("spark-worker", "ps", "-ef").count(secrets[-1]) == 0


def test_tokens_may_do_just_what_they_are_for(stack: Stack) -> None:
    settings = stack.reload()
    point, place = "probe value=1 1572566400000000000", f"org={settings.influx_org}&bucket={settings.influx_bucket}"
    flux = f'from(bucket: "{settings.influx_bucket}") |> range(start: 0) |> limit(n: 1)'

    def write(token: str) -> int:
        return _post(f"{settings.influx_url}/api/v2/write?{place}", token, point, "text/plain")

    def read(token: str) -> tuple[int, int]:
        status = _post(
            f"{settings.influx_url}/api/v2/query?org={settings.influx_org}", token, flux, "application/vnd.flux"
        )
        buckets = get(f"{settings.influx_url}/api/v2/buckets", Authorization=f"Token {token}").json().get("buckets", [])
        return status, len([bucket for bucket in buckets if bucket["name"] == settings.influx_bucket])

    assert write(settings.influx_token) == 204
    assert write(settings.influx_read_token) in (401, 403)
    assert read(settings.influx_read_token) == (200, 1)
    assert read(settings.influx_token) != (200, 1)


def _post(url: str, token: str, body: str, kind: str) -> int:
    with requests.Session() as session:
        session.trust_env = False
        headers = {"Authorization": f"Token {token}", "Content-Type": kind}
        return session.post(url, data=body, headers=headers, timeout=20).status_code


def test_the_doctor_finds_nothing(stack: Stack) -> None:
    said = stack.lab("doctor")
    for subject in ("engine", "Compose", "memory", "clock", "safe mode", "data nodes", "cores held by", "Kafka, inside",
                    "InfluxDB read token", "InfluxDB write token"):  # fmt: skip
        assert subject in said
