"""Kills the whole demo right after every commit it makes, and lets it carry on each time.

Run as a program: ``demo_driver.py FOLDER NOW``. FOLDER holds ``base``, a demo's configuration and local
articles for a newsroom that is being served. For each commit there is one copy of it, one process that
is killed there by SIGKILL, and one later process that runs everything. Prints each copy's name, and last
that of the one that was not killed. How processes are forked and commits seen is ``driver``'s.
"""

import shutil
import sys
from datetime import datetime, timedelta
from pathlib import Path

from syndicate.demo.demo_run import subscribe_readers
from syndicate.services import open_services
from syndicate.settings import load_settings
from tests.crash.driver import forked, watch_commits

# Every lease has run out by then.
LATER = timedelta(minutes=40)


def main(folder: Path, now: datetime) -> None:
    """Kill at the first commit, the second, … until a run ends by itself."""
    work(shutil.copytree(folder / "base", folder / "warm"), now)
    commit, ended = 0, 9
    while ended:
        commit += 1
        place = shutil.copytree(folder / "base", folder / f"commit-{commit}")
        ended = forked(lambda: work(place, now, fatal=commit))  # noqa: B023 called at once
        if forked(lambda: work(place, now + LATER)) != 0:  # noqa: B023
            sys.exit(f"{place.name}: the restart failed")
        sys.stdout.write(f"{place.name}\n")


def work(place: Path, now: datetime, *, fatal: int = 0) -> None:
    """All that one process does."""
    if fatal:
        watch_commits("after", fatal)
    with open_services(load_settings(place / "config.toml", {}), now=now) as services:
        subscribe_readers(services, now)
        services.ingest.run(now)
        services.stories.run(now)
        services.publish.run(now)
        services.editions.run(now)
        services.deliver.run(now)


if __name__ == "__main__":
    main(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))
