"""The wheel carries all that the program reads at run time, and nothing else."""

import subprocess
import sys
import tarfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent.parent


def build(kind: str, checkout: Path, folder: Path) -> Path:
    """The one file that the build backend makes: a ``wheel`` or an ``sdist``."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    subprocess.run(command, cwd=checkout, check=True, capture_output=True)
    (built,) = folder.iterdir()
    return built


def files_below(folder: Path, prefix: str) -> set[str]:
    """Every file there that Python did not make itself, as the wheel should name it."""
    paths = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {f"{prefix}/{path.relative_to(folder).as_posix()}" for path in paths}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZipFile]:
    with ZipFile(build("wheel", CHECKOUT, tmp_path_factory.mktemp("wheel"))) as opened:
        yield opened


def test_the_wheel_holds_the_package_the_templates_the_configuration_and_the_description(wheel):
    package = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert package == {
        *files_below(CHECKOUT / "syndicate", "syndicate"),
        *files_below(CHECKOUT / "templates", "syndicate/templates"),
        "syndicate/config.default.toml",
        "syndicate/openapi.json",
    }
    assert wheel.read("syndicate/openapi.json") == (CHECKOUT / "docs" / "openapi.json").read_bytes()
    assert wheel.read("syndicate/config.default.toml") == (CHECKOUT / "config.toml").read_bytes()


@pytest.mark.all
def test_the_wheel_holds_templates_for_mail_and_for_pages(wheel):
    kinds = {name.split("/")[2] for name in wheel.namelist() if name.startswith("syndicate/templates/")}
    assert kinds >= {"mail", "pages"}


def test_the_wheel_declares_its_types(wheel):
    assert "syndicate/py.typed" in wheel.namelist()


def test_the_wheel_says_its_name_licence_and_command(wheel):
    (folder,) = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    metadata = Parser().parsestr(wheel.read(f"{folder}/METADATA").decode())
    assert metadata["Name"] == "syndicate-news"
    assert len(metadata.get_all("Project-URL", [])) >= 3
    assert metadata["License-Expression"] == "MIT AND Apache-2.0 AND CC-BY-SA-4.0"
    assert "syndicate = syndicate.cli:main" in wheel.read(f"{folder}/entry_points.txt").decode()
    texts = ("LICENSE", *(f"LICENSES/{name}.txt" for name in ("Apache-2.0", "CC-BY-SA-4.0")))
    for text in (*texts, "syndicate/stories/data/README.md"):
        assert wheel.read(f"{folder}/licenses/{text}") == (CHECKOUT / text).read_bytes()


@pytest.mark.all
def test_a_wheel_from_the_source_archive_is_the_wheel_from_the_checkout(wheel, tmp_path):
    archive = build("sdist", CHECKOUT, tmp_path / "archive")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    with ZipFile(build("wheel", unpacked, tmp_path / "wheel")) as again:
        assert sorted(again.namelist()) == sorted(wheel.namelist())
