"""Texts as copied from a news page: their "Read more" titles are linked, nothing around the article stays."""

import json
from pathlib import Path

import pytest

from syndicate.newsletter.periods import period_at
from tests.factories import NOW
from tests.jobs.room import SITE, Room, source

LISTED = ("Ministry approves 14 new school buildings", "Parents ask for cheaper school buses")
ARTICLE = """School fees to stay unchanged next year, ministry says
Published: Updated:
Sara Khalid, Staff Reporter
7 MIN READ
Share
Abu Dhabi: Private schools will keep their fees unchanged in the coming school year, the ministry announced.
The decision covers 120 schools with more than 90,000 pupils. Schools had asked for five per cent more.
Parents welcome decision
"That is a relief for every family with two or three children," said Amna Yousef, a mother of three.
For the latest headlines, follow our Google News channel online or via the app.
Also read
{}
{}
The ministry said it would publish the list of all schools with their fees on its site by the end of May.
Top content
Gold prices fall for third day
Trending
Gold rate
"""
FURNITURE = (
    "Published:",
    "Also read",
    "Google News channel",
    "Top content",
    "Gold",
    "MIN READ",
    "Share",
    "Khalid,",
)
NEWSLETTER = """
[[newsletters]]
name = "daily"
schedule = "daily 14:00"
[[channels]]
name = "news"
query = "language:en"
"""


@pytest.fixture
def newsroom(room: Room, tmp_path: Path) -> Room:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "fees.txt").write_text(
        ARTICLE.format(*LISTED).replace("Updated:\n", "Updated: November 24, 2026 08:15\n", 1)
    )
    for number, (title, words) in enumerate(
        zip(LISTED, ("Cranes and plumbers are hired.", "Diesel is dear, drivers are few."), strict=True)
    ):
        (folder / f"{number}.txt").write_text(
            f"{title}\nPublished: November 24, 2026 0{number + 7}:30\n{words}\n"
        )
    room.declare(NEWSLETTER + source("desk", str(folder), own="true", language='"en"'))
    room.ingest(NOW)
    room.services.stories.run(NOW)
    room.services.publish.run(NOW)
    return room


def test_the_listed_titles_are_linked_on_page_and_in_every_feed(newsroom: Room) -> None:
    found = newsroom.articles()
    fees, *listed = (
        found[title] for title in ("School fees to stay unchanged next year, ministry says", *LISTED)
    )
    output = newsroom.services.output
    links = [f"{SITE}/{one.path}" for one in listed]
    page = (output / fees.path).read_text()
    for one in listed:
        assert f'{Path(one.path).name}">{one.title}</a>' in page
    for suffix in ("rss", "atom"):
        document = (output / f"news.{suffix}").read_text()
        assert all(
            f'<link href="{link}" rel="related"' in document.replace("atom:link", "link") for link in links
        )
    items = json.loads((output / "news.json").read_bytes())["items"]
    item = next(one for one in items if one["title"] == fees.title)
    assert [one["url"] for one in item["_syndicate"]["related"]] == links
    assert not [
        word
        for word in FURNITURE
        if word in item["content_text"] + item["summary"] + page.split("<footer")[0].split('class="body"')[1]
    ]
    assert "<h2>Parents welcome decision</h2>" in item["content_html"]
    assert (fees.minutes, fees.authors) == (7, ("Sara Khalid",))


@pytest.mark.all
def test_the_listed_titles_that_the_edition_carries_are_linked_once_in_mail(newsroom: Room) -> None:
    editions = newsroom.services.editions
    daily = newsroom.services.newsletters[0]
    draft = editions.draft(daily, period_at(daily, NOW), NOW)
    assert draft.checked is not None
    for one in (newsroom.articles()[title] for title in LISTED):
        assert draft.checked.rendered.text.count(f"{SITE}/{one.path}") == 1
        assert draft.checked.rendered.html.count(f'href="{SITE}/{one.path}"') >= 1
    assert not [word for word in FURNITURE if word in draft.checked.rendered.text]
