"""Install the wheel with the newest packages that its ranges allow, and run the demo and the tests with them.

    ./run python .ci/check_newest.py [PYTHON]     PYTHON is an interpreter; without it, the one of .venv

Users who install from an index get these versions, not the pinned ones. The tests are those of the checkout.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from check_wheel import CHECKOUT, build, try_demo

# The versions are not those of the pins, on purpose.
LEFT_OUT = "tests/packaging/test_pins.py"


def main() -> None:
    """Build the wheel and try it; the first failure ends the program."""
    python = sys.argv[1] if len(sys.argv) > 1 else str(getattr(sys, "_base_executable", sys.executable))
    with tempfile.TemporaryDirectory(prefix="syndicate-newest-") as name:
        wheel, _ = build(CHECKOUT, Path(name) / "dist")
        try_newest(python, wheel, Path(name))


def try_newest(python: str, wheel: Path, folder: Path) -> None:
    """Try the wheel and the tests on an interpreter, in an environment below a folder."""
    environment = folder / "newest"
    groups = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["dependency-groups"]
    must(python, "-m", "venv", "--clear", environment)
    programs = environment / "bin"
    must(programs / "pip", "install", "-q", "--upgrade", "pip")
    must(programs / "pip", "install", "-q", f"{wheel}[all]", *groups["test"], *groups["lint"])
    must(programs / "pip", "check")
    try_demo(programs / "syndicate", folder / "newest-demo")
    processes = str(1 + (os.cpu_count() or 1))
    must(programs / "pytest", "-q", "-n", processes, "--dist", "worksteal", f"--ignore={LEFT_OUT}")


def must(*command: str | Path) -> None:
    """Run a command in the checkout; raises ``CalledProcessError`` if it fails."""
    subprocess.run([str(part) for part in command], cwd=CHECKOUT, check=True)


if __name__ == "__main__":
    main()
