"""Kills the letting go of an edition, by its editor or by its deadline, right before and after every commit.

Run as a program: ``desk_driver.py FOLDER HTTP``. As in ``driver.py`` there is a copy of the newsroom for each
commit of each stage, one process that is killed there, and one that does the rest: an editor who got no
answer looks again and approves what still waits, and a deadline that has passed is past. One of the three
readers chose a section, so that a form waits beside the edition. Prints one JSON object a line: the folder's
name and the signal that ended the first process.
"""

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from syndicate.audience.choices import ReaderSelection
from syndicate.errors import ActionRefused
from syndicate.model import EVERY_EDITION
from syndicate.model.actors import EDITOR_SCOPES, Actor, Change
from syndicate.services import Services, open_services
from syndicate.settings import load_settings
from syndicate.store.mail import edition_store
from syndicate.store.subscribers import audience_store, preference_store
from tests.crash.driver import forked, kill_everywhere, watch_commits
from tests.crash.newsroom import NOW, YESTERDAY, configuration, subscribe
from tests.jobs.reviewing import editor

POINT = "desk"
CHOOSER = "cleo"
# The edition is cut long before ``NOW``, at which its deadline has passed.
EARLIER = timedelta(hours=1)
SCHEDULE = 'schedule = "daily 07:00"'


def choose(services: Services, _now: datetime) -> None:
    """Three readers; one of them wants news of the world only."""
    subscribe(services, POINT)
    with services.store.write() as connection:
        wanted = audience_store.subscription_of(connection, f"{CHOOSER}.{POINT}@example.org", "daily")
        assert wanted is not None
        preference_store.save_preferences(
            connection,
            wanted,
            selection=ReaderSelection(sections=("world",)).text(),
            cadence=EVERY_EDITION,
            hour=None,
            time_zone="",
            paused_until=None,
        )


def approve(services: Services, now: datetime) -> None:
    """An editor approves what waits; a form goes with its edition."""
    while waiting := services.review.waiting("daily"):
        editor(services).approve(waiting[-1], by="ann", now=now)


def undo(services: Services, now: datetime) -> None:
    """An editor approves what waits and takes it back; after a crash the editor does the same again."""
    actor = Actor(kind="link", name="ann", scopes=EDITOR_SCOPES)
    actions, change = services.admin.editions, Change(actor=actor, now=now)
    while waiting := services.review.waiting("daily"):
        actions.approve(change, waiting[-1])
    with services.store.read() as connection:
        (report,) = edition_store.report_editions(connection)
    # After a restart the minute is over: the approval stands.
    with suppress(ActionRefused):
        actions.undo_approval(change, report.edition.id)


STAGES: Mapping[str, Callable[[Services, datetime], object]] = {
    "choose": choose,
    "ingest": lambda services, now: services.ingest.run(now - EARLIER),
    "stories": lambda services, now: services.stories.run(now - EARLIER),
    "cut": lambda services, now: services.editions.run(now - EARLIER),
    "undo": undo,
    "approve": approve,
    "deadline": lambda services, now: services.editions.run(now),
    "deliver": lambda services, now: services.deliver.run(now),
}
KILLED = ("approve", "undo", "deadline")
AFTER = {"approve": ["approve", "deliver"], "undo": ["undo", "approve", "deliver"]}
AFTER["deadline"] = ["deadline", "deliver"]


def main(folder: Path, http: str) -> None:
    """Prepare a newsroom with an edition that waits, and kill both ways to let it go at every commit."""
    base, first = folder / "base", folder / "first"
    text = configuration(http, 'transport = "folder"').replace(SCHEDULE, f'{SCHEDULE}\napproval = "30m"')
    for newsroom in (first, base):
        newsroom.mkdir()
        (newsroom / "config.toml").write_text(text, "utf-8")
    # Everything once in this process, so that those forked from it need not import it.
    work(first, list(STAGES), NOW)
    shutil.rmtree(first)
    if forked(lambda: work(base, ["choose", "ingest", "stories", "cut"], NOW)) != 0:
        sys.exit("the newsroom could not be prepared")
    for stage in KILLED:
        for when in ("before", "after"):
            kill_everywhere(folder, base, stage, when, AFTER[stage], work)
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
