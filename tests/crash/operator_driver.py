"""Kills actions of operators and alerts of saved searches before and after each commit, and asks again.

Run as a program: ``operator_driver.py FOLDER``. Each point is a copy of one filled newsroom. A first process
is killed at a commit; a second sends the same request with the same key. Prints one JSON object a line: the
action, the point, the signal, and what differs from a newsroom in which nothing was killed.
"""

import json
import shutil
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from syndicate.jobs.audience.search_saving import save_search
from syndicate.model.actors import Change, command_actor
from syndicate.services import Services, open_services
from syndicate.settings import load_settings
from syndicate.store import open_store
from tests.crash.driver import forked, watch_commits
from tests.factories import NOW, new_article
from tests.invariants.operator_actions import ACTIONS, prepare
from tests.invariants.test_operator_actions import audited, rows_of
from tests.jobs.room import Room, opened_room

ALERTS = "alerts"
KILLED: Mapping[str, tuple[int, int]] = {
    "source.import": (0, 1),
    "subscriber.import": (0, 1),
    "channel.rename": (0, 1),
    "search.add": (0, 1),
    "edition.write": (0, 1),
    "story.merge": (0, 2),
    "story.split": (0, 1),
    "delivery.pause": (0, 1),
}
"""Actions with the two numbers that they are called with."""
BEFORE = (("channel.add", 0, 0), ("search.add", 0, 0), ("story.pin", 2, 0), ("story.merge", 0, 1))
"""What must be there before: a channel, a search, and decisions."""


def main(folder: Path) -> None:
    """Kill each action, and each commit of the alerts, before and after its commits."""
    base = folder / "base"
    base.mkdir(parents=True)
    forked(lambda: fill(base))
    for name in (*KILLED, ALERTS):
        whole = shutil.copytree(base, folder / f"{name}-whole")
        forked(lambda: work(whole, name))  # noqa: B023 called at once
        wanted, commits = told(whole), int((whole / "commits").read_text())
        for when in ("before", "after"):
            for commit in range(1, commits + 1):
                place = shutil.copytree(base, folder / f"{name}-{when}-{commit}")
                ended = forked(lambda: work(place, name, when, commit))  # noqa: B023
                again = forked(lambda: work(place, name))  # noqa: B023
                found = told(place)
                wrong = [table for table in wanted if found[table] != wanted[table]]
                row = {"action": name, "point": place.name, "signal": ended, "again": again, "wrong": wrong}
                sys.stdout.write(json.dumps(row) + "\n")


def fill(place: Path) -> None:
    """Make the newsroom from which all points are copied."""
    with opened_room(place) as room:
        prepare(room)
        change = Change(actor=command_actor("before"), now=NOW - timedelta(hours=1))
        for name, a, b in BEFORE:
            ACTIONS[name](room.services.admin, change, a, b)
        room.services.stories.run(NOW - timedelta(hours=1))
        await_alerts(room)


def await_alerts(room: Room) -> None:
    """Save searches of two subscribers, and let articles come that match them."""
    change = Change(actor=command_actor("before"), now=NOW - timedelta(hours=1))
    room.services.admin.webhooks.add(change, address="https://hook.example/s", events=["search.matched"])
    with room.store.write() as connection:
        for subscription in (1, 2):
            save_search(connection, "lighthouse", subscription, NOW - timedelta(hours=1), per_day=2)
    room.services.admin.searches.add(change, "lighthouse")
    at = {"published": NOW - timedelta(minutes=1), "first_seen": NOW - timedelta(minutes=1)}
    room.add(new_article(40, title="The lighthouse opens", text="The lighthouse opens its doors.", **at))
    room.services.stories.run(NOW - timedelta(minutes=1))


def work(place: Path, name: str, when: str = "", fatal: int = 0) -> None:
    """Perform an action, or look at the searches, and die at a commit."""
    with open_services(load_settings(place / "config.toml", {}), now=NOW) as services:
        commits = watch_commits(when, fatal)
        if name == ALERTS:
            alert(services)
        else:
            change = Change(actor=command_actor("root"), now=NOW, key="once", request_hash=name)
            ACTIONS[name](services.admin, change, *KILLED[name])
        (place / "commits").write_text(str(commits()))


def alert(services: Services) -> None:
    """Look at the searches twice a day: two mails are the most that one may send."""
    for hour in (0, 12):
        services.editions.searches.run(NOW + timedelta(hours=hour), ["daily"])


def told(place: Path) -> dict[str, Any]:
    """Return what an action has left, with its audit rows; ids of events are random."""
    store = open_store(f"sqlite:///{place / 'syndicate.db'}")
    rows: dict[str, Any] = rows_of(store)
    rows["audit"] = audited(store)
    rows["events"], rows["webhook_deliveries"] = len(rows["events"]), len(rows["webhook_deliveries"])
    store.dispose()
    for table in ("leases", "meta", "workers", "stage_runs"):
        del rows[table]
    return {name: repr(value) for name, value in rows.items()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
