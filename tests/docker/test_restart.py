"""Down, two faults at the next start, each named, and a start by plain Compose: nothing is lost on the way."""

import re
from dataclasses import dataclass

import pytest

from shoplab.core.settings import env_file
from shoplab.core.storage import Storage
from shoplab.lab.docker import compose
from shoplab.lab.docker.environment import read, write
from shoplab.metrics.point import Point
from shoplab.metrics.store import open_store
from shoplab.streaming.audit.balance import Balance, balance
from tests.docker.conftest import Stack

VERSION, TOKEN = "/data/node-1/current/VERSION", "INFLUX_ADMIN_TOKEN"


@dataclass(frozen=True)
class Kept:
    """What a lab holds that a restart may not change."""

    files: list[str]
    points: list[Point]
    account: Balance
    token: str
    notebooks: set[str]

    @classmethod
    def of(cls, stack: Stack) -> "Kept":
        settings = stack.reload()
        store = open_store(settings)
        try:
            points = store.query("stream_batch")
        finally:
            store.close()
        return cls(Storage(settings).walk("/data/processed"), points, balance(settings), settings.influx_token,
                   set(stack.run("jupyter", "ls", "/notebooks").split()))  # fmt: skip


@dataclass(frozen=True)
class Restart:
    """What was there before, and what the two faulty starts said."""

    before: Kept
    other_cluster: str
    other_token: str


@pytest.fixture(scope="module")
def restarted(full: Stack) -> Restart:
    full.run("jupyter", "cp", "/notebooks/first-look.ipynb", "/notebooks/mine.ipynb")
    before, services = Kept.of(full), [*full.containers(), "secrets", "setup"]
    version, token = full.run("datanode", "cat", VERSION), read(full.settings)[TOKEN]
    full.run("datanode", "sed", "-i", "s/^clusterID=.*/clusterID=CID-of-another/", VERSION)
    full.lab("down")
    write(full.settings, {TOKEN: "another-token-than-before"})
    try:
        other_cluster = full.up(fails=True)
        _give_back_cluster(full, version)
        other_token = full.up(fails=True)
    finally:
        _give_back_cluster(full, version)
        write(full.settings, {TOKEN: token})
        hand_over = ("run", "--rm", "-T", "secrets", "lab-secrets")  # as docs/docker.md says, with .env as it is
        compose.call(full.settings, *hand_over, given=env_file(full.settings.home).read_text())
        compose.call(full.settings, "up", "--detach", "--wait", *services)
    return Restart(before, other_cluster, other_token)


def _give_back_cluster(stack: Stack, version: str) -> None:
    stack.lab("down")
    own = re.search(r"^clusterID=.*", version, re.MULTILINE)
    assert own is not None
    script = f"sed -i 's/^clusterID=.*/{own[0]}/' {VERSION}"
    compose.call(stack.settings, "run", "--rm", "--no-deps", "-T", "datanode", "sh", "-c", script)


def test_a_volume_of_another_cluster_is_named(restarted: Restart) -> None:
    assert "belongs to cluster CID-of-another" in restarted.other_cluster
    assert "nothing was touched" in restarted.other_cluster


def test_another_influx_token_in_env_is_named(restarted: Restart) -> None:
    assert f"put the old {TOKEN} back" in restarted.other_token


def test_plain_compose_starts_the_same_lab(restarted: Restart, full: Stack) -> None:
    """Without ./lab: then its commands find the lab all the same."""
    full.lab("status")
    assert "accounted for" in full.lab("verify")


def test_nothing_is_lost(restarted: Restart, full: Stack) -> None:
    before, now = restarted.before, Kept.of(full)
    assert now.files == before.files
    assert now.points[: len(before.points)] == before.points
    assert now.account == before.account
    assert now.token == before.token


def test_notebooks_outlive_down(restarted: Restart, full: Stack) -> None:
    assert "mine.ipynb" in restarted.before.notebooks
    assert Kept.of(full).notebooks == restarted.before.notebooks
