"""Rules of infra/: lint, syntax, and a line in the docs for every variable."""

import re

import pytest
import yaml

from shoplab.core.settings import REPO
from tests.infra.machine import ansible

INFRA = REPO / "infra"


def test_the_linter_has_nothing_to_say() -> None:
    done = ansible("ansible-lint", "--project-dir", "infra", "--config-file", "infra/.ansible-lint", "infra")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("inventory", ["inventory.yml", "inventory.example.yml"])
@pytest.mark.parametrize("playbook", ["workstation.yml", "lab.yml"])
def test_playbooks_are_read_with_the_inventories(playbook: str, inventory: str) -> None:
    done = ansible(
        "ansible-playbook", "-i", f"infra/{inventory}", f"infra/{playbook}", "--syntax-check", "--list-hosts"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hosts (0)" not in done.stdout


@pytest.mark.parametrize("role", ["workstation", "lab"])
def test_every_variable_is_explained_where_it_stands_and_in_the_docs(role: str) -> None:
    text = (INFRA / "roles" / role / "defaults/main.yml").read_text(encoding="utf-8")
    docs = (REPO / "docs/machines.md").read_text(encoding="utf-8")
    names = list(yaml.safe_load(text))
    assert [name for name in names if f"`{name}`" not in docs] == []
    assert [block for block in re.split(r"\n\n", text) if not block.startswith("#")] == []
    assert all(name.startswith(f"{role}_") for name in names)
