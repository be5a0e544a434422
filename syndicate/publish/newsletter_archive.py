"""A newsletter's archive: each edition as a page of the site and as an item of the newsletter's own feed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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
from syndicate.publish.publish_options import PublishOptions
from syndicate.publish.site import SitePages
from syndicate.templating import Templates
from syndicate.text.language import direction_of

INDEX = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedEdition:
    """The latest revision of an edition. ``published`` is when the first one went out."""

    edition: Edition
    content: EditionContent
    published: datetime

    digest = property(lambda self: self.content)  # Former name, for templates of operators.

    @property
    def path(self) -> str:
        """Its page inside the output folder."""
        edition = self.edition
        return edition_path(edition.newsletter, edition.period_end, edition.variant_key)

    @property
    def name(self) -> str:
        """The file name of its page."""
        return self.path.rpartition("/")[2]


def archive_channel(newsletter: Newsletter) -> Channel:
    """The newsletter's own feed: ``newsletters/NAME.rss`` and so on, beside the channels' files."""
    return Channel(
        name=archive_feed(newsletter.name),
        title=newsletter.title,
        query="",
        limit=MAX_ITEMS,
        language=newsletter.language,
        description=newsletter.title,
    )


def archive_index(newsletter: Newsletter) -> str:
    """The page that lists the editions, inside the output folder; there before the first one is."""
    return f"{archive_folder(newsletter.name)}/{INDEX}"


def archive_index_page(
    pages: SitePages, newsletter: Newsletter, editions: Sequence[ArchivedEdition], options: PublishOptions
) -> dict[str, bytes]:
    """The list of these editions, by its path. Raises ``RenderError``."""
    index, shared = archive_index(newsletter), _shared(newsletter, options)
    return {index: pages.other_page("pages/editions.html", index, **shared, editions=editions)}


def edition_page(
    pages: SitePages, newsletter: Newsletter, item: ArchivedEdition, options: PublishOptions
) -> bytes:
    """Return the page of an edition. Raises ``RenderError``."""
    said = {"edition": item.edition, "published": item.published, **_content(item.content)}
    return pages.other_page("pages/edition.html", item.path, **_shared(newsletter, options), **said)


def _content(content: EditionContent) -> dict[str, object]:
    return {
        "stories": content.top,
        "trending": content.trending,
        "note": content.note,
        "correction": content.correction,
    }


def _shared(newsletter: Newsletter, options: PublishOptions) -> dict[str, object]:
    language = newsletter.language or options.language
    return {
        "newsletter": newsletter,
        "language": language,
        "text_direction": direction_of(language),
        "feed": quote(archive_channel(newsletter).name),
    }


def edition_item(
    templates: Templates, newsletter: Newsletter, item: ArchivedEdition, options: PublishOptions
) -> PublishedArticle:
    """An edition as feeds carry it, under the id it has everywhere."""
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
    """The same as plain text."""
    lines = [content.correction, content.note]
    lines += [f"{story.title} ({story.source})\n{story.url}".strip() for story in content.stories]
    return "\n\n".join(filter(None, lines))
