"""Ansible's environment, made once for all these tests."""

import pytest

from tests.infra.machine import ansible


@pytest.fixture(scope="session", autouse=True)
def ansible_environment() -> None:
    made = ansible("ansible", "--version")
    if made.returncode:
        pytest.skip(f"Ansible can't be installed here: {made.stderr.strip().splitlines()[-1]}")
