"""Content of feed items, shared by RSS, Atom and JSON Feed.

Rules by their ids: R3 stable ids, R13 newest first, R19 sizes, A6 a single entry per id, RL1–RL3 the block of
related stories, RL8 no link to the item itself and no link twice.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from operator import attrgetter
from typing import NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from syndicate.model import (
    Article,
    Channel,
    Enclosure,
    Image,
    PublishedArticle,
    Republish,
    is_dated,
    known_since,
)
from syndicate.publish.feeds.feed_words import FeedWords, words_in
from syndicate.publish.feeds.fragments import Key
from syndicate.publish.lead_image import with_lead_image
from syndicate.publish.publish_options import PublishOptions
from syndicate.publish.site_paths import FRONT_PATH
from syndicate.text.dates import human_date, language_name, rfc3339
from syndicate.text.language import direction_of
from syndicate.text.media_types import file_name, human_size
from syndicate.text.names import spellings
from syndicate.text.plain import paragraph, xml_safe
from syndicate.text.urls import is_web_url

MAX_ITEMS = 100
MAX_RELATED = 5
# Minimum age of an article, since publication and first sight, at which a change counts as a correction.
CORRECTION_AFTER = timedelta(hours=1)
# Update time of an empty feed: fixed, so that its bytes never change.
EMPTY_FEED_UPDATED = datetime(2000, 1, 1, tzinfo=UTC)


class RelatedItem(NamedTuple):
    """Related story of an item. ``language`` is ``""`` if unknown, ``score`` the similarity."""

    uid: str
    url: str
    title: str
    source_name: str
    published: datetime
    language: str
    direction: str
    score: float


_related_fields = attrgetter(*RelatedItem._fields)


class FeedItem(NamedTuple):
    """All fields of a feed item, and no others.

    A named tuple and not a dataclass, because the fragment cache compares whole items on every build and
    tuples compare in C. ``tags`` begin with the section. ``source_url`` is the feed of the item, ``""`` for
    own articles and for folders. ``minutes`` is the reading time. ``corrected`` is the time of a correction.
    ``text`` is the plain text of ``html``; ``short`` items carry their summary in place of both. ``others``
    are in other languages. Of the ``sources`` of the story, ``foreign`` cover it only in other languages.
    ``story_url`` is the page of a story of several sources, else ``""``. Only ``xml_safe_item`` items may be
    written.
    """

    uid: str
    url: str
    title: str
    published: datetime
    updated: datetime
    language: str
    direction: str
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    summary: str
    html: str
    text: str
    image: Image | None
    own: bool
    source_name: str
    source_url: str
    source_home: str
    source_id: str
    related: tuple[RelatedItem, ...]
    short: bool = False
    original_title: str = ""
    enclosures: tuple[Enclosure, ...] = ()
    minutes: int = 1
    corrected: datetime | None = None
    others: tuple[RelatedItem, ...] = ()
    sources: int = 0
    foreign: int = 0
    story_url: str = ""

    @property
    def dated(self) -> bool:
        """True if ``published`` is a date of publication."""
        return is_dated(self.published)

    @property
    def changed(self) -> datetime | None:
        """Time of the last change; ``None`` if only the first sight is known."""
        return self.updated if self.dated or self.updated > known_since(self.published) else None

    @property
    def id(self) -> str:
        """Id of the item in every format: it survives edits, moves and a change of host (R3, A5)."""
        return f"urn:uuid:{self.uid}"

    @property
    def key(self) -> Key:
        """Key of the item's cached fragments."""
        return self.uid, self.short, bool(self.related or self.others or self.story_url)


def feed_url(channel: Channel, options: PublishOptions, suffix: str) -> str:
    """Return the address of the channel's feed in a format (``rss``, ``atom``, ``json``).

    The name of a search's feed has its parameters behind a question mark.
    """
    name, mark, parameters = channel.name.partition("?")
    return f"{options.site_url}/{quote(name)}.{suffix}{mark}{parameters}"


def archive_links(channel: Channel, options: PublishOptions, suffix: str) -> dict[str, str]:
    """Return the links of RFC 5005 by their relation: previous archive page, and current feed."""
    named = {"prev-archive": channel.previous, "current": channel.current}
    return {
        rel: feed_url(replace(channel, name=name), options, suffix) for rel, name in named.items() if name
    }


def front_page_url(options: PublishOptions) -> str:
    """Return the address of the front page, the home page of every feed."""
    return f"{options.site_url}/{FRONT_PATH}"


def newest_first(channel: Channel, articles: Iterable[PublishedArticle]) -> list[PublishedArticle]:
    """Return a document's articles once each, newest first: at most 100 (R19), or all of an archive page."""
    unique = {published.article.uid: published for published in articles}
    ordered = sorted(
        unique.values(), key=lambda item: (item.article.published, item.article.uid), reverse=True
    )
    return ordered if channel.current else ordered[: max(0, min(channel.limit, MAX_ITEMS))]


