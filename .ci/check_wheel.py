"""Build the archives twice, compare them, and run the demo from the wheel outside of the checkout.

The second build starts from the unpacked source archive, in another folder and with other file times.
"""

import json
import os
import subprocess
import sys
import tarfile
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
    """Go through the steps; the first failure ends the program."""
    with tempfile.TemporaryDirectory(prefix="syndicate-wheel-") as name:
        folder = Path(name)
        wheel, _ = build_twice(folder / "dist")
        try_demo(install(wheel, folder / "environment"), folder / "elsewhere")


def build_twice(folder: Path) -> list[Path]:
    """Build wheel and source archive into a folder; end the program if a second build differs."""
    built = build(CHECKOUT, folder)
    with tempfile.TemporaryDirectory(prefix="syndicate-again-") as name, tarfile.open(built[1]) as archive:
        archive.extractall(Path(name) / "source", filter="data")
        (source,) = (Path(name) / "source").iterdir()
        again = build(source, Path(name) / "dist")
        differing = [path.name for path, copy in zip(built, again, strict=True) if not same(path, copy)]
    if differing:
        sys.exit(f"Two builds differ: {', '.join(differing)}")
    for path in built:
        print(f"{path.name}, {path.stat().st_size // 1024} KiB, built twice with the same bytes")
    return built


def build(source: Path, folder: Path) -> list[Path]:
    """Build a source tree with the pinned build backend; return wheel and source archive."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return [next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))]


def same(first: Path, second: Path) -> bool:
    """Return whether two files have the same name and bytes."""
    return first.name == second.name and first.read_bytes() == second.read_bytes()


def install(wheel: Path, environment: Path) -> Path:
    """Install the wheel and the pinned packages as ``./run`` does; return the installed command."""
    loader = SourceFileLoader("run", str(CHECKOUT / "run"))
    spec = spec_from_loader("run", loader)
    assert spec
    script: Any = module_from_spec(spec)
    loader.exec_module(script)
    script.create(environment)
    script.install(environment, *script.PINNED, str(script.REQUIREMENTS))
    script.install(environment, "--no-deps", str(wheel))
    return environment / "bin" / "syndicate"


def try_demo(program: Path, folder: Path) -> None:
    """Run the installed demo in an empty folder and check its result."""
    folder.mkdir()
    print(run(program, "--version", folder=folder).strip())
    check_demo(json.loads(run(program, "demo", "--out", "news", "--json", folder=folder)), folder)


def run(program: Path, *arguments: str, folder: Path) -> str:
    """Return the output of the program, run in a folder without Python's environment variables."""
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
    """End the program if the demo made nothing of a kind, or names a file that does not exist."""
    nothing = [name for name in COUNTS if result["counts"][name] <= 0]
    nothing += [name for name in PATHS if not result[name]]
    absent = [path for name in PATHS for path in result[name] if not (folder / path).is_file()]
    if nothing or absent:
        sys.exit(f"The demo from the wheel made no {nothing}; it names files that do not exist: {absent}")
    print(", ".join(f"{count} {name}" for name, count in result["counts"].items()))


if __name__ == "__main__":
    main()
