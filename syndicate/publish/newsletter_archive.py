"""Archive of a newsletter: each edition as a page of the site and as an item of the newsletter's own feed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from syndicate.model import (
    Article,
    Channel,
    ContentLink,
    ContentPart,
    ContentStory,
    Edition,
    EditionContent,
    Newsletter,
    PublishedArticle,
    Republish,
    Source,
    archive_feed,
    archive_folder,
    edition_path,
)
from syndicate.publish.feeds.entries import MAX_ITEMS
from syndicate.publish.page_context import Page
from syndicate.publish.publish_options import PublishOptions
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline, NamedPath
from syndicate.publish.site_paths import NEWSLETTERS_PATH
from syndicate.publish.site_view import EditionLink, NewsletterView
from syndicate.templating import Templates
from syndicate.text.language import direction_of
from syndicate.text.markup import clean_markup
from syndicate.text.reading_time import measure_reading

INDEX = "index.html"
# Stories of the sample edition on the page of all newsletters.
SAMPLE_STORIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedEdition:
    """Latest revision of an edition. ``published`` is the time at which the first went out.

    ``articles`` is the number of articles that the edition carries.
    """

    edition: Edition
    content: EditionContent
    published: datetime
    articles: int = 0

    @property
    def path(self) -> str:
        """Path of its page in the output folder."""
        edition = self.edition
        return edition_path(edition.newsletter, edition.period_end, edition.variant_key)

    @property
    def name(self) -> str:
        """File name of its page."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionItem:
    """Story of an edition: frozen, with the reports of ``others``, and its ``live`` headline, if any.

    ``live`` leads to the present page of the story.
    """

    story: ContentStory
    others: Sequence[Headline] = ()
    live: Headline | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """Month of an archive: its page, a time in it, and its editions, newest first, on the page itself."""

    path: str
    start: datetime
    editions: Sequence[ArchivedEdition] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Editions around an edition, ``None`` at the ends, and the time at which the next is due."""

    previous: EditionLink | None = None
    next: EditionLink | None = None
    next_due: datetime | None = None
    earlier: Sequence[EditionLink] = ()


@dataclass(frozen=True, kw_only=True)
class EditionsPage(Page):
    """Variables of ``pages/editions.html``: the newest months on the index, a month on a page of its own.

    ``index`` is true on the index. ``others`` are the other newsletters.
    """

    newsletter: Newsletter
    view: NewsletterView
    others: Sequence[NewsletterView]
    index: bool = False
    months: Sequence[Month] = ()
    all_months: Sequence[Month] = ()


@dataclass(frozen=True, kw_only=True)
class EditionPage(EditionsPage):
    """Variables of ``pages/edition.html``, with the parts of the content."""

    edition: Edition
    published: datetime
    content: EditionContent
    items: Sequence[EditionItem]
    parts: Sequence[ContentPart | EditionItem]
    around: Neighbours
    articles: int
    minutes: int


@dataclass(frozen=True, kw_only=True)
class NewslettersPage(Page):
    """Variables of ``pages/newsletters.html``; ``sample`` is an edition of ``sample_of``, or ``None``.

    ``pairs`` are the names and titles of the newsletters.
    """

    offers: Sequence[NewsletterView]
    pairs: Sequence[tuple[str, str]]
    sample_of: NewsletterView | None = None
    sample: ArchivedEdition | None = None
    items: Sequence[EditionItem] = ()
    minutes: int = 0


def archive_channel(newsletter: Newsletter) -> Channel:
    """Return the newsletter's own feed: ``newsletters/NAME.rss`` and so on, beside the channels' files."""
    return Channel(
        name=archive_feed(newsletter.name),
        title=newsletter.title,
        query="",
        limit=MAX_ITEMS,
        language=newsletter.language,
        description=newsletter.description or newsletter.title,
    )


def archive_index(newsletter: Newsletter) -> str:
    """Return the path of the list of editions; the list exists before the first edition."""
    return f"{archive_folder(newsletter.name)}/{INDEX}"


def month_path(newsletter: Newsletter, published: datetime) -> str:
    """Return the path of the page of a month, in the newsletter's time zone."""
    local = published.astimezone(ZoneInfo(newsletter.time_zone))
    return f"{archive_folder(newsletter.name)}/{local:%Y-%m}.html"


def edition_link(path: str, newsletter: Newsletter, subject: str, published: datetime) -> EditionLink:
    """Return the link to an edition's page; its title is the subject without the newsletter's name."""
    title = subject.removeprefix(f"{newsletter.title}: ").removesuffix(f" | {newsletter.title}")
    return EditionLink(path=path, title=title, published=published)


def editions_page(
    pages: SitePages, newsletter: Newsletter, views: Sequence[NewsletterView], path: str, **lists: Any
) -> bytes:
    """Return the index or the page of a month. Raises ``RenderError``."""
    page = EditionsPage(**lists, **_shared(pages, newsletter, views, path))
    return pages.page("pages/editions.html", path, page)