def feed_item(published: PublishedArticle, options: PublishOptions) -> FeedItem:
    """Collect the fields of an article's feed item.

    An article without a usable address leads to its page on this site. ``republish = none`` also keeps the
    summary, the image and the files out.
    """
    article, source = published.article, published.source
    url = published.link if published.link.startswith(("http://", "https://")) else ""
    is_theirs_online = not source.own and source.kind.is_feed and is_web_url(source.url)
    hidden = source.republish is Republish.NONE
    story = published.story.path if published.story and published.sources > 1 else ""
    return FeedItem(
        uid=article.uid,
        url=url or f"{options.site_url}/{article.path}",
        title=article.title,
        published=article.published,
        updated=article.updated,
        language=article.language,
        direction=article.direction,
        authors=article.authors,
        tags=(article.section, *article.tags),
        summary="" if hidden else article.summary,
        html=published.html,
        text=published.text,
        image=None if hidden else article.image,
        own=source.own,
        source_name=source.name,
        source_url=source.url if is_theirs_online else "",
        source_home=source.home_url,
        source_id=source.feed_id,
        related=tuple(map(RelatedItem._make, map(_related_fields, published.related))),
        original_title="" if source.own else article.original_title,
        enclosures=() if hidden else article.enclosures,
        minutes=article.minutes,
        corrected=corrected_at(article),
        others=tuple(map(RelatedItem._make, map(_related_fields, published.other_languages))),
        sources=published.sources if published.foreign_sources or story else 0,
        foreign=published.foreign_sources,
        story_url=f"{options.site_url}/{story}" if story else "",
    )


def corrected_at(article: Article) -> datetime | None:
    """Return the time of the last change if it is late enough to count as a correction, else ``None``."""
    revised = article.revised
    if revised is None or revised - max(article.published, article.first_seen) < CORRECTION_AFTER:
        return None
    return revised


def feed_items(
    channel: Channel, articles: Sequence[PublishedArticle], options: PublishOptions
) -> Sequence[FeedItem]:
    """Return the items of a channel's feeds, newest first."""
    return [feed_item(article, options) for article in newest_first(channel, articles)]


def xml_safe_item(item: FeedItem) -> FeedItem:
    """Return the item in writable form: titled, without double links (RL8), text XML-safe (X2).

    Ingest already removes bad characters; this protects a feed from a bad row in the store. ``content_html``
    makes the HTML safe.
    """
    image = item.image and replace(item.image, url=xml_safe(item.image.url), alt=xml_safe(item.image.alt))
    return item._replace(
        url=xml_safe(item.url),
        title=xml_safe(item.title).strip() or "Untitled",
        language=xml_safe(item.language),
        authors=tuple(filter(None, map(xml_safe, item.authors))),
        tags=tuple(spellings(filter(str.strip, map(xml_safe, item.tags))).values()),
        summary=xml_safe(item.summary),
        image=image,
        source_name=xml_safe(item.source_name),
        source_home=xml_safe(item.source_home),
        source_id=_source_id(item),
        original_title=xml_safe(item.original_title),
        related=_tidy_related(item, item.related),
        others=_tidy_related(item, item.others),
        enclosures=tuple(
            replace(file, url=xml_safe(file.url), title=xml_safe(file.title)) for file in item.enclosures
        ),
    )


def fit_to_limit(
    items: Sequence[FeedItem], limit: int, size: Callable[[FeedItem], int], *, archive: bool = False
) -> list[FeedItem]:
    """Return the items of a document of at most ``limit`` bytes (R19), given each item's size.

    The oldest items are left out: they are on the archive pages of the channel. An item of more than a
    quarter of the document gets its summary and a link to the text. ``archive`` documents keep every item.
    """
    kept: list[FeedItem] = []
    left = limit
    for item in items:
        fits, length = item, size(item)
        if length > limit // 4:
            fits = min(item, item._replace(html=paragraph(item.summary), short=True), key=size)
            length = size(fits)
        left -= length
        if left < 0 and not archive:
            break
        kept.append(fits)
    return kept


def last_updated(items: Iterable[FeedItem]) -> datetime:
    """Return the time of the newest change among the items (A8); a fixed time without items."""
    return max((item.updated for item in items), default=EMPTY_FEED_UPDATED)


