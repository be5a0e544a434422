"""Old issues of another product become pages of the archive, and nothing else."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import html as lxml_html

from syndicate.errors import ParseError
from syndicate.jobs.newsletter.issue_import import import_issue, read_export
from syndicate.store import schema
from syndicate.store.mail import edition_store
from syndicate.store.mail.archive_store import sent_editions
from tests.factories import new_article
from tests.jobs.room import SITE, Room, source

SEVEN = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAILY = '[[newsletters]]\nname = "daily"\ntitle = "The Daily"\nschedule = "daily 07:00"\n'


def write_issues(folder: Path, count: int = 3) -> Path:
    folder.mkdir()
    for number in range(1, count + 1):
        text = f"---\nid: {number}\nsubject: Issue {number}\ndate: 2025-0{number}-05T08:00:00Z\n"
        text += f"canonical_url: https://old.example/{number}\n---\nText of *issue* {number}.\n"
        (folder / f"{number}.md").write_text(text, "utf-8")
    return folder


def take_in(room: Room, folder: Path) -> list[bool]:
    (newsletter,) = room.services.newsletters
    issues, _ = read_export(folder, newsletter, "", SEVEN)
    with room.store.write() as connection:
        return [import_issue(connection, newsletter, issue) for issue in issues]


def daily(room: Room) -> Room:
    room.declare(source("harbour", "https://harbour.example/feed") + DAILY, now=SEVEN - 23 * HOUR)
    room.subscribe("ann@example.org")
    moment = SEVEN - HOUR
    room.add(new_article(1, title="Snow & ice", published=moment, updated=moment, first_seen=moment))
    room.services.stories.run(SEVEN)
    return room


def rows(room: Room) -> list[tuple[str, str]]:
    with room.store.read() as connection:
        return [(row.subject, row.state) for row in sent_editions(connection, "daily", datetime.now(UTC))]


def test_an_import_is_stored_once_and_mails_nobody(rooms: Room, tmp_path: Path):
    room, folder = daily(rooms), write_issues(tmp_path / "old")
    assert take_in(room, folder) == [True, True, True]
    assert take_in(room, folder) == [False, False, False]
    assert rows(room) == [(f"Issue {number}", "imported") for number in (3, 2, 1)]
    with room.store.read() as connection:
        assert connection.execute(schema.deliveries.select()).all() == []
        assert connection.execute(schema.edition_articles.select()).all() == []


def test_editions_are_the_same_with_and_without_imported_issues(rooms: Room, tmp_path: Path):
    room = daily(rooms)
    take_in(room, write_issues(tmp_path / "old"))
    (result,) = room.services.editions.run(SEVEN)
    assert result.outcome == "cut"
    with room.store.read() as connection:
        reports = edition_store.report_editions(connection, newsletter="daily")
    assert [(report.state, sum(report.deliveries.values())) for report in reports] == [
        ("cut", 1), ("imported", 0), ("imported", 0), ("imported", 0),
    ]  # fmt: skip


def test_two_issues_of_the_same_minute_have_pages_of_their_own(room: Room, tmp_path: Path):
    folder = write_issues(tmp_path / "old", 2)
    (folder / "2.md").write_text((folder / "1.md").read_text("utf-8").replace("id: 1", "id: 2"), "utf-8")
    daily(room)
    assert take_in(room, folder) == [True, True]
    room.services.publish.run(SEVEN)
    pages = list((room.services.output / "site/newsletters/daily").glob("2025-01-05-0800-*.html"))
    assert len(pages) == 2


@pytest.mark.all
def test_issues_are_pages_of_months_with_neighbours_but_no_items_of_the_feed(room: Room, tmp_path: Path):
    daily(room)
    take_in(room, write_issues(tmp_path / "old"))
    for run in (room.services.editions, room.services.deliver, room.services.publish):
        run.run(SEVEN)
    folder = room.services.output / "site/newsletters/daily"
    first, second, third = sorted(folder.glob("2025-*-*-*.html"))
    page = lxml_html.fromstring(second.read_text("utf-8"))
    assert page.xpath("string(//h1)") == "Issue 2"
    assert page.xpath("string(//div[@class='body']/p)") == "Text of issue 2."
    assert page.xpath("//a[@href='https://old.example/2']")
    assert not page.xpath("//meta[@name='robots']")
    assert page.xpath("//link[@rel='canonical']/@href") == [f"{SITE}/site/newsletters/daily/{second.name}"]
    for rel, beside in (("prev", first), ("next", third)):
        assert str(page.xpath(f"string(//nav//a[@rel='{rel}']/@href)")).endswith(beside.name)
    assert "Issue 2" in (folder / "2025-02.html").read_text("utf-8")
    assert "4" in (folder / "index.html").read_text("utf-8")
    (item,) = json.loads((room.services.output / "newsletters/daily.json").read_text("utf-8"))["items"]
    assert "Snow" in item["title"]
    newest = (folder / "2026-11-24-0700.html").read_text("utf-8")
    assert third.name in newest
    assert "noindex" in newest


def test_an_archive_of_only_imported_issues_is_published_and_stays_as_it_is(room: Room, tmp_path: Path):
    daily(room)
    take_in(room, write_issues(tmp_path / "old"))
    assert not room.services.publish.run(SEVEN).failures
    folder = room.services.output / "site/newsletters/daily"
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert len(before) == 7
    room.services.publish.run(SEVEN + timedelta(minutes=5))
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


@pytest.mark.all
def test_issues_imported_later_join_an_archive_that_is_published(room: Room, tmp_path: Path):
    daily(room)
    for run in (room.services.editions, room.services.deliver, room.services.publish):
        run.run(SEVEN)
    take_in(room, write_issues(tmp_path / "old"))
    room.services.publish.run(SEVEN + HOUR)
    folder = room.services.output / "site/newsletters/daily"
    assert len(list(folder.glob("2025-*-*-*.html"))) == 3
    assert "Issue 3" in (folder / "2026-11-24-0700.html").read_text("utf-8")
    assert (folder / "2025-03.html").exists()


def test_an_issue_of_the_future_is_left_out_and_an_empty_folder_is_refused(room: Room, tmp_path: Path):
    (newsletter,) = daily(room).services.newsletters
    (tmp_path / "a.md").write_text("---\nsubject: Later\ndate: 2027-01-01\n---\nx\n", "utf-8")
    assert read_export(tmp_path / "a.md", newsletter, "", SEVEN) == (
        [],
        [("Later", "its date is in the future")],
    )
    (tmp_path / "empty").mkdir()
    with pytest.raises(ParseError, match="has no issues"):
        read_export(tmp_path / "empty", newsletter, "", SEVEN)
