from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from syndicate.newsletter.edition_announcements import DeclaredAnnouncement, announcements_for
from syndicate.newsletter.lint.mail_lint import errors_of, lint_mail
from syndicate.newsletter.story_views import TOKEN, content_from_stories
from tests.newsletter.edition import full_edition
from tests.newsletter.rendering import SITE, Elements, render
from tests.newsletter.stories import NOW, newsletter

LETTER = newsletter(time_zone="America/New_York")


def declared(name: str = "open-day", **changes: Any) -> DeclaredAnnouncement:
    return DeclaredAnnouncement(name=name, **({"text": "Come and **see**."} | changes))


@pytest.mark.parametrize(
    ("limits", "is_due"),
    [
        ({}, True),
        # NOW is 24 November 2026, 02:00 in New York.
        ({"start": date(2026, 11, 24)}, True),
        ({"start": date(2026, 11, 25)}, False),
        ({"until": date(2026, 11, 24)}, True),
        ({"until": date(2026, 11, 23)}, False),
        ({"start": datetime.fromisoformat("2026-11-24T02:00")}, True),
        ({"start": datetime.fromisoformat("2026-11-24T02:01")}, False),
        ({"until": datetime.fromisoformat("2026-11-24T02:00")}, False),
        ({"until": datetime.fromisoformat("2026-11-24T02:01")}, True),
        ({"start": datetime(2026, 11, 24, 8, tzinfo=timezone(timedelta(hours=1)))}, True),
        ({"newsletters": ("evening", "morning")}, True),
        ({"newsletters": ("evening",)}, False),
    ],
)
def test_an_announcement_is_due_by_the_clock_of_the_newsletter(limits: dict[str, Any], is_due: bool) -> None:
    assert bool(announcements_for([declared(**limits)], LETTER, NOW)) is is_due


def test_an_edition_carries_the_first_two_that_are_due_and_none_without_their_block() -> None:
    all_of_them = [declared("late", start=date(2027, 1, 1)), *map(declared, ("a", "b", "c"))]
    assert [item.name for item in announcements_for(all_of_them, LETTER, NOW)] == ["a", "b"]
    without = replace(LETTER, blocks=tuple(name for name in LETTER.blocks if name != "announcement"))
    assert announcements_for(all_of_them, without, NOW) == ()


def test_both_parts_show_the_announcement_with_its_label_and_links() -> None:
    hidden = TOKEN.replace("-", "\\-")
    text = f"See [the programme](https://news.example.com/open). <b>{TOKEN[:7]}{TOKEN}{hidden}{TOKEN[7:]}</b>"
    image, link = "https://news.example.com/open.png", "https://tickets.example/open"
    announcement = declared(text=text, image=image, link=link)
    content = replace(
        content_from_stories(full_edition(), SITE),
        announcements=announcements_for([announcement, declared("ours", label="From us")], LETTER, NOW),
    )
    rendered = render(content=content)
    assert errors_of(lint_mail(rendered, content=content)) == ()
    (picture,) = (found for found in Elements(rendered.html).all("img") if found["src"] == image)
    assert (picture["alt"], picture["width"]) == ("Advertisement", "504")
    assert "&lt;b&gt;&lt;/b&gt;" in rendered.html
    assert "ADVERTISEMENT\n\nSee the programme (https://news.example.com/open). <b></b>" in rendered.text
    assert f"\n{link}\n" in rendered.text
    assert "FROM US\n\nCome and see.\n" in rendered.text
    assert rendered.text.index("Lighthouse keeper") < rendered.text.index("ADVERTISEMENT")
    assert rendered.text.index("ADVERTISEMENT") < rendered.text.index("TRENDING")
    german = render(content=content, letter=newsletter(language="de"))
    assert "ANZEIGE" in german.text
