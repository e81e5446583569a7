"""The role lab on a container where systemd runs, with a small repository whose ./lab keeps its promises."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.machine import Machine, machine, wait_for_boot

# Up until the next boot, as services are: /run is a tmpfs.
LAB = """\
#!/bin/sh
case $1 in
  up) echo 'secret' >.env; id -un >/run/lab/user; cp VERSION /run/lab/up ;;
  status) test -f /run/lab/up ;;
  down) rm -f /run/lab/up ;;
esac
"""
TMPFILES = "d /run/lab 0755 student student\n"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder: Path, version: str, **files: str) -> None:
    for name, text in (files | {"VERSION": version}).items():
        (folder / name).write_text(text + "\n")
    (folder / "lab").chmod(0o755)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", version)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository at version 1."""
    folder = tmp_path_factory.mktemp("source")
    git(folder, "init", "--quiet")
    commit(folder, "1", lab=LAB, old="goes with version 2")
    return folder


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine(tmp_path_factory.mktemp("host"), systemd=True) as computer:
        computer.write("/etc/tmpfiles.d/lab.conf", TMPFILES)
        wait_for_boot(computer)
        computer.run("systemd-tmpfiles --create lab.conf && apt-get install -y -qq --no-install-recommends git")
        yield computer


def settings(source: Path) -> dict[str, str]:
    return {"lab_source": str(source), "lab_prepare_machine": "false"}


@pytest.fixture(scope="module")
def first_run(host: Machine, source: Path) -> str:
    play = host.play("lab", **settings(source))
    assert play.code == 0, play.output
    assert play.changed > 0
    return play.output


def test_the_lab_is_up_and_runs_as_an_ordinary_user(host: Machine, first_run: str) -> None:
    assert host.run("cat /run/lab/up /run/lab/user").split() == ["1", "student"]
    assert host.run("stat -c %U /home/student/shoplab/lab") == "student"
    assert "ssh -N -L 9870:127.0.0.1:9870" in first_run


def test_a_second_run_changes_nothing(host: Machine, source: Path, first_run: str) -> None:
    again = host.play("lab", **settings(source))
    assert (again.code, again.changed) == (0, 0), again.output


def test_it_comes_up_after_a_reboot(host: Machine, first_run: str) -> None:
    host.run("rm /run/lab/user")
    subprocess.run(["docker", "restart", host.name], check=True, capture_output=True)
    wait_for_boot(host)
    assert host.run("systemctl is-active shoplab; cat /run/lab/up /run/lab/user").split() == ["active", "1", "student"]


def test_a_new_version_replaces_the_old_and_keeps_what_the_lab_made(
    host: Machine, source: Path, first_run: str
) -> None:
    git(source, "rm", "--quiet", "old")
    commit(source, "2")
    play = host.play("lab", **settings(source))
    assert play.code == 0, play.output
    assert host.run("cat /run/lab/up; cd /home/student/shoplab; ls -A").split() == [
        "2",
        ".env",
        ".git",
        "VERSION",
        "lab",
    ]


def test_an_edited_file_on_the_host_is_not_overwritten(host: Machine, source: Path, first_run: str) -> None:
    host.run("echo mine >/home/student/shoplab/VERSION", user="student")
    commit(source, "3")
    play = host.play("lab", **settings(source))
    assert play.code != 0
    assert "would be overwritten by checkout" in play.output
    assert host.run("cat /home/student/shoplab/VERSION") == "mine"
    host.run("cd /home/student/shoplab && git checkout --quiet VERSION", user="student")


def test_a_repository_and_a_version_of_it(host: Machine, source: Path, first_run: str) -> None:
    """A tag of a repository that the host reaches itself, into a folder of its own, without systemd's help."""
    git(source, "tag", "first", "HEAD~1")
    host.run("rm -rf /srv/repo && mkdir /srv/repo && chown student /srv/repo")
    subprocess.run(["docker", "cp", f"{source}/.git", f"{host.name}:/srv/repo/"], check=True, capture_output=True)
    host.run("chown -R student /srv/repo")
    own = {"lab_repo": "/srv/repo", "lab_version": "first", "lab_folder": "/home/student/other", "lab_at_boot": "false"}
    play = host.play("lab", **settings(source) | own)
    assert play.code == 0, play.output
    assert host.run("cat /home/student/other/VERSION /run/lab/up").split() == ["2", "2"]


def test_root_is_refused(host: Machine, source: Path) -> None:
    play = host.play("lab", lab_user="root", **settings(source))
    assert play.code != 0
    assert "the lab does not run as root" in play.output
