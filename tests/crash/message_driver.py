"""Kills the approval of a written issue, and the queueing of welcome mails, before and after every commit.

Run as a program: ``message_driver.py FOLDER HTTP``. As in ``driver.py`` there is a copy of the newsroom for
each commit of each stage, one process that is killed there, and one that does the rest. Prints one JSON
object a line: the folder's name and the signal that ended the first process.
"""

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from syndicate.jobs.newsletter.issue_writer import IssueDraft
from syndicate.services import Services, open_services
from syndicate.settings import load_settings
from syndicate.store.subscribers import audience_store
from tests.crash.driver import forked, kill_everywhere, watch_commits
from tests.crash.newsroom import NOW, READERS, YESTERDAY, configuration
from tests.jobs.reviewing import editor

POINT = "message"
SCHEDULE = 'schedule = "daily 07:00"'
WELCOME = "welcome.md"


def join(services: Services, now: datetime) -> None:
    """Confirm the subscriptions of three readers."""
    for reader in READERS:
        address = f"{reader}.{POINT}@example.org"
        with services.store.write() as connection:
            audience_store.request_subscription(connection, address, address, "daily", now)
            audience_store.confirm_subscription(connection, address, "daily", detail="", agreed="", now=now)


def write(services: Services, now: datetime) -> None:
    """Write an issue that waits."""
    draft = IssueDraft(newsletter=services.newsletters[0].name, text="# Open day\n\nCome and see.\n")
    editor(services).write(draft, by="ann", now=now)


def approve(services: Services, now: datetime) -> None:
    """Approve what waits."""
    for edition_id in services.review.waiting("daily"):
        editor(services).approve(edition_id, by="ann", now=now)


STAGES: Mapping[str, Callable[[Services, datetime], object]] = {
    "join": join,
    "write": write,
    "approve": approve,
    "messages": lambda services, now: services.messages.run(now, ["daily"]),
    "deliver": lambda services, now: services.deliver.run(now),
}
KILLED = {"approve": 1, "messages": 2}


def main(folder: Path, http: str) -> None:
    """Prepare a newsroom with a waiting issue and new readers, and kill both stages at every commit."""
    base, first = folder / "base", folder / "first"
    text = configuration(http, 'transport = "folder"')
    for newsroom in (first, base):
        newsroom.mkdir()
        declared = text.replace(SCHEDULE, f'{SCHEDULE}\nwelcome = "{WELCOME}"')
        (newsroom / "config.toml").write_text(declared, "utf-8")
        (newsroom / WELCOME).write_text("# Welcome\n\nGood to see you.\n", "utf-8")
    # Everything once in this process, so that those forked from it need not import it.
    work(first, list(STAGES), NOW)
    shutil.rmtree(first)
    if forked(lambda: work(base, ["join", "write"], NOW)) != 0:
        sys.exit("the newsroom could not be prepared")
    for stage in KILLED:
        for when in ("before", "after"):
            kill_everywhere(folder, base, stage, when, [stage, "deliver"], work)
    shutil.rmtree(base)


def work(place: Path, stages: Sequence[str], now: datetime, *, when: str = "", fatal: int = 0) -> None:
    """Do the work of one process."""
    with open_services(load_settings(place / "config.toml", {}), now=YESTERDAY) as services:
        if fatal:
            watch_commits(when, fatal)
        for stage in stages:
            STAGES[stage](services, now)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
