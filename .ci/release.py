"""Build a release into ``dist/`` and prove it: metadata, each Python, SBOM, hashes. Uploads nothing.

    ./run python .ci/release.py                    on a machine with Python 3.11 to 3.14
    ./run python .ci/release.py --without 3.14     where an interpreter is missing

docs/releasing.md says what comes before and after.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from check_newest import must, try_newest
from check_wheel import CHECKOUT, build_twice, try_demo

from syndicate import __version__

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
DIST = CHECKOUT / "dist"
PINS = CHECKOUT / ".ci" / "requirements.txt"
PINNED = ("--no-deps", "--require-hashes", "-r")
TOOLS = CHECKOUT / ".ci" / "requirements-release.txt"


def main() -> None:
    """Go through the steps; the first failure ends the program."""
    parser = argparse.ArgumentParser(description="Build a release into dist/ and prove it.")
    parser.add_argument("--without", nargs="*", default=[], choices=PYTHONS, help="interpreters to leave out")
    without = parser.parse_args().without
    interpreters = find_interpreters([version for version in PYTHONS if version not in without])
    check_changelog((CHECKOUT / "CHANGELOG.md").read_text())
    os.environ.setdefault("SOURCE_DATE_EPOCH", output("git", "log", "-1", "--format=%ct"))
    shutil.rmtree(DIST, ignore_errors=True)
    wheel, archive = build_twice(DIST)
    with tempfile.TemporaryDirectory(prefix="syndicate-release-") as name:
        folder = Path(name)
        tools = environment(sys.executable, folder / "tools", *PINNED, str(TOOLS))
        must(tools / "twine", "check", "--strict", wheel, archive)
        write_sbom(tools / "cyclonedx-py")
        for version, python in interpreters.items():
            print(f"\n{version}: the wheel with the pinned packages")
            pinned = environment(python, folder / f"{version}-pins", *PINNED, str(PINS))
            must(pinned / "pip", "install", "-q", "--no-deps", wheel)
            must(pinned / "pip", "check")
            try_demo(pinned / "syndicate", folder / f"{version}-pinned-demo")
            print(f"{version}: the source archive with the newest packages that its ranges allow")
            ranges = environment(python, folder / f"{version}-ranges", str(archive))
            try_demo(ranges / "syndicate", folder / f"{version}-newest-demo")
            print(f"{version}: the wheel and the default tests with the newest packages")
            try_newest(python, wheel, folder / version)
    write_hashes()


def find_interpreters(versions: Sequence[str]) -> dict[str, str]:
    """Return the path of each interpreter, from pyenv or the search path; end the program without it."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found: dict[str, str] = {}
    for version in versions:
        installed = [str(path) for path in sorted(pyenv.glob(f"{version}.*/bin/python3"))]
        candidates = [*installed[-1:], *filter(None, [shutil.which(f"python{version}")])]
        if not candidates:
            sys.exit(f"Python {version} is not installed; install it, or say --without {version}")
        found[version] = candidates[0]
    return found


def check_changelog(text: str) -> None:
    """Warn unless the newest heading of the changelog is this version with a date."""
    heading = next(line for line in text.splitlines() if line.startswith("## ["))
    if not re.fullmatch(rf"## \[{re.escape(__version__)}\] - \d{{4}}-\d\d-\d\d", heading):
        print(f"warning: CHANGELOG.md begins with {heading!r}, not with [{__version__}] and a date")


def environment(python: str, folder: Path, *packages: str) -> Path:
    """Make an environment with packages; return its folder of programs."""
    must(python, "-m", "venv", folder)
    must(folder / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages)
    return folder / "bin"


def write_sbom(program: Path) -> None:
    """Write the bill of materials: the pinned packages with versions and hashes, as CycloneDX JSON."""
    target = DIST / f"syndicate_news-{__version__}.cdx.json"
    options = ("--output-reproducible", "--pyproject", CHECKOUT / "pyproject.toml", "--of", "JSON")
    must(program, "requirements", *options, "-o", target, PINS)


def write_hashes() -> None:
    """Write ``SHA256SUMS`` of all files in ``dist``, in the form that ``sha256sum --check`` reads."""
    lines = [f"{sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(DIST.iterdir())]
    (DIST / "SHA256SUMS").write_text("".join(lines))
    print("".join(lines), end="")


def output(*command: str) -> str:
    """Return the output of a command in the checkout."""
    return subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


if __name__ == "__main__":
    main()
