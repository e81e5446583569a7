"""The real servers: one lab through start, faults and recovery. The tests run in order and build on each other."""

from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest
import requests

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.settings import PORTS, Settings, load_settings
from shoplab.core.storage import Storage
from shoplab.lab.embedded import process
from shoplab.lab.embedded.lab import EmbeddedLab
from shoplab.lab.embedded.record import without_leftovers
from shoplab.lab.embedded.services import DATANODE, KAFKA, NAMENODE, SERVICES, Service, ports
from shoplab.lab.ports import with_free_ports

TEXT = "kept through everything: ä ✓".encode()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a lab that is not started yet. A start was cut short there: half-formatted, no data."""
    home = tmp_path_factory.mktemp("own lab")  # a space in the path, as on many a Mac
    settings = with_free_ports(replace(load_settings(), home=home))
    for service in (NAMENODE, DATANODE):
        (service.data(settings) / "current").mkdir(parents=True)
    yield settings
    EmbeddedLab(settings).down()


def send(settings: Settings, value: bytes) -> None:
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=settings.kafka, acks="all")
    producer.send(settings.events_topic, value).get(timeout=20)
    producer.close()


def received(settings: Settings) -> list[bytes]:
    from kafka import KafkaConsumer

    consumer = KafkaConsumer(settings.events_topic, bootstrap_servers=settings.kafka, auto_offset_reset="earliest",
                             enable_auto_commit=False, consumer_timeout_ms=2500)  # fmt: skip
    try:
        return sorted(message.value for message in consumer)
    finally:
        consumer.close()


def page(url: str, method: str = "GET", **headers: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, headers=headers, timeout=20)


def test_up_heals_a_cut_first_start(lab: Settings) -> None:
    said: list[str] = []
    assert EmbeddedLab(lab).start(said.append) == list(SERVICES)
    assert [state.problem for state in EmbeddedLab(lab).status()] == ["", "", "", ""]
    assert any("moved to" in line for line in said)
    [broken] = (lab.home / "data").glob("broken-*")
    assert sorted(path.name for path in broken.iterdir()) == ["datanode", "namenode"]


def test_later_commands_find_the_ports(lab: Settings) -> None:
    found = load_settings({"SHOPLAB_HOME": str(lab.home)})
    assert [getattr(found, name) for name in ports()] == [getattr(lab, name) for name in ports()]


def test_it_listens_on_loopback_only(lab: Settings) -> None:
    for found in process.running(lab).values():
        listening = [c.laddr for c in found.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        assert {address.ip.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def test_up_again_changes_nothing(lab: Settings) -> None:
    before = process.running(lab)
    assert EmbeddedLab(lab).start() == []
    assert process.running(lab) == before
    with pytest.raises(LabError, match=r"already runs with SHOPLAB_KAFKA_PORT="):
        EmbeddedLab(replace(lab, kafka_port=lab.kafka_port + 1)).start()


@pytest.mark.parametrize("path", ["/dfshealth.html", "/explorer.html", "/static/rest-csrf.js"])
def test_web_pages_answer(lab: Settings, path: str) -> None:
    assert page(lab.hdfs_page + path).status_code == 200


def test_the_data_nodes_page_answers(lab: Settings) -> None:
    assert "DataNode" in page(f"http://127.0.0.1:{lab.datanode_http_port}/datanode.html").text


def test_web_pages_of_others_cannot_change_files(lab: Settings) -> None:
    url = f"{lab.hdfs_page}/webhdfs/v1/from-browser?op=MKDIRS"
    assert page(url, "PUT", **{"User-Agent": "Mozilla/5.0"}).status_code == 400
    assert page(url, "PUT", **{"User-Agent": "Mozilla/5.0", "X-XSRF-HEADER": '""'}).json() == {"boolean": True}


def test_the_file_browser_acts_as_the_user(lab: Settings) -> None:
    listing = page(f"{lab.hdfs_page}/webhdfs/v1/?op=LISTSTATUS").json()["FileStatuses"]["FileStatus"]
    assert {file["owner"] for file in listing} == {psutil.Process().username()}


def test_files_are_written_read_and_appended_to(lab: Settings) -> None:
    storage = Storage(lab)
    storage.write("/data/a dir/file ä.txt", TEXT)
    storage.client.write("/data/a dir/file ä.txt", b" and more", append=True)
    assert storage.read("/data/a dir/file ä.txt") == TEXT + b" and more"
    send(lab, b"first")


def test_what_it_writes_is_its_users_alone(lab: Settings) -> None:
    """Even where the caller's umask is the usual one."""
    open_to_others = [path for path in lab.home.glob("data/*/**/*") if path.exists() and path.stat().st_mode & 0o077]
    assert open_to_others == []
    assert [path.name for path in (*lab.log_dir.iterdir(), lab.log_dir) if path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("victim", SERVICES, ids=lambda service: service.name)
def test_a_killed_service_is_seen_and_started_again(lab: Settings, victim: Service) -> None:
    others = process.running(lab)
    killed = others.pop(victim.name)
    killed.kill()
    psutil.wait_procs([killed], timeout=10)
    assert [state.service for state in EmbeddedLab(lab).status() if state.pid is None] == [victim.name]
    assert EmbeddedLab(lab).start() == [victim]
    assert {name: found for name, found in process.running(lab).items() if name != victim.name} == others


def test_data_survives_kills_and_down_and_up(lab: Settings) -> None:
    assert EmbeddedLab(lab).down() == [service.name for service in SERVICES]
    assert process.running(lab) == {}
    assert not lab.record.exists()
    (KAFKA.data(lab) / "meta.properties").unlink()  # as after a power cut
    EmbeddedLab(lab).start()
    assert Storage(lab).read("/data/a dir/file ä.txt") == TEXT + b" and more"
    send(lab, b"second")
    assert received(lab) == [b"first", b"second"]


def test_a_failed_start_tells_why_and_leaves_nothing_running(lab: Settings) -> None:
    EmbeddedLab(lab).down()
    properties = KAFKA.data(lab) / "meta.properties"
    properties.write_text(properties.read_text().replace("node.id=1", "node.id=7"))
    with pytest.raises(ServiceError, match=r"Kafka ended while starting \(.*node.*\); its log: .*kafka\.log") as raised:
        EmbeddedLab(lab).start()
    assert "\n" not in str(raised.value)
    assert process.running(lab) == {}
    assert not lab.record.exists()


def test_a_namenode_that_lost_its_directory_is_not_formatted_over_blocks(lab: Settings) -> None:
    (NAMENODE.data(lab) / "current").rename(lab.home / "elsewhere")
    with pytest.raises(ServiceError, match="holds data; nothing was touched"):
        EmbeddedLab(lab).start()
    assert list(NAMENODE.data(lab).iterdir()) == [] or not (NAMENODE.data(lab) / "current").exists()


def test_ports_left_by_a_power_cut_are_forgotten(lab: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAB_HOME", str(lab.home))
    lab.record.write_text("SHOPLAB_KAFKA_PORT=1\n")
    left = load_settings()
    assert left.kafka_port == 1
    assert without_leftovers(left).kafka_port == Settings().kafka_port
    assert not lab.record.exists()
    assert without_leftovers(lab) is lab
    assert set(ports()) <= set(PORTS)
