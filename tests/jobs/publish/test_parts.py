"""Publishing in parts: several workers write the same files as one run, and none waits for another."""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import update

from syndicate.jobs.publish.publish_job import PublishJob
from syndicate.publish.site_paths import day_path
from syndicate.published_files import PublishedFiles
from syndicate.store import schema
from syndicate.store.leases import held_lease, leases
from syndicate.store.output import stale
from tests.factories import NOW
from tests.jobs.publish.test_list_pages import report
from tests.jobs.publish.test_lists import edit
from tests.jobs.room import Room, source

CHANNELS = '[[channels]]\nname = "news"\n[[channels]]\nname = "sport"\nquery = "section:Sport"\n'
STEP, HOUR = timedelta(minutes=15), timedelta(hours=1)
YESTERDAY = (NOW - timedelta(days=1)).date()
ALWAYS = ["newsletters", "site"]


@pytest.fixture
def newsroom(rooms: Room) -> Room:
    rooms.declare(CHANNELS + source("harbour", "https://harbour.example/feed"))
    rooms.add(*(report(number, "Harbour", "Sea") for number in range(1, 30)))
    rooms.services.stories.run(NOW)
    return rooms


def workers(room: Room, number: int) -> list[PublishJob]:
    """Publish jobs of so many processes, with the same output."""
    return [replace(room.services.publish, owner=f"worker {n}") for n in range(number)]


def work(room: Room, number: int = 2, now: datetime = NOW) -> None:
    """Let workers take turns at the parts until only the parts are left that find their work themselves."""
    team = workers(room, number)
    for _ in range(12):
        parts = team[0].parts(now)
        for place, part in enumerate(parts):
            result = team[place % number].run(now, part=part)
            assert (result.failures, result.busy) == ((), False)
        if parts == team[0].parts(now) == ALWAYS:
            return
    raise AssertionError(parts)


def files(folder: Path) -> dict[str, bytes]:
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    # The calendar of a day before keeps the number of articles of a day.
    return {path: file.read_bytes() for path, file in found.items() if path != day_path(YESTERDAY)}


def at_once(room: Room, now: datetime = NOW) -> dict[str, bytes]:
    """Return the files that one run writes from the same rows into an empty folder."""
    fresh = room.folder / "afresh"
    job = replace(room.services.publish, output=PublishedFiles(fresh), owner="afresh")
    job.forget()
    with room.store.write() as connection:
        stale.mark_all(connection)
    assert job.run(now).failures == ()
    return files(fresh)


def test_workers_write_in_parts_what_one_run_writes(newsroom: Room) -> None:
    work(newsroom)
    assert files(newsroom.folder / "feeds") == at_once(newsroom)


@pytest.mark.all
def test_after_a_new_article_and_an_edit_the_parts_with_due_work_are_named(newsroom: Room) -> None:
    work(newsroom)
    assert newsroom.services.publish.parts(NOW) == ALWAYS
    newsroom.add(report(0, "Harbour"))
    newsroom.services.stories.run(NOW)
    edit(newsroom, 5, title="A new title")
    assert newsroom.services.publish.parts(NOW)[:3] == ["channel:news", "channel:sport", "pages:0"]
    work(newsroom)
    # Young pages show the moved lists after a step of the clock.
    work(newsroom, now=NOW + STEP)
    assert files(newsroom.folder / "feeds") == at_once(newsroom, NOW + STEP)


def test_a_part_of_another_worker_is_left_alone_and_the_others_go_on(newsroom: Room) -> None:
    first, second = workers(newsroom, 2)
    with newsroom.store.write() as connection:
        leases.take_lease(connection, "publish:pages:0", owner="them", now=NOW, until=NOW)
    assert second.run(NOW, part="pages:0").busy
    assert second.run(NOW, part="channel:news").feeds
    assert newsroom.services.publish.run(NOW).busy
    assert first.run(NOW + STEP, part="pages:0").pages


def test_no_part_begins_while_one_process_writes_everything(newsroom: Room) -> None:
    with newsroom.store.write() as connection:
        leases.take_lease(connection, "publish", owner="them", now=NOW, until=NOW)
    assert newsroom.services.publish.run(NOW, part="pages:0").busy


@pytest.mark.all
def test_the_front_page_shows_pages_that_are_written_while_it_is_built(newsroom: Room) -> None:
    work(newsroom)
    newsroom.add(report(0))
    newsroom.services.stories.run(NOW)
    first, second = workers(newsroom, 2)
    first.run(NOW, part="site")
    second.run(NOW, part="pages:0")
    work(newsroom)
    work(newsroom, now=NOW + STEP)
    assert files(newsroom.folder / "feeds") == at_once(newsroom, NOW + STEP)


def test_a_process_that_slept_longer_than_its_lease_replaces_no_newer_file(
    newsroom: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    class SlowFiles(PublishedFiles):
        def write(self, path: str, data: bytes, *, sync: bool = False) -> bool:
            written.append(path)
            if len(written) == 3:
                with newsroom.store.write() as connection:
                    connection.execute(update(schema.leases).values(owner="them", until=NOW + 2 * HOUR))
                awake = time.monotonic() + HOUR.total_seconds()
                monkeypatch.setattr(held_lease, "time", SimpleNamespace(monotonic=lambda: awake))
            return super().write(path, data, sync=sync)

    output = SlowFiles(newsroom.folder / "feeds")
    with pytest.raises(held_lease.LeaseTaken):
        replace(newsroom.services.publish, output=output).run(NOW)
    assert len(written) == 3
