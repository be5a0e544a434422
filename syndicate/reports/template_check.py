"""Check of templates: render every page and mail with sample data, to find misspelt names.

A template resolves a name only where it is used. The sample data therefore fill fields that are seldom set.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, Self

from syndicate.audience.choices import PAUSES
from syndicate.audience.confirmation import ConfirmationContent
from syndicate.errors import RenderError
from syndicate.jobs.audience.sign_up_job import linted_confirmation
from syndicate.model import PublishedArticle
from syndicate.newsletter.periods import period_at
from syndicate.newsletter.sample_edition import sample_stories
from syndicate.publish.about.about_pages import FeedRow, about_page, feeds_page
from syndicate.publish.front_choice import FrontPlaces, choose_front
from syndicate.publish.newsletter_archive import (
    Month,
    edition_item,
    edition_page,
    editions_page,
    newsletters_page,
)
from syndicate.publish.page_context import FrontPage
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline, NamedPath, SectionBlock, SourceMark
from syndicate.publish.site_paths import FRONT_PATH
from syndicate.publish.story_page import story_page
from syndicate.reports import sample_data as sample
from syndicate.services import Services

Renders = Iterator[Callable[[], object]]
"""Each callable renders one page or mail and raises ``RenderError``. The results are ignored."""
# HTTP errors with a page.
_SIGN_UP = ("pages/subscribe.html", "pages/embedded.html")
_STATUSES = (400, 403, 404, 405, 409, 410, 413, 429, 500, 503)


class ServerPageRenderer(Protocol):
    """Renderer of the web server's own pages; each method raises ``RenderError`` at once."""

    def in_language(self, language: str) -> Self:
        """Return the renderer for another language."""

    def page(self, template: str, status: int = 200, **context: object) -> object:
        """Render a page."""

    def problem(self, status: int) -> object:
        """Render the page of an HTTP error."""


def broken_templates(services: Services, pages: ServerPageRenderer, now: datetime) -> list[str]:
    """Return the problems of all templates: template, line and cause, without duplicates."""
    problems: dict[str, None] = {}
    if services.templates.pool is not None:
        # One timeout per template is enough: rendering it again with other data would only wait.
        services.templates.pool.timeouts = 1
    for render in itertools.chain(sample_pages(services, pages, now), _mails(services, now)):
        try:
            render()
        except RenderError as error:
            problems[str(error)] = None
    return list(problems)


def sample_pages(services: Services, pages: ServerPageRenderer, now: datetime) -> Renders:
    """Yield functions that render every page of the site and of the web server with sample data."""
    yield from _site(services, now)
    yield from _archive(services, now)
    yield from _server_pages(services, pages, now)


def _site(services: Services, now: datetime) -> Renders:
    pages = _pages(services)
    items = [
        sample.full_article(story.lead, own=own) for story in sample_stories(now) for own in (True, False)
    ]
    items += [story.lead for story in sample_stories(now)]
    items += [replace(items[0], article=replace(items[0].article, section="Without a page"))]
    headlines = [sample.full_headline(item) for item in items]
    lists = {"top": headlines[:1], "trending": headlines[:2]}
    for item in items:
        yield partial(_article_page, pages, item, headlines, lists)
    block = SectionBlock(name="Sample", path="site/sections/sample.html", headlines=headlines)
    places = choose_front(headlines, headlines, headlines, [block], now)
    tags = [NamedPath(name="sample", path=block.path)]
    front = FrontPage(canonical="", top=headlines, places=places, strip=tags, days=[(50.0, now)])
    mark = SourceMark.of("Sample")
    for page in (
        front,
        replace(front, active=[(mark, 2), (mark, 1)]),
        replace(front, since=now, places=FrontPlaces()),
    ):
        yield partial(pages.page, "pages/front.html", FRONT_PATH, page, updated=now)
    story = sample.full_story(items[0], headlines)
    for told in (story, replace(story, links=story.links[:1], tags=(), related=())):
        yield partial(story_page, pages, told, services.publish_options, headlines)
    kinds = ("all", "top", "trending", "section", "query", "newsletter")
    rows = [FeedRow("Sample", "sample", kind, number) for kind in kinds for number in (1, 70)]
    groups = dict.fromkeys(("site", "sections", "newsletters", "channels"), rows)
    full = _pages(services)
    full.site = replace(full.site, contact="desk@news.example", imprint="Sample\nSample", sign_up=True)
    for made in (pages, full):
        yield partial(feeds_page, made, groups, 2)
        yield partial(about_page, made, 2)
    for headline in headlines:
        for found in sample.search_pages(headline):
            yield partial(pages.page, "pages/search.html", "search", found)
    yield from sample.list_pages(pages, headlines, items[0].source, now)