def edition_page(
    pages: SitePages,
    newsletter: Newsletter,
    views: Sequence[NewsletterView],
    item: ArchivedEdition,
    around: Neighbours,
    live: Mapping[int, Headline],
) -> bytes:
    """Return the page of an edition; ``live`` are headlines by article. Raises ``RenderError``."""
    items = edition_items(item.content, live)
    notices = (replace(notice, html=clean_markup(notice.html)) for notice in item.content.announcements)
    page = EditionPage(
        edition=item.edition,
        published=item.published,
        content=replace(item.content, announcements=tuple(notices)),
        items=items,
        parts=edition_parts(item.content, items),
        around=around,
        articles=item.articles,
        minutes=measure_reading(item.content.text, newsletter.language).minutes,
        newer=around.next.path if around.next else "",
        older=around.previous.path if around.previous else "",
        **_shared(pages, newsletter, views, item.path),
    )
    return pages.page("pages/edition.html", item.path, page)


def newsletters_page(
    pages: SitePages,
    views: Sequence[NewsletterView],
    sample: ArchivedEdition | None,
    live: Mapping[int, Headline],
) -> bytes:
    """Return the page of all newsletters, with an edition as a sample. Raises ``RenderError``."""
    of = next((view for view in views if sample and view.name == sample.edition.newsletter), None)
    page = NewslettersPage(
        canonical=pages.absolute(NEWSLETTERS_PATH),
        offers=views,
        pairs=[(view.name, view.title) for view in views],
        sample_of=of,
        sample=sample,
        items=edition_items(sample.content, live)[:SAMPLE_STORIES] if sample else (),
        minutes=measure_reading(sample.content.text, of.language).minutes if sample and of else 0,
    )
    return pages.page("pages/newsletters.html", NEWSLETTERS_PATH, page)


def edition_items(content: EditionContent, live: Mapping[int, Headline]) -> list[EditionItem]:
    """Return the stories of an edition with the reports of others as headlines."""
    return [
        EditionItem(
            story=story,
            others=[_report(link, story.published) for link in story.covered_by],
            live=live.get(story.article_id),
        )
        for story in content.stories
    ]


def edition_parts(content: EditionContent, items: Sequence[EditionItem]) -> list[ContentPart | EditionItem]:
    """Return prose, and the ``items`` in their places; empty for an edition that was not written."""
    by_article = {item.story.article_id: item for item in items}
    return [
        by_article[part.story.article_id] if part.story else replace(part, html=clean_markup(part.html))
        for part in content.body
    ]


def _report(link: ContentLink, published: datetime) -> Headline:
    return Headline(
        title=link.title,
        path="",
        link=link.url,
        source_name=link.source,
        published=published,
        language=link.language,
        direction=link.direction,
    )


def _shared(
    pages: SitePages, newsletter: Newsletter, views: Sequence[NewsletterView], path: str
) -> dict[str, Any]:
    view = next(view for view in views if view.name == newsletter.name)
    return {
        "canonical": pages.absolute(path),
        "description": view.description,
        "feeds": [NamedPath(name=view.feed, title=view.title, path=view.feed)],
        "newsletter": newsletter,
        "view": view,
        "others": [other for other in views if other is not view],
    }


def edition_item(
    templates: Templates, newsletter: Newsletter, item: ArchivedEdition, options: PublishOptions
) -> PublishedArticle:
    """Return an edition as an item of feeds, under its permanent id."""
    edition, content = item.edition, item.content
    language = newsletter.language or options.language
    url = f"{options.site_url}/{quote(item.path)}"
    html = templates.in_language(language).render(
        "pages/parts/edition_item.html",
        content=content,
        parts=edition_parts(content, edition_items(content, {})),
    )
    written = content.correction or content.note or content.preheader
    return own_item(
        newsletter.title,
        html,
        edition_text(content),
        uid=edition.uid,
        url=url,
        title=edition.subject,
        published=item.published,
        language=language,
        id=edition.id,
        path=item.path,
        updated=edition.cut_at,
        summary=written or " · ".join(story.title for story in content.stories),
    )


def edition_text(content: EditionContent) -> str:
    """Return an edition as plain text."""
    lines = [content.correction, content.note]
    for part in content.body or [ContentPart(story=story) for story in content.stories]:
        story = part.story
        lines.append(f"{story.title} ({story.source})\n{story.url}".strip() if story else part.text)
    return "\n\n".join(filter(None, lines))


def own_item(
    name: str, html: str, text: str, *, uid: str, published: datetime, language: str, **facts: Any
) -> PublishedArticle:
    """Return a text of the site, called ``name``, as an item; ``facts`` are other fields of ``Article``."""
    given: dict[str, Any] = {"id": 0, "path": "", "updated": published, **facts}
    given |= {"uid": uid, "entry_key": uid, "language": language, "direction": direction_of(language)}
    article = Article(source_id=0, published=published, first_seen=published, **given)
    source = Source(id=0, name=name, url="", own=True, republish=Republish.FULL)
    return PublishedArticle(article=article, source=source, link=article.url, html=html, text=text)
