"""A bundle that was damaged on its way is told before anything of it is used."""

import subprocess
from pathlib import Path

import pytest

from shoplab.core.errors import LabError
from shoplab.lab.docker import checksums, compose, images


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    (folder / "wheels").mkdir(parents=True)
    (folder / images.ARCHIVE).write_bytes(b"images")
    (folder / "bundle.json").write_text('{"architecture": "amd64"}')
    (folder / "wheels" / "a b.whl").write_bytes(b"package")
    checksums.write(folder)
    return folder


def test_a_sound_bundle_is_taken_by_us_and_by_sha256sum(bundle: Path) -> None:
    checksums.check(bundle)
    subprocess.run(["sha256sum", "--check", "--strict", checksums.NAME], cwd=bundle, check=True)


@pytest.mark.parametrize("name", [images.ARCHIVE, "bundle.json", "wheels/a b.whl", checksums.NAME])
def test_a_changed_byte_loads_nothing(bundle: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (bundle / name).read_bytes()
    (bundle / name).write_bytes(bytes([content[0] ^ 1]) + content[1:])
    monkeypatch.setattr(images, "BUNDLE", bundle)
    monkeypatch.setattr(compose, "run", lambda *_: pytest.fail("Docker was asked to do something"))
    with pytest.raises(LabError, match="is damaged") as raised:
        images.load_bundled()
    assert raised.value.exit_code == 2
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["wheels/a b.whl", checksums.NAME])
def test_a_missing_file_is_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(LabError, match=f"{name} is missing"):
        checksums.check(bundle)


def test_an_added_file_is_named(bundle: Path) -> None:
    (bundle / ".DS_Store").touch()
    checksums.check(bundle)
    (bundle / "wheels" / "other.whl").touch()
    with pytest.raises(LabError, match=r"other\.whl is not of this bundle"):
        checksums.check(bundle)
