"""Formatting never happens over data: what is decided from the directories alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from shoplab.core.errors import ServiceError
from shoplab.core.settings import Settings
from shoplab.lab.embedded import formatting
from shoplab.lab.embedded.services import DATANODE, KAFKA, NAMENODE


def write(home: Path, *files: str) -> Settings:
    for file in files:
        path = home / "data" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("clusterID=CID-1\ncluster.id=abc\n")
    return replace(Settings(), home=home)


NAMENODE_FILES = ("namenode/current/VERSION", "namenode/current/fsimage_0000000000000000000")
SOUND = (*NAMENODE_FILES, "datanode/current/VERSION", "kafka/meta.properties")
BLOCK = "datanode/current/BP-1/current/finalized/subdir0/blk_1073741825"


def test_empty_directories_are_formatted(tmp_path: Path) -> None:
    assert formatting.plan(write(tmp_path)) == formatting.Plan((NAMENODE, KAFKA), ())


def test_sound_directories_are_left_alone(tmp_path: Path) -> None:
    assert formatting.plan(write(tmp_path, *SOUND, BLOCK)) == formatting.Plan()


@pytest.mark.parametrize("damaged", NAMENODE_FILES)
@pytest.mark.parametrize("cut", [True, False])
def test_a_half_formatted_namenode_without_blocks_goes_aside(tmp_path: Path, damaged: str, cut: bool) -> None:
    settings = write(tmp_path, *SOUND)
    file = tmp_path / "data" / damaged
    file.write_text("") if cut else file.unlink()
    plan = formatting.plan(settings)
    assert plan == formatting.Plan((NAMENODE,), (NAMENODE.data(settings), DATANODE.data(settings)))
    broken = formatting.move_aside(settings, plan.aside)
    assert sorted(path.name for path in broken.iterdir()) == ["datanode", "namenode"]


@pytest.mark.parametrize("damaged", [*NAMENODE_FILES, "datanode/current/VERSION"])
def test_with_blocks_present_nothing_is_touched(tmp_path: Path, damaged: str) -> None:
    settings = write(tmp_path, *SOUND, BLOCK)
    (tmp_path / "data" / damaged).unlink()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ServiceError, match=r"holds data; nothing was touched"):
        formatting.plan(settings)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_half_made_data_node_without_blocks_goes_aside(tmp_path: Path) -> None:
    settings = write(tmp_path, *NAMENODE_FILES, "datanode/current/half", "kafka/meta.properties")
    assert formatting.plan(settings) == formatting.Plan((), (DATANODE.data(settings),))


LOG = "kafka/events-0/00000000000000000000.log"


def test_kafka_with_messages_gets_its_kept_identity_back(tmp_path: Path) -> None:
    settings = write(tmp_path, *NAMENODE_FILES, LOG, "kafka.meta.properties", "kafka/meta.properties")
    properties = KAFKA.data(settings) / "meta.properties"
    properties.write_text("")
    assert formatting.plan(settings) == formatting.Plan((), (properties,), restores_kafka=True)
    formatting.restore_kafka(settings)
    assert formatting.plan(settings) == formatting.Plan()


def test_kafka_with_messages_and_no_identity_is_not_touched(tmp_path: Path) -> None:
    settings = write(tmp_path, *NAMENODE_FILES, LOG)
    with pytest.raises(ServiceError, match=r"meta\.properties is missing or damaged, but .* nothing was touched"):
        formatting.plan(settings)


def test_kafka_without_messages_is_formatted_again(tmp_path: Path) -> None:
    settings = write(tmp_path, *NAMENODE_FILES, "kafka/meta.properties")
    properties = KAFKA.data(settings) / "meta.properties"
    properties.write_text("")
    assert formatting.plan(settings) == formatting.Plan((KAFKA,), (properties,))
