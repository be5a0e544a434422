"""What the page of a tag lists: each text once, and nothing that waits for its story."""

from typing import Any

import pytest
from lxml import html

from syndicate.publish.site_paths import tag_path
from tests.factories import NOW, new_article
from tests.invariants.material import FERRY, LIBRARY, RAILWAY
from tests.jobs.room import Room, source


def listed(room: Room, tag: str) -> list[str]:
    """The titles on the page of a tag."""
    page: Any = html.fromstring((room.services.output / tag_path(tag)).read_bytes())
    return [title.text_content() for title in page.xpath("//article[contains(@class, 'row')]//h3")]


@pytest.mark.all
def test_a_tag_page_lists_each_text_once(room: Room) -> None:
    room.declare("".join(source(name, f"https://{name}.example/feed") for name in ("harbour", "hills")))
    facts = {"title": FERRY.titles[0], "text": FERRY.text(0, 6), "tags": ("harbour",)}
    room.add(
        new_article(3, **facts),
        new_article(2, title="The lighthouse", text=LIBRARY.text(0, 5), tags=("harbour",)),
    )
    room.add(new_article(1, **facts), source="hills")
    room.services.stories.run(NOW)
    room.services.publish.run(NOW)
    assert sorted(listed(room, "harbour")) == [FERRY.titles[0], "The lighthouse"]


def test_a_tag_page_does_not_list_what_waits_for_its_story(room: Room) -> None:
    room.declare(source("harbour", "https://harbour.example/feed"))
    room.add(
        new_article(3, title="The lighthouse", text=LIBRARY.text(0, 5), tags=("harbour",)),
        new_article(2, title="The railway", text=RAILWAY.text(0, 5), tags=("harbour",)),
    )
    room.services.stories.run(NOW)
    room.add(new_article(1, title="The ferry", text=FERRY.text(0, 5), tags=("harbour",)))
    room.services.publish.run(NOW)
    assert sorted(listed(room, "harbour")) == ["The lighthouse", "The railway"]


def test_a_tag_page_lists_an_article_whose_earlier_twin_does_not_have_the_tag(room: Room) -> None:
    room.declare("".join(source(name, f"https://{name}.example/feed") for name in ("harbour", "hills")))
    facts = {"title": FERRY.titles[0], "text": FERRY.text(0, 6)}
    room.add(new_article(3, **facts, tags=("strike",)), new_article(4, title="x", tags=("harbour",)))
    room.add(new_article(1, **facts, tags=("harbour",)), source="hills")
    room.services.stories.run(NOW)
    room.services.publish.run(NOW)
    assert sorted(listed(room, "harbour")) == [FERRY.titles[0], "x"]


def test_a_report_after_a_restart_writes_no_older_page_of_its_tag_again(room: Room) -> None:
    declared = source("harbour", "https://harbour.example/feed")
    room.declare(declared)
    ids = room.add(*(new_article(number, tags=("harbour",)) for number in (4, 3, 2)))
    room.services.stories.run(NOW)
    room.services.publish.run(NOW)
    room.declare(declared)
    room.add(new_article(1, title="The lighthouse", text=LIBRARY.text(0, 5), tags=("harbour",)))
    room.services.stories.run(NOW)
    written = room.services.publish.run(NOW).pages
    assert tag_path("harbour") in written
    articles = room.articles()
    older = {article.path for article in articles.values() if article.id in ids}
    assert len(older) == 3
    assert older.isdisjoint(written)
