"""Lets every stage of a newsroom run out of disk in its middle, and carry on once there is room again.

Run as a program: ``full_disk_driver.py FOLDER HTTP MAIL``. A limit on the size of files (RLIMIT_FSIZE) stands
for the full disk: writes fail there in the middle of a file, of the store's log as of any other. Prints one
JSON object a line: the folder's name and the exit code of the stage, 0 or that of the error that a file in
the folder has the words of.
"""

import json
import os
import resource
import shutil
import sys
from pathlib import Path

from syndicate.errors import SyndicateError
from syndicate.services import open_services
from syndicate.settings import load_settings
from tests.crash.driver import PERSONAL, forked, work
from tests.crash.newsroom import NOW, RESTART, STAGES, YESTERDAY, run, write_configuration

SIZES = (0, 40_000)
KILLED = ("ingest", "stories", "publish", "edition", "deliver")


def main(folder: Path, http: str, mail: str) -> None:
    """Prepare a clean newsroom stage by stage, and run each stage on full disks of several sizes."""
    base = folder / "base"
    for newsroom in (folder / "first", base):
        write_configuration(newsroom, http, mail)
    stages = [stage for stage in STAGES if stage != "pages"]
    work(folder / "first", stages, NOW)
    for stage in stages:
        for size in SIZES if stage in KILLED else ():
            place = folder / f"{stage}-{size}"
            shutil.copytree(base, place)
            ended = forked(lambda: work_without_room(place, stage, size))  # noqa: B023 called at once
            if forked(lambda: work(place, stages, RESTART)) != 0:  # noqa: B023
                sys.exit(f"{place.name}: it did not recover")
            sys.stdout.write(json.dumps({"point": place.name, "code": ended // 1000}) + "\n")
        if stage not in PERSONAL and forked(lambda stage=stage: work(base, [stage], NOW)) != 0:  # type: ignore[misc]
            sys.exit(f"{stage} failed on an empty disk")


def work_without_room(place: Path, stage: str, size: int) -> None:
    """One stage, in whose course no file can grow beyond so many bytes."""
    settings = load_settings(place / "config.toml", {})
    try:
        with open_services(settings, now=YESTERDAY) as services:
            run(services, PERSONAL.get(stage, []), NOW, place.name)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            run(services, [stage], NOW, place.name)
    except SyndicateError as error:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        (place / "said.txt").write_text(str(error), "utf-8")
        os._exit(error.exit_code)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
