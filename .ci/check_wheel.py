"""Builds the wheel, installs it in a fresh environment outside the checkout, and runs the demo from there."""

import json
import os
import subprocess
import sys
import tempfile
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
COUNTS = ("sources", "articles", "stories", "feeds", "deliveries")
PATHS = ("feeds", "pages", "editions", "messages")
DEMO_LIMIT = 300  # seconds


def main() -> None:
    """Go through the steps; the first that fails ends it."""
    with tempfile.TemporaryDirectory(prefix="syndicate-wheel-") as name:
        folder = Path(name)
        wheel = build(folder / "dist")
        program = install(wheel, folder / "environment")
        elsewhere = folder / "elsewhere"
        elsewhere.mkdir()
        print(run(program, "--version", folder=elsewhere).strip())
        check_demo(json.loads(run(program, "demo", "--out", "news", "--json", folder=elsewhere)), elsewhere)


def build(folder: Path) -> Path:
    """The wheel of this checkout, built with the pinned build backend."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    print(f"{wheel.name}, {wheel.stat().st_size // 1024} KiB")
    return wheel


def install(wheel: Path, environment: Path) -> Path:
    """Install it and the pinned packages the way ``./run`` does; return the installed command."""
    loader = SourceFileLoader("run", str(CHECKOUT / "run"))
    spec = spec_from_loader("run", loader)
    assert spec
    script: Any = module_from_spec(spec)
    loader.exec_module(script)
    script.create(environment)
    script.install(environment, "--require-hashes", "-r", str(script.REQUIREMENTS))
    script.install(environment, "--no-deps", str(wheel))
    return environment / "bin" / "syndicate"


def run(program: Path, *arguments: str, folder: Path) -> str:
    """What the program prints when it runs in a folder that has nothing to do with the checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [str(program), *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=DEMO_LIMIT,
    ).stdout


def check_demo(result: dict[str, Any], folder: Path) -> None:
    """The demo made something of every kind, and every file it speaks of is there."""
    nothing = [name for name in COUNTS if result["counts"][name] <= 0]
    nothing += [name for name in PATHS if not result[name]]
    absent = [path for name in PATHS for path in result[name] if not (folder / path).is_file()]
    if nothing or absent:
        sys.exit(f"The demo from the wheel made no {nothing}; it names files that do not exist: {absent}")
    print(", ".join(f"{count} {name}" for name, count in result["counts"].items()))


if __name__ == "__main__":
    main()