def _article_page(
    pages: SitePages, item: PublishedArticle, more: list[Headline], lists: dict[str, list[Headline]]
) -> bytes:
    (page,) = pages.article_pages([item], [Headline.of(item)], {item.article.section: more}, **lists)
    if isinstance(page, RenderError):
        raise page
    return page


def _archive(services: Services, now: datetime) -> Renders:
    pages, options = _pages(services), services.publish_options
    live = {0: sample.full_headline(sample_stories(now)[0].lead)}
    for newsletter in services.newsletters or (sample.NEWSLETTER,):
        editions = sample.archived_editions(newsletter.name, now)
        views = sample.newsletter_views(newsletter, now)
        month = Month(path="site/newsletters/sample/2026-11.html", start=now, editions=editions)
        lists = {"months": [month], "all_months": [month, month], "newer": month.path, "older": month.path}
        for index in (True, False):
            yield partial(editions_page, pages, newsletter, views, month.path, **lists, index=index)
        yield partial(editions_page, pages, newsletter, views[:1], month.path)
        for item, around in itertools.product(editions, sample.neighbours(newsletter, now)):
            yield partial(edition_page, pages, newsletter, views, item, around, live)
        for item in editions:
            yield partial(edition_item, services.templates, newsletter, item, options)
            yield partial(newsletters_page, pages, views, item, live)
        yield partial(newsletters_page, pages, views[1:], None, {})


def _server_pages(services: Services, pages: ServerPageRenderer, now: datetime) -> Renders:
    newsletter = ("sample", "Sample")
    entered = {"source": "Sample", "next_url": "Sample", "fields": {}}
    for problem, newsletters in (
        ("", ()),
        ("choose", (newsletter, newsletter)),
        ("agree", (newsletter,)),
        ("address", (newsletter,)),
        ("field", (newsletter,)),
    ):
        form = {"newsletters": newsletters, "consent": "Sample", "chosen": "sample", "address": ""}
        state = {"selected": ["sample"], "problem": problem, "wrong_fields": ("sample",), "done": False}
        for template in _SIGN_UP:
            yield partial(pages.page, template, 200, **form, **state, entered=entered)
    for template in _SIGN_UP:
        yield partial(pages.page, template, done=True, selected=["sample"], address="a@example.com")
    for confirmed, token in ((False, ""), (True, "token"), (True, "")):
        confirm = {"newsletter": "Sample", "agreed": "Sample", "reader_token": token, "done": confirmed}
        confirm |= {"entered": {"Sample": "Sample"}, "first": newsletter[0]}
        yield partial(pages.page, "pages/confirm.html", 200, **confirm)
    for paused_until in (None, now + timedelta(days=7)):
        for done in ("", "saved", "feed", "subscribed"):
            page = sample.reader_page(paused_until)
            choose = {"page": page, "token": "", "zones": ("UTC",), "pauses": PAUSES}
            yield partial(pages.page, "pages/preferences.html", 200, **choose, done=done)
    for problem in ("section", "language"):
        page = replace(sample.reader_page(None), problem=problem)
        refused = {"page": page, "token": "", "zones": (), "pauses": ()}
        yield partial(pages.page, "pages/preferences.html", 422, **refused, done="")
    for unsubscribed in (False, True):
        facts = {"newsletter": "Sample", "token": "token", "done": unsubscribed}
        yield partial(pages.page, "pages/unsubscribe.html", 200, **facts)
    for status in _STATUSES:
        yield partial(pages.problem, status)
    for declared in services.newsletters or (sample.NEWSLETTER,):
        full = sample.review_page(declared, now)
        for view in (full, replace(full, waiting=(), problem="stale"), replace(full, problem="Sample")):
            translated = pages.in_language(declared.language)
            yield partial(translated.page, "pages/desk.html", view=view)


def _mails(services: Services, now: datetime) -> Renders:
    for newsletter in services.newsletters:
        period = period_at(newsletter, now)
        for content in sample.edition_contents(now):
            yield partial(services.edition_renderer.check, newsletter, period, content, check_links=False)
        question = ConfirmationContent(
            newsletter=newsletter.title,
            brand=replace(newsletter.brand, postal_address="1 Sample Street"),
            language=newsletter.language,
            agreed="Sample",
            confirm_url="https://example.com/confirm/token",
            hours=48,
        )
        yield partial(linted_confirmation, services.templates, question)


def _pages(services: Services) -> SitePages:
    channels, options = (*services.channels, sample.CHANNEL), services.publish_options
    return SitePages(
        services.templates,
        options,
        channels=channels,
        newsletters=services.newsletters,
        sections=["Sample"],
        tags=["sample"],
    )
