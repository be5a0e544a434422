"""Compare each room's coverage with its floor in ``coverage-floors.toml``; print a table, exit with 1 below a floor.

``check_coverage.py REPORT`` reads what ``coverage json`` wrote.
"""

import json
import sys
import tomllib
from collections import Counter
from pathlib import Path

FLOORS = Path(__file__).with_name("coverage-floors.toml")


def main() -> None:
    """Print rooms with coverage and floor, and name the rooms that are below."""
    files = json.loads(Path(sys.argv[1]).read_text())["files"]
    statements: Counter[str] = Counter()
    covered: Counter[str] = Counter()
    for path, report in files.items():
        room = room_of(path)
        statements[room] += report["summary"]["num_statements"]
        covered[room] += report["summary"]["covered_lines"]
    floors = tomllib.loads(FLOORS.read_text())["rooms"]
    shares = {room: 100 * covered[room] / statements[room] for room in sorted(statements)}
    for room, share in shares.items():
        print(f"{room:<12} {share:6.1f} %   floor {floors.get(room, 0)} %")
    below = [room for room, share in shares.items() if share < floors.get(room, 0)]
    missing = sorted(set(floors) ^ set(shares))
    if missing:
        sys.exit(f"{FLOORS.name} and the package differ in rooms: {', '.join(missing)}. Mend the table.")
    if below:
        sys.exit(f"Below the floor of {FLOORS.name}: {', '.join(below)}. Add tests, or lower it and say why.")


def room_of(path: str) -> str:
    """Return the package below ``syndicate``, or ``top`` for its own modules."""
    parts = Path(path).parts
    below = parts[parts.index("syndicate") + 1 :]
    return below[0] if len(below) > 1 else "top"


if __name__ == "__main__":
    main()
