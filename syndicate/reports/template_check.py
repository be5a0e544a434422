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
from syndicate.newsletter.periods import period_at
from syndicate.newsletter.sample_edition import sample_stories
from syndicate.publish.front_choice import FrontPlaces, choose_front
from syndicate.publish.newsletter_archive import archive_index_page, edition_item, edition_page
from syndicate.publish.page_context import FrontPage
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import NamedPath, SectionBlock, SourceMark
from syndicate.publish.site_paths import FRONT_PATH
from syndicate.reports import sample_data as sample
from syndicate.services import Services

Renders = Iterator[Callable[[], object]]
"""Each callable renders one page or mail and raises ``RenderError``. The results are ignored."""
# HTTP errors with a page.
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
    renders = (
        _site(services, now),
        _archive(services, now),
        _server_pages(services, pages, now),
        _mails(services, now),
    )
    for render in itertools.chain(*renders):
        try:
            render()
        except RenderError as error:
            problems[str(error)] = None
    return list(problems)


def _site(services: Services, now: datetime) -> Renders:
    pages = _pages(services)
    items = [
        sample.full_article(story.lead, own=own) for story in sample_stories(now) for own in (True, False)
    ]
    items += [story.lead for story in sample_stories(now)]
    items += [replace(items[0], article=replace(items[0].article, section="Without a page"))]
    headlines = [sample.full_headline(item) for item in items]
    lists = {"top": headlines, "trending": headlines}
    for item in items:
        yield partial(pages.article_page, item, **lists, more_from_section=headlines)
    block = SectionBlock(name="Sample", path="site/sections/sample.html", headlines=headlines)
    places = choose_front(headlines, headlines, headlines, [block], now)
    tags = [NamedPath(name="sample", path=block.path)]
    front = FrontPage(canonical="", top=headlines, places=places, strip=tags, days=[(50.0, now)])
    mark = SourceMark.of("Sample")
    for page in (
        front,
        replace(front, active=[(mark, 2), (mark, 1)]),
        replace(
            front,
            since=now,
            places=FrontPlaces(),
        ),
    ):
        yield partial(pages.page, "pages/front.html", FRONT_PATH, page, updated=now)
    yield partial(pages.section_page, "Sample", [])
    yield partial(pages.section_page, "Sample", headlines, **lists)
    yield partial(pages.tag_page, "sample", headlines, **lists)


def _archive(services: Services, now: datetime) -> Renders:
    pages, options = _pages(services), services.publish_options
    for newsletter in services.newsletters or (sample.NEWSLETTER,):
        editions = sample.archived_editions(newsletter.name, now)
        yield partial(archive_index_page, pages, newsletter, editions, options)
        for item in editions:
            yield partial(edition_page, pages, newsletter, item, options)
            yield partial(edition_item, services.templates, newsletter, item, options)


def _server_pages(services: Services, pages: ServerPageRenderer, now: datetime) -> Renders:
    newsletter = ("sample", "Sample")
    for problem, newsletters in (
        ("", ()),
        ("choose", (newsletter, newsletter)),
        ("agree", (newsletter,)),
        ("address", (newsletter,)),
    ):
        form = {"newsletters": newsletters, "consent": "Sample", "chosen": "sample", "address": ""}
        yield partial(pages.page, "pages/subscribe.html", 200, **form, problem=problem, done=False)
    yield partial(pages.page, "pages/subscribe.html", done=True)
    for confirmed, token in ((False, ""), (True, "token"), (True, "")):
        confirm = {"newsletter": "Sample", "agreed": "Sample", "reader_token": token, "done": confirmed}
        yield partial(pages.page, "pages/confirm.html", 200, **confirm)
    for paused_until in (None, now + timedelta(days=7)):
        for done in ("", "saved", "feed"):
            choose = {
                "page": sample.reader_page(paused_until),
                "token": "",
                "zones": ("UTC",),
                "pauses": PAUSES,
            }
            yield partial(pages.page, "pages/preferences.html", 200, **choose, done=done)
    for problem in ("section", "language"):
        refused = {
            "page": replace(sample.reader_page(None), problem=problem),
            "token": "",
            "zones": (),
            "pauses": (),
        }
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
            site="Sample",
            language=newsletter.language,
            postal_address="1 Sample Street",
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
