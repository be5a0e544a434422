"""Rendering of an edition as mail, and the elements of its HTML part."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from syndicate.model import Brand, EditionContent, EditionStory, Newsletter, RelatedLink
from syndicate.newsletter.mail_context import DigestContext
from syndicate.newsletter.render import RenderedEdition, render_edition
from syndicate.newsletter.story_views import TOKEN, SiteFacts, content_from_stories
from syndicate.templating import Templates
from tests.newsletter.edition import full_edition
from tests.newsletter.stories import NOW, PERIOD, newsletter, published

ROOT = Path(__file__).parents[2]
LINK = f"https://news.example.com/unsubscribe/{TOKEN}"
CHOOSE = f"https://news.example.com/preferences/{TOKEN}"
SITE = SiteFacts(
    url="https://news.example.com",
    brand=Brand(title="Harbour News", postal_address="Harbour News, 1 Quay Street, 20457 Hamburg"),
    zone=ZoneInfo("Europe/Berlin"),
)


def render(
    stories: tuple[EditionStory, ...] | None = None, folder: Path | None = None, **changes: Any
) -> RenderedEdition:
    facts: dict[str, Any] = {"period": PERIOD, "site": SITE, "unsubscribe_url": LINK} | changes
    letter: Newsletter = facts.pop("letter", newsletter())
    content: EditionContent = facts.pop("content", None) or content_from_stories(
        stories or full_edition(), facts["site"]
    )
    context = DigestContext.build(letter, content, **facts)
    return render_edition(Templates(folder), context, title=content.title)


def story(number: int = 1, *, kind: str = "top", coverage: int = 1, **article: Any) -> EditionStory:
    lead = published(number, **article)
    return EditionStory(story_id=number, position=number, kind=kind, coverage=coverage, lead=lead)


def link(number: int, **changes: Any) -> RelatedLink:
    facts: dict[str, Any] = {
        "title": f"Related {number}",
        "url": f"https://r.example/{number}",
        "source_name": f"Source {number}",
    }
    facts |= {"article_id": number, "uid": str(number), "path": "", "published": NOW} | changes
    return RelatedLink(**facts)


class Elements(HTMLParser):
    """Every start tag with its attributes, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag]
