"""Kills the stages that tell other programs and networks, before and after every commit.

Run as a program: ``outgoing_driver.py FOLDER HTTP``. There is a copy of a newsroom with an unplaced article
for each commit; a first process is killed there, and a second does the rest two minutes later. Every
request carries the name of its copy in its path. Prints one JSON object a line: the copy's name and the
signal that ended the first process.
"""

import json
import shutil
import sys
from datetime import timedelta
from pathlib import Path

from syndicate.model.actors import Change, command_actor
from syndicate.services import open_services
from syndicate.settings import load_settings
from syndicate.store.ingest import source_store
from tests.crash.driver import forked, watch_commits
from tests.factories import NOW, add_unplaced, new_article

EVENTS = ["article.published"]
LATER = timedelta(minutes=2)
CONFIG = """
[site]
url = "https://news.example"
[http]
allow_private = true
[[sources]]
name = "harbour"
url = "https://harbour.example/feed"
[[channels]]
name = "news"
post_to = ["chat", "town"]
[[networks]]
name = "chat"
kind = "discord"
secret = "{http}/{place}/chat"
[[networks]]
name = "town"
kind = "mastodon"
secret = "token"
address = "{http}/{place}/town"
"""


def main(folder: Path, http: str) -> None:
    """Kill before and after the first commit, the second, … until a run ends by itself."""
    base = folder / "base"
    base.mkdir(parents=True)
    forked(lambda: prepare(base, http))
    for when in ("before", "after"):
        commit, ended = 0, 9
        while ended:
            commit += 1
            place = shutil.copytree(base, folder / f"{when}-{commit}")
            (place / "config.toml").write_text(CONFIG.format(http=http, place=place.name))
            ended = forked(lambda: work(place, http, when=when, fatal=commit))  # noqa: B023 called at once
            if forked(lambda: work(place, http, later=LATER)) != 0:  # noqa: B023
                sys.exit(f"{place.name}: the restart failed")
            sys.stdout.write(json.dumps({"point": place.name, "signal": ended}) + "\n")


def prepare(place: Path, http: str) -> None:
    """Make a store with a webhook, known networks and an article that no story has."""
    (place / "config.toml").write_text(CONFIG.format(http=http, place="base"))
    with open_services(load_settings(place / "config.toml", {}), now=NOW - timedelta(days=1)) as services:
        change = Change(actor=command_actor("tests"), now=NOW - timedelta(days=1))
        services.admin.webhooks.add(change, address=f"{http}/base/hook", events=EVENTS)
        services.posting.run(NOW - timedelta(days=1))
        with services.store.write() as connection:
            (source,) = source_store.list_sources(connection)
            add_unplaced(connection, source.id, [new_article(1, published=NOW, updated=NOW, first_seen=NOW)])


def work(place: Path, http: str, *, when: str = "", fatal: int = 0, later: timedelta = timedelta(0)) -> None:
    """Do the work of a process: place the article, send the webhooks, post the story."""
    with open_services(load_settings(place / "config.toml", {}), now=NOW) as services:
        change = Change(actor=command_actor("tests"), now=NOW)
        address = f"{http}/{place.name}/hook"
        services.admin.webhooks.edit(change, 1, address=address, events=EVENTS)
        if fatal:
            watch_commits(when, fatal)
        services.stories.run(NOW + later)
        for minutes in range(3 if later else 1):
            services.webhook_sending.run(NOW + later + timedelta(minutes=minutes))
            services.posting.run(NOW + later + timedelta(minutes=minutes))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
