"""CPU seconds of an import of subscribers by the command line (goal: 10 000 addresses in less than 5).

``python -m benchmarks.subscriber_import [--rows 10000]`` writes a Mailchimp export with names, tags, a field
and proof of consent. It prints the seconds of ``syndicate subscribers import`` with a new store, and of
the same command when all addresses are known; each includes the start of the interpreter.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import seconds_of_ended_children

CONFIG = """
[mail]
address = "1 Quay Street"
[[newsletters]]
name = "daily"
schedule = "daily 07:00"
[[fields]]
name = "city"
"""
HEADINGS = (
    "Email Address",
    "First Name",
    "Last Name",
    "MEMBER_RATING",
    "OPTIN_TIME",
    "OPTIN_IP",
    "TAGS",
    "City",
)


def row(number: int) -> tuple[str, ...]:
    """Return the cells of an invented reader."""
    address, name = f"reader.{number}@host{number % 300}.example.org", f"Reader{number}"
    consent = "2021-03-04 10:11:12", "203.0.113.7"
    return (
        address,
        name,
        "Quay",
        "2",
        *consent,
        '"press","vip"' if number % 3 else "",
        f"Town {number % 50}",
    )


def seconds(folder: Path, *command: str) -> float:
    """Return the CPU seconds of a command of syndicate."""
    before = seconds_of_ended_children(os.getpid())
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    arguments = [sys.executable, "-m", "syndicate", *command]
    subprocess.run(arguments, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return round(seconds_of_ended_children(os.getpid()) - before, 2)


def main() -> None:
    """Measure a first import, and one of the same list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "config.toml").write_text(CONFIG)
        with (folder / "subscribed_members.csv").open("w", newline="") as file:
            csv.writer(file).writerows([HEADINGS, *map(row, range(rows))])
        seconds(folder, "subscribers", "list")
        for name in ("added", "already"):
            print(name, seconds(folder, "subscribers", "import", "--yes", "subscribed_members.csv"))


if __name__ == "__main__":
    main()
