"""Compare each room's coverage with its floor in ``coverage-floors.toml``.

``check_coverage.py REPORT`` reads the report of ``coverage json``, prints a table, and exits with 1 below a
floor. With ``--write`` the floors become the shares of the report.
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
    shares = {room: 100 * covered[room] / statements[room] for room in sorted(statements)}
    if "--write" in sys.argv:
        write(shares)
    floors = tomllib.loads(FLOORS.read_text())["rooms"]
    for room, share in shares.items():
        print(f"{room:<12} {share:6.1f} %   floor {floors.get(room, 0)} %")
    below = [room for room, share in shares.items() if share < floors.get(room, 0)]
    missing = sorted(set(floors) ^ set(shares))
    if missing:
        sys.exit(f"{FLOORS.name} and the package differ in rooms: {', '.join(missing)}. Mend the table.")
    if below:
        sys.exit(f"Below the floor of {FLOORS.name}: {', '.join(below)}. Add tests, or lower it and say why.")


def write(shares: dict[str, float]) -> None:
    """Set each floor a point below the share, which random tests move; keep the comment above the table."""
    head = FLOORS.read_text().partition("[rooms]\n")[0]
    lines = [f"{room} = {int(share) - 1}\n" for room, share in shares.items()]
    FLOORS.write_text(f"{head}[rooms]\n{''.join(lines)}")


def room_of(path: str) -> str:
    """Return the package below ``syndicate``, or ``top`` for its own modules."""
    parts = Path(path).parts
    below = parts[parts.index("syndicate") + 1 :]
    return below[0] if len(below) > 1 else "top"


if __name__ == "__main__":
    main()
