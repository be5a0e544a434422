"""Conversion of stories to the content of an edition: plain, bounded texts without the token placeholder."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from syndicate import model
from syndicate.text.plain import EXCERPT_CHARACTERS, clean_line, excerpt
from syndicate.text.urls import is_loopback, is_web_url

# Placeholder for the subscriber's token; only base64url characters, so no encoding changes it.
TOKEN: Final = "reader-token-5e1c8a40f7"  # noqa: S105 a placeholder, no secret

_RELATED_LIMIT = 3
_COVERAGE_LIMIT = 3
_FURTHER_LIMIT = 5
# Mails stretch images to their width; a narrower image is left out.
_MIN_IMAGE_WIDTH = 400
_IMAGE_WIDTH = 544


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """Facts about the site that mails show. ``url`` is absolute, without a slash at the end, or ``""``.

    ``brand`` is the newsletter's; its title, postal address and colours are also named as in older templates.
    """

    url: str
    brand: model.Brand
    language: str = "en"
    zone: ZoneInfo
    google_news_url: str = ""

    title = property(lambda self: self.brand.title)
    postal_address = property(lambda self: self.brand.postal_address)
    accent = property(lambda self: self.brand.accent)
    accent_dark = property(lambda self: self.brand.accent_dark)
    logo = property(lambda self: self.brand.logo)


def content_from_stories(stories: tuple[model.EditionStory, ...], site: SiteFacts) -> model.EditionContent:
    """Return the content of an edition of these stories, in order, with each link once."""
    shown = {url for story in stories if (url := _story_url(story, site))}
    return model.EditionContent(stories=tuple(_content_story(story, site, shown) for story in stories))


def harmless(text: str, limit: int = 300) -> str:
    """Return a line of text without the placeholder, which a publisher might write to fish for tokens."""
    return without_token(clean_line(text, limit))


def without_token(text: str) -> str:
    """Return a text without the placeholder, also where its removal would join another."""
    while TOKEN in text:
        text = text.replace(TOKEN, "")
    return text


def web_url(url: str) -> str:
    """Return the URL if a mail may contain it, else ``""``."""
    return url if is_web_url(url) and TOKEN not in url else ""


def _content_story(story: model.EditionStory, site: SiteFacts, shown: set[str]) -> model.ContentStory:
    article = story.lead.article
    source = harmless(story.lead.source.name)
    may_republish = story.lead.source.republish is not model.Republish.NONE
    coverage = story.lead.coverage
    unlinked = {story.lead.source.name, *(link.source_name for link in coverage if link.url not in shown)}
    others = max(0, story.coverage - 1 - len({link.source_name for link in coverage} - unlinked))
    own = {link.title: link for link in coverage if link.source_name == story.lead.source.name}
    own.pop(article.title, None)
    also_from = _links(tuple(own.values()), shown)[:_FURTHER_LIMIT]
    covered_by = _covered_by(coverage, source, shown, min(_COVERAGE_LIMIT, others))
    # Links of "Read more" exclude all coverage of the story, shown or counted.
    shown.update(link.url for link in coverage)
    related = _links(story.lead.related, shown)[:_RELATED_LIMIT]
    shown.update(link.url for link in related)
    other_languages = _links(story.lead.other_languages, shown)
    shown.update(link.url for link in other_languages)
    return model.ContentStory(
        title=harmless(article.title),
        url=_story_url(story, site),
        source=source,
        section=harmless(article.section, 60),
        summary=_summary(story),
        minutes=article.minutes,
        published=article.published,
        language=article.language,
        direction=article.direction,
        follow_up=story.follow_up,
        other_sources=others,
        covered_by=covered_by,
        also_from=also_from,
        related=related,
        image=_image(article.image) if may_republish else None,
        media=_media(article.enclosures) if may_republish else None,
        original_title="" if story.lead.source.own else harmless(article.original_title),
        story_id=story.story_id,
        article_id=article.id,
        kind=story.kind,
        other_languages=other_languages,
        foreign_sources=min(story.lead.foreign_sources, others),
        updated=_updated(article),
    )


def _updated(article: model.Article) -> datetime | None:
    """Return the publisher's time of an update; a few seconds after publication come from software."""
    is_update = article.updated - article.published >= timedelta(minutes=1)
    return article.updated if is_update and model.is_dated(article.published) else None


def _story_url(story: model.EditionStory, site: SiteFacts) -> str:
    own_page = f"{site.url}/{story.lead.article.path}" if site.url else ""
    return web_url(story.lead.link) or web_url(own_page)


def _summary(story: model.EditionStory) -> str:
    if story.lead.source.republish is model.Republish.NONE:
        return ""
    article = story.lead.article
    text = harmless(excerpt(article.summary or story.lead.text, EXCERPT_CHARACTERS), EXCERPT_CHARACTERS + 1)
    # The title of a post without a title is its first sentence.
    return "" if text == harmless(article.title) else text


def _covered_by(
    coverage: tuple[model.RelatedLink, ...], source: str, shown: Collection[str], limit: int
) -> tuple[model.ContentLink, ...]:
    """Return a link to the newest article of each of a few other sources."""
    newest = {link.source_name: link for link in sorted(coverage, key=lambda link: link.published)}
    links = _links(tuple(newest.values()), shown)
    return tuple(link for link in links if link.source != source)[:limit]


def _links(links: tuple[model.RelatedLink, ...], shown: Collection[str]) -> tuple[model.ContentLink, ...]:
    """Return the links with a usable URL, each once, without links that the edition shows elsewhere."""
    by_url: dict[str, model.ContentLink] = {}
    for link in links:
        url = web_url(link.url)
        if url and url not in shown:
            by_url.setdefault(
                url,
                model.ContentLink(
                    title=harmless(link.title),
                    url=url,
                    source=harmless(link.source_name),
                    language=link.language,
                    direction=link.direction,
                ),
            )
    return tuple(by_url.values())


def is_mail_image(url: str) -> bool:
    """Return whether mail programs show an image at this URL, or it is on this machine, as in a demo."""
    return is_web_url(url) and (url.startswith("https://") or is_loopback(url))


def _image(image: model.Image | None) -> model.ContentImage | None:
    """Return the image as the mail shows it; ``None`` if mail programs block it or it is too narrow."""
    if image is None or not is_mail_image(web_url(image.url)):
        return None
    if image.width is not None and image.width < _MIN_IMAGE_WIDTH:
        return None
    height = round(_IMAGE_WIDTH * image.height / image.width) if image.width and image.height else None
    return model.ContentImage(url=image.url, alt=harmless(image.alt), width=_IMAGE_WIDTH, height=height)


def _media(enclosures: tuple[model.Enclosure, ...]) -> model.ContentMedia | None:
    """Return the first audio or video file, else the first document."""
    files = [file for file in enclosures if web_url(file.url)]
    main = next((file for file in files if file.kind != "document"), files[0] if files else None)
    return model.ContentMedia(url=main.url, kind=main.kind, minutes=main.minutes) if main else None
