"""The repository can be checked out on Windows and Mac as well: names, links and line ends."""

import subprocess
from collections import Counter
from pathlib import PurePosixPath

import pytest

from shoplab.core.settings import REPO

RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))}
FORBIDDEN = set('<>:"|?*\\') | {chr(code) for code in range(32)}
LONGEST = 150  # Windows allows 260 with the folder the checkout lies in


def git(*arguments: str) -> list[str]:
    """A git command's output, split where it prints a zero byte."""
    command = ["git", "-c", f"safe.directory={REPO}", *arguments]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"not a git checkout: {done.stderr.strip()}")
    return done.stdout.rstrip("\0").split("\0")


@pytest.fixture(scope="module")
def files() -> list[str]:
    return git("ls-files", "-z", "--cached", "--others", "--exclude-standard")


def test_no_symbolic_links_nor_submodules() -> None:
    """Windows makes links only for administrators; git writes a text file in their place."""
    entries = [entry.split(maxsplit=3) for entry in git("ls-files", "-z", "--stage")]
    assert [name for mode, _, _, name in entries if mode not in ("100644", "100755")] == []


def test_no_two_names_differ_by_case_alone(files: list[str]) -> None:
    folders = {str(folder) for name in files for folder in PurePosixPath(name).parents}
    seen = Counter(name.casefold() for name in folders | set(files))
    assert [name for name, times in seen.items() if times > 1] == []


def test_windows_takes_every_name(files: list[str]) -> None:
    parts = {part for name in files for part in PurePosixPath(name).parts}
    assert [part for part in parts if part.split(".")[0].casefold() in RESERVED] == []
    assert [part for part in parts if FORBIDDEN & set(part) or part[-1] in ". "] == []
    assert [name for name in files if len(name) > LONGEST] == []


def test_text_has_unix_line_ends_in_the_repository_and_in_a_checkout() -> None:
    """A script with CRLF does not start in Linux. PowerShell's are the exception, and only in the checkout."""
    lines = [line.split("\t") for line in git("ls-files", "-z", "--eol")]
    known = {name: facts.split() for facts, name in lines if "attr/-text" not in facts}  # inputs of tests stay as made
    assert [name for name, facts in known.items() if facts[0] in ("i/crlf", "i/mixed")] == []
    unset = [name for name, facts in known.items() if facts[0] == "i/lf" and "eol=" not in " ".join(facts)]
    assert unset == []
    assert [name for name, facts in known.items() if "eol=crlf" in facts and not name.endswith(".ps1")] == []


def test_scripts_may_be_run() -> None:
    """What starts with #! is executable in the repository: Windows can't say so by itself."""
    entries = [entry.split(maxsplit=3) for entry in git("ls-files", "-z", "--stage")]
    scripts = {name for mode, _, _, name in entries if mode == "100644" and (REPO / name).is_file()}
    assert [name for name in scripts if (REPO / name).read_bytes()[:2] == b"#!"] == []