def content_html(item: FeedItem, time_zone: ZoneInfo) -> str:
    """Return the item's HTML: image, text, files, headline, correction, source, story, related (RL1).

    Plain elements without classes: feed readers drop ``nav`` and elements with "related" in their class
    (RL2). Right-to-left text gets a ``div`` with its direction; words in another direction stay outside.
    """
    words = words_in(item.language)
    body, related = with_lead_image(item.html, item.image), ""
    for file in item.enclosures:
        name, facts = _file_facts(file, item, words)
        label = f"{': ' if name else ''}{escape(name, quote=False)}{f' ({facts})' if facts else ''}"
        body += f'<p><a href="{escape(file.url)}">{words.action(file.kind)}</a>{label}</p>'
    if item.original_title:
        body += f"<p>{words.original_headline} {escape(item.original_title, quote=False)}</p>"
    if item.short:
        body += f'<p><a href="{escape(item.url)}">{words.full_text}</a></p>'
    if not item.dated:
        body += f"<p>{_sentence(words.day(item.published, time_zone))}</p>"
    if item.corrected:
        day = human_date(item.corrected, time_zone, words.language)
        corrected = f'<time datetime="{rfc3339(item.corrected)}">{day}</time>'
        body += f"<p>{words.updated.format(corrected)}</p>"
    if not item.own:
        name = escape(item.source_name, quote=False)
        body += f'<p>{words.source} <a href="{escape(item.url)}">{name}</a></p>'
    if item.story_url:
        body += f'<p><a href="{escape(item.story_url)}">{words.full_coverage.format(item.sources)}</a></p>'
    for heading, links in _link_lists(item, words):
        lines = "".join(_related_line(link, item, time_zone, words) for link in links)
        related += f"{'' if related else '<hr>'}<h3>{heading}</h3><ul>{lines}</ul>"
    if item.direction == "rtl":
        language = f' lang="{escape(item.language)}"' if item.language else ""
        if direction_of(words.language) == "rtl":
            body, related = body + related, ""
        body = f'<div dir="rtl"{language}>{body}</div>'
    return xml_safe(body + related)


def content_text(item: FeedItem, time_zone: ZoneInfo) -> str:
    """Return the item as plain text (RL3)."""
    words = words_in(item.language)
    paragraphs = [item.summary if item.short else item.text or item.summary]
    for file in item.enclosures:
        label = [words.action(file.kind), *filter(None, _file_facts(file, item, words))]
        paragraphs.append(f"{', '.join(label)}: {file.url}")
    if item.original_title:
        paragraphs.append(f"{words.original_headline} {item.original_title}")
    if item.short:
        paragraphs.append(f"{words.full_text}: {item.url}")
    if not item.dated:
        paragraphs.append(_sentence(words.day(item.published, time_zone)))
    if item.corrected:
        paragraphs.append(words.updated.format(human_date(item.corrected, time_zone, words.language)))
    if not item.own:
        paragraphs.append(f"{words.source} {item.source_name}, {item.url}")
    if item.story_url:
        paragraphs.append(f"{words.full_coverage.format(item.sources)}\n{item.story_url}")
    for heading, links in _link_lists(item, words):
        lines = [heading]
        for link in links:
            day, name = words.day(link.published, time_zone), _foreign_name(link, item, words)
            lines.append(f"• {link.title}{name} – {link.source_name}, {day}\n  {link.url}")
        paragraphs.append("\n".join(lines))
    return xml_safe("\n\n".join(filter(None, paragraphs)))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _source_id(item: FeedItem) -> str:
    """Return the id of the item's feed (A12): its own if that is an IRI, else its address."""
    own = xml_safe(item.source_id)
    scheme, colon, _ = own.partition(":")
    return own if colon and scheme.isalpha() and not any(map(str.isspace, own)) else item.source_url


def _file_facts(file: Enclosure, item: FeedItem, words: FeedWords) -> tuple[str, str]:
    """Return a file's name, if needed, and its length or size."""
    is_alone = len(item.enclosures) == 1 and file.kind != "document"
    name = file.title or ("" if is_alone else file_name(file.url))
    size = human_size(file.size) if file.size else ""
    return name, words.minutes.format(file.minutes) if file.minutes else size


def _tidy_related(item: FeedItem, links: Iterable[RelatedItem]) -> tuple[RelatedItem, ...]:
    seen, related = {item.url, ""}, list[RelatedItem]()
    for link in links:
        url = xml_safe(link.url)
        if link.uid == item.uid or url in seen:
            continue
        seen.add(url)
        title = xml_safe(link.title).strip() or url
        name, language = xml_safe(link.source_name), xml_safe(link.language)
        related.append(link._replace(url=url, title=title, source_name=name, language=language))
    return tuple(related[:MAX_RELATED])


def _link_lists(item: FeedItem, words: FeedWords) -> list[tuple[str, tuple[RelatedItem, ...]]]:
    """Return the lists of links below an item with their headings: related stories, then other languages."""
    foreign = (
        words.source_counts.format(item.sources, item.foreign) if item.foreign else words.other_languages
    )
    return [pair for pair in ((words.related, item.related), (foreign, item.others)) if pair[1]]


def _foreign_name(link: RelatedItem, item: FeedItem, words: FeedWords) -> str:
    """Return the language of a link in another language than the item, in brackets."""
    return f" ({language_name(link.language, words.language)})" if link in item.others else ""


def _related_line(link: RelatedItem, item: FeedItem, time_zone: ZoneInfo, words: FeedWords) -> str:
    foreign = link.language and link.language != item.language
    attributes = f' hreflang="{escape(link.language)}"' if foreign else ""
    day = words.day(link.published, time_zone)
    if is_dated(link.published):
        day = f'<time datetime="{rfc3339(link.published)}">{day}</time>'
    if "rtl" in (link.direction, item.direction):
        attributes += f' dir="{link.direction}"'
    return (
        f'<li><a href="{escape(link.url)}"{attributes}>{escape(link.title, quote=False)}</a>'
        f"{_foreign_name(link, item, words)} – {escape(link.source_name, quote=False)}, "
        f"{day}</li>"
    )
