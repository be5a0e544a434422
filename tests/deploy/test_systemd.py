"""The systemd units: valid, sandboxed, and with commands that exist."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from syndicate.cli import _syndicate

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
SERVICES = sorted(FOLDER.glob("*.service"))
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


def analyze(*arguments: str | Path) -> str:
    assert ANALYZE
    done = subprocess.run([ANALYZE, *map(str, arguments)], capture_output=True, text=True, check=False)
    return f"{done.returncode} {done.stdout}{done.stderr}"


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with a program that is on this machine."""
    for path in FOLDER.iterdir():
        text = path.read_text("utf-8").replace("/opt/syndicate/bin/syndicate", "/bin/true")
        for name in (path.name, path.name.replace("@.", "@1.")):
            (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


@needs_systemd
def test_systemd_finds_no_fault(units: Path):
    names = [path for path in units.iterdir() if "@." not in path.name]
    assert len(names) == 5
    assert analyze("verify", "--man=no", *names) == "0 "


@needs_systemd
@pytest.mark.parametrize("name", [path.name for path in SERVICES])
def test_the_exposure_of_a_service_is_low(units: Path, name: str):
    answer = analyze("security", "--offline=true", "--threshold=20", units / name)
    assert answer.startswith("0 "), answer[-300:]


def test_all_services_have_the_same_sandbox():
    assert len(SERVICES) == 4
    texts = [path.read_text("utf-8") for path in SERVICES]
    assert len({text.partition("# Sandbox.")[2].partition("\n\n[Install]")[0].strip() for text in texts}) == 1


def test_a_service_keeps_its_marker_and_its_compiled_templates():
    for path in SERVICES:
        lines = path.read_text("utf-8").splitlines()
        assert {"StateDirectory=syndicate", "CacheDirectory=syndicate"} <= {*lines}


def test_no_service_hides_other_processes_whose_leases_it_judges():
    directives = "\n".join(re.findall(r"^[^#\n]+$", "\n".join(p.read_text("utf-8") for p in SERVICES), re.M))
    assert re.findall("ProtectProc|ProcSubset|PrivatePIDs", directives) == []


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_the_command_of_a_service_exists_with_its_options(path: Path):
    (line,) = re.findall(r"^ExecStart=/opt/syndicate/bin/syndicate (.+)$", path.read_text("utf-8"), re.M)
    name, *arguments = [word for word in line.split() if not word.startswith("$")]
    command = _syndicate.get_command(None, name)  # type: ignore[arg-type]
    if command is None and name in ("worker", "serve"):
        pytest.skip("the commands of many machines are not in this version")
    assert command
    assert command.make_context(name, arguments)
