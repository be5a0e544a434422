"""One article or edition with which a page's template fails costs its own pages."""

from datetime import timedelta
from pathlib import Path

import pytest

from syndicate.store.core import quarantine
from tests.factories import NOW, new_article
from tests.jobs.room import Room, source

NEWS = source("harbour", "https://harbour.example/feed", section='"tides"')
LETTER = '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n'


def template(room: Room, name: str, text: str) -> Path:
    """The shipped template and ``text`` after it."""
    file = room.folder / "mine" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('{% include "!builtin/' + name + '" %}' + text, "utf-8")
    room.declare(NEWS + LETTER + '[templates]\nfolder = "mine"\n')
    return file


def failing(room: Room) -> list[str]:
    with room.store.read() as connection:
        return [one.subject for one in quarantine.failures(connection, kind="page")]


def fill(room: Room, count: int = 30) -> None:
    """Articles of one section; the newest carry the tag ``bad``."""
    room.declare(NEWS + LETTER)
    for number in range(count):
        tag, at = ("bad" if number < count - 4 else "good"), NOW - timedelta(minutes=number + 1)
        words = " ".join(f"w{number}x{n}" for n in range(30))
        room.add(
            new_article(
                number, title=f"Report {tag} {words[:12]}", text=words, tags=(tag,), section="tides",
                published=at, updated=at, first_seen=at,
            )
        )  # fmt: skip
    room.services.stories.run(NOW)


def test_one_article_costs_its_page_and_many_do_not_stop_the_others(room: Room) -> None:
    fill(room, 8)
    file = template(room, "pages/article.html", "{% if 'bad' in article.tags %}{{ 1 / 0 }}{% endif %}")
    result = room.services.publish.run(NOW)
    assert len([one for one in result.failures if "ZeroDivisionError" in one]) == 4
    assert len([one for one in result.pages if one.startswith("site/articles/")]) == 4
    assert {"site/index.html", "site/sections/tides/index.html", "site/tags/good/index.html"} <= set(
        result.pages
    )
    assert len(failing(room)) == 4
    file.unlink()
    room.declare(NEWS + LETTER)
    assert room.services.publish.run(NOW).failures == ()
    assert failing(room) == []


@pytest.mark.all
def test_a_list_that_fails_stops_no_other_list_and_is_tried_again(room: Room) -> None:
    fill(room)
    file = template(room, "pages/listing.html", "{% if name == 'bad' %}{{ nope }}{% endif %}")
    result = room.services.publish.run(NOW)
    assert failing(room) == ["site/tags/bad/index.html"]
    assert {"site/tags/good/index.html", "site/sections/tides/index.html", "sections/tides.rss"} <= set(
        result.pages
    )
    file.unlink()
    room.declare(NEWS + LETTER)
    assert "site/tags/bad/index.html" in room.services.publish.run(NOW).pages
    assert failing(room) == []


@pytest.mark.all
def test_one_edition_that_fails_costs_its_page_and_not_the_archive(room: Room) -> None:
    fill(room)
    for day in (1, 2):
        at = NOW.replace(hour=7, minute=0) + timedelta(days=day)
        seen = at - timedelta(hours=2)
        words = " ".join(f"d{day}x{n}" for n in range(30))
        room.add(
            new_article(
                100 + day, title=f"Day {day}", text=words, published=seen, updated=seen, first_seen=seen
            )
        )
        room.services.stories.run(at)
        assert [one.outcome for one in room.services.editions.run(at)] == ["cut"]
    later = NOW + timedelta(days=3)
    fails = "{% if edition.period_end.day == DAY %}{{ 1 / 0 }}{% endif %}".replace("DAY", str(NOW.day + 1))
    file = template(room, "pages/edition.html", fails)
    result = room.services.publish.run_archive(later)
    names = {Path(one).name for one in result.pages}
    assert {"index.html", "daily.rss"} <= names
    assert len([one for one in names if one.count("-") == 3]) == 1
    assert len(failing(room)) == 1
    template(room, "pages/edition.html", "{{ 1 / 0 }}")
    kept = (room.folder / "feeds" / "newsletters" / "daily.rss").read_bytes()
    (failure,) = room.services.publish.run_archive(later).failures
    assert "ZeroDivisionError" in failure
    assert (room.folder / "feeds" / "newsletters" / "daily.rss").read_bytes() == kept
    file.unlink()
    room.declare(NEWS + LETTER)
    assert room.services.publish.run_archive(later).failures == ()
    assert failing(room) == []
