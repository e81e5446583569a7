"""The role workstation on a Debian 12 container that looks like WSL.

Docker comes from Debian here: Docker's own repository, which Debian 12 gets by default, is not asked by tests.
"""

from collections.abc import Iterator

import pytest

from tests.infra.machine import Machine, Play, machine

SYSTEM = "/mnt/c/Windows/System32"
WSLCONFIG = "/mnt/c/Users/student/.wslconfig"
SETTINGS = {"workstation_wsl": "true", "workstation_docker_source": "distribution", "workstation_open_files": 4096}
# A user's file as Windows' editor leaves it: line ends, a comment, other keys, more swap than needed.
USERS_FILE = "# mine\r\n[wsl2]\r\nprocessors=2\r\nmemory=4GB\r\nswap=16GB\r\n\r\n[experimental]\r\nsparseVhd=true\r\n"


@pytest.fixture(scope="module")
def wsl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine that sees a Windows of 8 GB: its user's folder, and the programs that are asked about it."""
    with machine(tmp_path_factory.mktemp("wsl")) as computer:
        computer.write(WSLCONFIG, USERS_FILE)
        computer.write("/srv/before", USERS_FILE)
        computer.write(f"{SYSTEM}/cmd.exe", "#!/bin/sh\nprintf 'C:\\\\Users\\\\student\\r\\n'\n")
        computer.write(f"{SYSTEM}/WindowsPowerShell/v1.0/powershell.exe", "#!/bin/sh\nprintf '8\\r\\n'\n")
        computer.write(
            "/usr/bin/wslpath", "#!/bin/sh\n[ \"$2\" = 'C:\\Users\\student' ] && echo /mnt/c/Users/student\n"
        )
        computer.run(f"chmod +x /usr/bin/wslpath $(find {SYSTEM} -name '*.exe')")
        yield computer


@pytest.fixture(scope="module")
def first_run(wsl: Machine) -> Play:
    play = wsl.play("workstation", **SETTINGS)
    assert play.code == 0, play.output
    return play


def test_the_user_has_docker_python_and_git(wsl: Machine, first_run: Play) -> None:
    assert "Docker version" in wsl.run("docker --version")
    assert "docker" in wsl.run("id --name --groups student").split()
    wsl.run("python3 -m venv /tmp/venv && git --version", user="student")


def test_limits_count_at_the_next_login(wsl: Machine, first_run: Play) -> None:
    assert wsl.run("su --login student --command 'ulimit -Sn'") == "4096"
    assert wsl.run("cat /etc/sysctl.d/60-shoplab.conf") == "vm.swappiness = 10"


def test_wsl_starts_systemd_and_the_user_is_told_how_to_restart_it(wsl: Machine, first_run: Play) -> None:
    assert wsl.run("cat /etc/wsl.conf").splitlines() == ["[boot]", "systemd=true"]
    assert "wsl --shutdown" in first_run.output


def test_wsl_gets_memory_and_the_rest_of_the_file_stays(wsl: Machine, first_run: Play) -> None:
    expected = USERS_FILE.replace("\r\n", "\n").replace("memory=4GB", "memory=5GB")
    assert wsl.run(f"tr -d '\\r' <{WSLCONFIG}") == expected.strip()
    wsl.run(f"cmp {WSLCONFIG}.*~ /srv/before")


def test_a_second_run_changes_nothing(wsl: Machine, first_run: Play) -> None:
    assert first_run.changed > 0
    again = wsl.play("workstation", **SETTINGS)
    assert (again.code, again.changed) == (0, 0), again.output
    assert "wsl --shutdown" not in again.output


def test_a_16_gb_machine_gets_more_and_a_smaller_one_takes_nothing_back(wsl: Machine) -> None:
    wsl.write("/mnt/c/Users/other/.wslconfig", "[wsl2]\n")
    other = {"workstation_windows_home": "/mnt/c/Users/other"}
    for gib in ("16", "8"):
        play = wsl.play_part("workstation", "wslconfig", workstation_machine_gib=gib, **other)
        assert play.code == 0, play.output
        assert "memory=10GB\nswap=4GB" in wsl.run("cat /mnt/c/Users/other/.wslconfig")
    assert play.changed == 0


def test_where_windows_is_silent_one_line_says_what_to_add(wsl: Machine) -> None:
    play = wsl.play_part("workstation", "wslconfig", workstation_windows_system="/mnt/c/nowhere")
    assert play.code != 0
    assert "-e workstation_windows_home=/mnt/c/Users/YOU -e workstation_machine_gib=16" in play.output
