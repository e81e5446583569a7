"""A Debian container as the machine that Ansible sets up, and Ansible itself from its own environment."""

import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from shoplab.core.errors import ServiceError
from shoplab.core.settings import REPO
from shoplab.core.wait import wait_until

IMAGE = "shoplab-test/machine"
# What a Debian server has and its image lacks, and an ordinary user who may use sudo.
DOCKERFILE = """\
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3 sudo systemd systemd-sysv
RUN useradd --create-home --shell /bin/bash student && echo 'student ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/student
"""
# systemd wants to mount and to write control groups; Docker mounts them read-only where the kernel has version 2.
SYSTEMD = ["--cgroupns=private", "--cap-add=SYS_ADMIN", "--security-opt=apparmor=unconfined", "--tmpfs=/run"]
BOOT = "mount -o remount,rw /sys/fs/cgroup 2>/dev/null; exec /sbin/init"
INVENTORY = """\
workstation: {{hosts: &machine {{{name}: {{ansible_connection: community.docker.docker, ansible_user: student}}}}}}
lab: {{hosts: *machine}}
"""


def docker(*arguments: str, text: str | None = None) -> str:
    """Output of a docker command; its own words if it fails."""
    done = subprocess.run(["docker", *arguments], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def build_image() -> None:
    """The machine's image, from Debian's. Without one the test is skipped with the reason, or fails if CI asks so."""
    leave_out = pytest.fail if os.environ.get("SHOPLAB_TEST_DOCKER") == "required" else pytest.skip
    try:
        docker("version")
    except (FileNotFoundError, AssertionError):
        leave_out("no Docker engine answers: the roles are not run against a container")
    try:
        docker("build", "--tag", IMAGE, "-", text=DOCKERFILE)
    except AssertionError as error:
        leave_out(f"no image of a Debian machine could be made: {str(error).splitlines()[-1]}")


@dataclass(frozen=True)
class Play:
    """What a playbook's run said of the machine."""

    code: int
    output: str

    @property
    def changed(self) -> int:
        return int(re.findall(r"changed=(\d+)", self.output)[-1])


@dataclass(frozen=True)
class Machine:
    name: str
    inventory: Path

    def run(self, command: str, user: str = "root") -> str:
        return docker("exec", "--user", user, self.name, "sh", "-c", command)

    def write(self, path: str, text: str) -> None:
        docker("exec", "--interactive", self.name, "sh", "-c", f'mkdir -p "$(dirname {path})"; cat >{path}', text=text)

    def play(self, playbook: str | Path, **variables: object) -> Play:
        """Runs infra/PLAYBOOK.yml, or a playbook of the test's own."""
        path = playbook if isinstance(playbook, Path) else REPO / "infra" / f"{playbook}.yml"
        extra = [argument for name, value in variables.items() for argument in ("-e", f"{name}={value}")]
        done = ansible("ansible-playbook", "-i", str(self.inventory), str(path), *extra)
        return Play(done.returncode, done.stdout + done.stderr)

    def play_part(self, role: str, part: str, **variables: object) -> Play:
        """Runs one task file of a role, which takes a fraction of the whole role's time."""
        task = f"{{ansible.builtin.include_role: {{name: {role}, tasks_from: {part}}}}}"
        playbook = self.inventory.with_name(f"{part}.yml")
        playbook.write_text(f"[{{hosts: {role}, become: true, gather_facts: false, tasks: [{task}]}}]\n")
        return self.play(playbook, **variables)


@contextmanager
def machine(folder: Path, systemd: bool = False) -> Iterator[Machine]:
    """A fresh machine, removed at the end."""
    build_image()
    name = f"shoplab-test-{uuid.uuid4().hex[:8]}"
    limits = "--ulimit=nofile=1024:8192"  # a soft limit to raise, a hard one that any engine may give
    options, command = (SYSTEMD, ["sh", "-c", BOOT]) if systemd else (["--init"], ["sleep", "infinity"])
    docker("network", "create", name)
    try:
        docker("run", "--detach", "--name", name, "--network", name, limits, *options, IMAGE, *command)
        inventory = folder / "hosts.yml"
        inventory.write_text(INVENTORY.format(name=name))
        yield Machine(name, inventory)
    finally:
        docker("rm", "--force", "--volumes", name)
        docker("network", "rm", name)


def ansible(*command: str) -> subprocess.CompletedProcess[str]:
    """A command of Ansible's environment, run at the repository's root."""
    environ = os.environ | {"ANSIBLE_NOCOLOR": "1", "NO_COLOR": "1"}
    return subprocess.run(
        [REPO / "scripts/infra-venv", *command], cwd=REPO, env=environ, capture_output=True, text=True
    )


def wait_for_boot(machine: Machine, seconds: float = 60) -> None:
    """Until systemd has started what it starts at boot; a skip where it can't run in a container."""

    def booted() -> bool:
        with suppress(AssertionError):  # the container stopped, or is not there yet
            return machine.run("systemctl is-system-running || true") in ("running", "degraded")
        return False

    try:
        wait_until(booted, seconds, "systemd does not run in a container here: the lab's unit is not tried")
    except ServiceError as why:
        pytest.skip(str(why))
