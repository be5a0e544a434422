"""Archive of a newsletter: each edition as a page of the site and as an item of the newsletter's own feed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from syndicate.model import (
    Article,
    Channel,
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
from syndicate.publish.entries import MAX_ITEMS
from syndicate.publish.page_context import Page
from syndicate.publish.publish_options import PublishOptions
from syndicate.publish.site import SitePages
from syndicate.templating import Templates
from syndicate.text.language import direction_of

INDEX = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedEdition:
    """Latest revision of an edition. ``published`` is when the first revision went out."""

    edition: Edition
    content: EditionContent
    published: datetime

    digest = property(lambda self: self.content)  # Former name, for templates of operators.

    @property
    def path(self) -> str:
        """Path of its page in the output folder."""
        edition = self.edition
        return edition_path(edition.newsletter, edition.period_end, edition.variant_key)

    @property
    def name(self) -> str:
        """File name of its page."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class EditionsPage(Page):
    """Variables of ``pages/editions.html``. ``feed`` is the newsletter's feed without its extension."""

    newsletter: Newsletter
    language: str
    text_direction: str
    feed: str
    editions: Sequence[ArchivedEdition] = ()


@dataclass(frozen=True, kw_only=True)
class EditionPage(EditionsPage):
    """Variables of ``pages/edition.html``, with the fields of ``_content``."""

    edition: Edition
    published: datetime
    content: EditionContent

    def variables(self) -> dict[str, object]:
        """Add the content of the edition."""
        return vars(self) | _content(self.content) | {"digest": self.content}  # Former name of content.


def archive_channel(newsletter: Newsletter) -> Channel:
    """Return the newsletter's own feed: ``newsletters/NAME.rss`` and so on, beside the channels' files."""
    return Channel(
        name=archive_feed(newsletter.name),
        title=newsletter.title,
        query="",
        limit=MAX_ITEMS,
        language=newsletter.language,
        description=newsletter.title,
    )


def archive_index(newsletter: Newsletter) -> str:
    """Return the path of the list of editions; the list exists before the first edition."""
    return f"{archive_folder(newsletter.name)}/{INDEX}"


def archive_index_page(
    pages: SitePages, newsletter: Newsletter, editions: Sequence[ArchivedEdition], options: PublishOptions
) -> dict[str, bytes]:
    """Return the list of these editions, by its path. Raises ``RenderError``."""
    index = archive_index(newsletter)
    page = EditionsPage(editions=editions, **_shared(pages, newsletter, options, index))
    return {index: pages.page("pages/editions.html", index, page)}


def edition_page(
    pages: SitePages, newsletter: Newsletter, item: ArchivedEdition, options: PublishOptions
) -> bytes:
    """Return the page of an edition. Raises ``RenderError``."""
    shared = _shared(pages, newsletter, options, item.path)
    page = EditionPage(edition=item.edition, published=item.published, content=item.content, **shared)
    return pages.page("pages/edition.html", item.path, page)


def _content(content: EditionContent) -> dict[str, object]:
    return {
        "stories": content.top,
        "trending": content.trending,
        "note": content.note,
        "correction": content.correction,
    }


def _shared(pages: SitePages, newsletter: Newsletter, options: PublishOptions, path: str) -> dict[str, Any]:
    language = newsletter.language or options.language
    return {
        "canonical": pages.absolute(path),
        "newsletter": newsletter,
        "language": language,
        "text_direction": direction_of(language),
        "feed": quote(archive_channel(newsletter).name),
    }


def edition_item(
    templates: Templates, newsletter: Newsletter, item: ArchivedEdition, options: PublishOptions
) -> PublishedArticle:
    """Return an edition as an item of feeds, under its permanent id."""
    edition, content = item.edition, item.content
    language = newsletter.language or options.language
    url = f"{options.site_url}/{quote(item.path)}"
    html = templates.in_language(language).render("pages/parts/edition_item.html", **_content(content))
    summary = content.correction or content.note or " · ".join(story.title for story in content.stories)
    return PublishedArticle(
        article=Article(
            id=edition.id,
            uid=edition.uid,
            source_id=0,
            entry_key=edition.uid,
            url=url,
            path=item.path,
            title=edition.subject,
            published=item.published,
            updated=edition.cut_at,
            first_seen=item.published,
            language=language,
            direction=direction_of(language),
            summary=summary,
        ),
        source=Source(id=0, name=newsletter.title, url="", own=True, republish=Republish.FULL),
        link=url,
        html=html,
        text=edition_text(content),
    )


def edition_text(content: EditionContent) -> str:
    """Return an edition as plain text."""
    lines = [content.correction, content.note]
    lines += [f"{story.title} ({story.source})\n{story.url}".strip() for story in content.stories]
    return "\n\n".join(filter(None, lines))
