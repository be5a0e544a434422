"""Every page and mail rendered with invented news, so that a misspelt name is told before a reader meets it.

A template looks a name up only where it uses it, so the news have what is seldom there.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from syndicate.audience.choices import PAUSES
from syndicate.audience.confirmation import ConfirmationContent
from syndicate.cli.sample_data import CHANNEL, NEWSLETTER, archived, article, desk, digests, headline, reader
from syndicate.errors import RenderError
from syndicate.jobs.audience.confirmation_mail import linted_confirmation
from syndicate.newsletter.sample_edition import sample_stories
from syndicate.publish.newsletter_archive import archive_index_page, edition_item, edition_page
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import SectionBlock
from syndicate.services import Services
from syndicate.web.server_pages import ServerPages

Renders = Iterator[Callable[[], object]]
"""Each renders one page or mail, and raises ``RenderError``; what it returns does not matter."""
# The errors that have a page.
_STATUSES = (400, 403, 404, 405, 409, 410, 413, 429, 500, 503)


def broken_templates(services: Services, now: datetime) -> list[str]:
    """Return what cannot be rendered: the template, the line and the cause, each said once."""
    problems: dict[str, None] = {}
    if services.templates.pool is not None:
        # The first timeout says it: the same template need not be waited for with other news.
        services.templates.pool.timeouts = 1
    for renders in (_site, _archive, _notices, _mails):
        for render in renders(services, now):
            try:
                render()
            except RenderError as error:
                problems[str(error)] = None
    return list(problems)


def _site(services: Services, now: datetime) -> Renders:
    pages = _pages(services)
    items = [article(story.lead, own=own) for story in sample_stories(now) for own in (True, False)]
    items += [story.lead for story in sample_stories(now)]
    items += [replace(items[0], article=replace(items[0].article, section="Without a page"))]
    headlines = [headline(item) for item in items]
    lists = {"top": headlines, "trending": headlines}
    for item in items:
        yield partial(pages.article_page, item, **lists, more_from_section=headlines)
    block = SectionBlock(name="Sample", path="site/sections/sample.html", headlines=headlines)
    yield partial(pages.front_page, **lists, sections=[block])
    yield pages.front_page
    yield partial(pages.section_page, "Sample", [])
    yield partial(pages.section_page, "Sample", headlines, **lists)
    yield partial(pages.tag_page, "sample", headlines, **lists)


def _archive(services: Services, now: datetime) -> Renders:
    pages, options = _pages(services), services.publish_options
    for newsletter in services.newsletters or (NEWSLETTER,):
        editions = archived(newsletter.name, now)
        yield partial(archive_index_page, pages, newsletter, editions, options)
        for item in editions:
            yield partial(edition_page, pages, newsletter, item, options)
            yield partial(edition_item, services.templates, newsletter, item, options)


def _notices(services: Services, now: datetime) -> Renders:
    """The web server's own pages."""
    notices = ServerPages(services.templates, services.settings.site.title, at_once=True)
    offered = ("sample", "Sample")
    for problem, offer in (
        ("", ()),
        ("choose", (offered, offered)),
        ("agree", (offered,)),
        ("address", (offered,)),
    ):
        form = {"newsletters": offer, "consent": "Sample", "chosen": "sample", "address": ""}
        yield partial(notices.page, "pages/subscribe.html", 200, **form, problem=problem, done=False)
    yield partial(notices.page, "pages/subscribe.html", done=True)
    for confirmed, token in ((False, ""), (True, "token"), (True, "")):
        confirm = {"newsletter": "Sample", "agreed": "Sample", "reader_token": token, "done": confirmed}
        yield partial(notices.page, "pages/confirm.html", 200, **confirm)
    for paused_until in (None, now + timedelta(days=7)):
        for done in ("", "saved", "feed"):
            choose = {"page": reader(paused_until), "token": "", "zones": ("UTC",), "pauses": PAUSES}
            yield partial(notices.page, "pages/preferences.html", 200, **choose, done=done)
    for problem in ("section", "language"):
        refused = {"page": replace(reader(None), problem=problem), "token": "", "zones": (), "pauses": ()}
        yield partial(notices.page, "pages/preferences.html", 422, **refused, done="")
    yield partial(notices.ask, "Sample", "token")
    yield partial(notices.done, "Sample")
    for status in _STATUSES:
        yield partial(notices.problem, status)
    for newsletter in services.newsletters or (NEWSLETTER,):
        full = desk(newsletter, now)
        for view in (full, replace(full, sheets=(), problem="stale"), replace(full, problem="Sample")):
            translated = notices.in_language(newsletter.language)
            yield partial(translated.page, "pages/desk.html", view=view)


def _mails(services: Services, now: datetime) -> Renders:
    for newsletter in services.newsletters:
        period = services.editions.upcoming(newsletter, now)
        for digest in digests(now):
            yield partial(services.press.proof, newsletter, period, digest, invented=True)
        question = ConfirmationContent(
            newsletter_title=newsletter.title,
            site_title="Sample",
            language=newsletter.language,
            postal_address="1 Sample Street",
            agreed="Sample",
            confirm_url="https://example.com/confirm/token",
            hours=48,
        )
        yield partial(linted_confirmation, services.templates, question)


def _pages(services: Services) -> SitePages:
    channels, options = (*services.channels, CHANNEL), services.publish_options
    return SitePages(
        services.templates,
        options,
        channels=channels,
        newsletters=services.newsletters,
        sections=["Sample"],
        tags=["sample"],
    )
