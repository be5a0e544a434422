"""Rows and values for tests: plain functions with sensible defaults, any field can be changed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from syndicate.model import (
    Article,
    EditionStory,
    NewArticle,
    Newsletter,
    PublishedArticle,
    RankedStory,
    Source,
    Story,
)
from syndicate.store import Connection
from syndicate.store.ingest import article_store, declared_sources, source_store
from syndicate.store.mail import edition_store, newsletter_store
from syndicate.store.stories import ranked_lists, story_store
from syndicate.store.stories.story_store import ArticlePlacement
from syndicate.store.subscribers import audience_store, subscriber_export

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PERIOD = (NOW - timedelta(days=1, hours=2), NOW - timedelta(hours=2))


def declared(name: str = "The Harbour", **changes: Any) -> Source:
    """A source as ``config.toml`` declares it."""
    facts: dict[str, Any] = {
        "id": 0,
        "name": name,
        "url": f"https://{name.rsplit(maxsplit=1)[-1].lower()}.example/feed",
        "section": "world",
    }
    return Source(**(facts | changes))


def add_sources(connection: Connection, *sources: Source) -> list[Source]:
    """Declare sources and return them with their ids, in the given order."""
    declared_sources.sync_sources(connection, sources, NOW)
    by_name = {source.name: source for source in source_store.list_sources(connection)}
    return [by_name[source.name] for source in sources]


def new_article(number: int = 1, **changes: Any) -> NewArticle:
    """An accepted article, one minute older for each number; its HTML is one paragraph of its text."""
    published = NOW - timedelta(minutes=number)
    facts: dict[str, Any] = {
        "uid": f"00000000-0000-5000-8000-{number:012}",
        "entry_key": f"key-{number}",
        "url": f"https://harbour.example/{number}",
        "path": f"site/articles/2026/11/title-{number}.html",
        "title": f"Title {number}",
        "published": published,
        "updated": published,
        "first_seen": NOW,
        "language": "en",
        "section": "world",
        "summary": f"Summary {number}.",
        "content_hash": f"hash-{number}",
        "item_hash": f"digest-{number}",
        "text": f"Text {number}",
    }
    facts |= changes
    return NewArticle(**({"html": f"<p>{escape(facts['text'])}</p>"} | facts))


def add_unplaced(connection: Connection, source_id: int, articles: Sequence[NewArticle]) -> list[int]:
    """Store articles of one source that have no story yet; returns the ids of those that are new."""
    (ids,) = article_store.add_articles(connection, [(source_id, articles)])
    return ids


def add_articles(connection: Connection, source_id: int, *articles: NewArticle) -> list[int]:
    """Store articles, each placed in a story of its own; returns their ids."""
    ids = add_unplaced(connection, source_id, articles)
    for article_id in ids:
        place(connection, article_id)
    return ids


def place(
    connection: Connection, article_id: int, story_id: int | None = None, *, same_text: int | None = None
) -> int:
    """Put an article into a story, a new one unless told otherwise; returns the story's id.

    Its text is its own, or that with the label ``same_text``.
    """
    if story_id is None:
        (story_id,) = story_store.add_stories(connection, [article_id], NOW)
        save_story(connection, story_id, lead_id=article_id)
    placed = ArticlePlacement(
        article_id=article_id, story_id=story_id, same_text=same_text or article_id, terms=b"terms"
    )
    story_store.place_articles(connection, [placed])
    return story_id


def save_story(connection: Connection, story_id: int, **changes: Any) -> None:
    """Write a story's lead and counts."""
    facts: dict[str, Any] = {"created": NOW, "updated": NOW, "articles": 1, "coverage": 1}
    story_store.save_stories(connection, [Story(id=story_id, **(facts | changes))])


def rank(connection: Connection, name: str, articles: Sequence[Article]) -> None:
    """Store a ranked list of the stories of these articles."""
    ranked_lists.save_ranked(
        connection,
        name,
        [
            RankedStory(
                story_id=article.story_id or 0,
                article_id=article.id,
                position=position,
                score=1 / position,
                coverage=1,
                parts={"source:1": 1 / position},
            )
            for position, article in enumerate(articles, start=1)
        ],
    )


def newsletter(name: str = "daily", **changes: Any) -> Newsletter:
    """A daily newsletter at 07:00 UTC."""
    facts: dict[str, Any] = {"title": "The daily digest", "schedule": "daily 07:00", "time_zone": "UTC"}
    return Newsletter(name=name, **(facts | changes))


def edition_story(article: Article, position: int = 1, **changes: Any) -> EditionStory:
    """A story as an edition carries it, led by a stored article."""
    lead = PublishedArticle(article=article, source=declared(), link=article.url)
    facts: dict[str, Any] = {
        "story_id": article.story_id or 0,
        "position": position,
        "kind": "top",
        "coverage": 1,
    }
    return EditionStory(lead=lead, **(facts | changes))


def subscribe(connection: Connection, *addresses: str, name: str = "daily", now: datetime = NOW) -> list[str]:
    """Confirmed subscriptions; returns what became of each."""
    return [
        audience_store.add_subscription(
            connection,
            address=address,
            address_key=address.casefold(),
            name="",
            language="",
            newsletter=name,
            evidence="a signed form",
            now=now,
        )
        for address in addresses
    ]


def consents(connection: Connection, address_key: str) -> list[tuple[str, str, str]]:
    """(event, detail, text agreed to) of every consent of a mailbox and its end, oldest first."""
    found = (subscriber_export.export_subscriber_data(connection, address_key) or {}).get("consents", [])
    return [(one["event"], one["detail"], one["agreed"]) for one in found]


WITHIN_A_YEAR = edition_store.SendingTimes(
    own_hour=lambda _hour, _zone: NOW, max_lateness=timedelta(days=365)
)
"""Mail that goes whenever it is sent; no reader has an hour of their own."""


def cut(connection: Connection, stories: Sequence[EditionStory], **changes: Any) -> int | None:
    """Cut an edition of the daily newsletter for the period that ended this morning."""
    facts: dict[str, Any] = {
        "newsletter": "daily",
        "variant_key": "edition",
        "period": PERIOD,
        "rendered": ("The subject", "<p>HTML</p>", "Text"),
        "now": NOW,
        "times": WITHIN_A_YEAR,
    }
    return edition_store.cut_edition(connection, stories=stories, **(facts | changes))


def newsroom(connection: Connection, *addresses: str) -> int:
    """One source, one placed article, a newsletter with subscribers and an edition for them; its id."""
    (source,) = add_sources(connection, declared())
    (article_id,) = add_articles(connection, source.id, new_article())
    newsletter_store.sync_newsletters(connection, [newsletter()], NOW - timedelta(days=30))
    subscribe(connection, *addresses)
    article = article_store.get_articles(connection, [article_id])[article_id]
    edition_id = cut(connection, [edition_story(article)])
    assert edition_id is not None
    return edition_id
