"""Composition of the edition renderer, with the sample message that lint checks."""

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from syndicate.delivery.message import MailOptions, MessageTemplate
from syndicate.jobs.newsletter.renderer import EditionRenderer
from syndicate.model import Edition, Newsletter
from syndicate.newsletter.periods import Period
from syndicate.newsletter.render import RenderedEdition
from syndicate.newsletter.story_views import SiteFacts
from syndicate.services.mail_services import preferences_link, unsubscribe_link, web_routes
from syndicate.settings import Settings
from syndicate.store import Store
from syndicate.store.ingest import page_store
from syndicate.templating import Templates


def build_edition_renderer(
    settings: Settings,
    store: Store,
    templates: Templates,
    output: Path,
    mail_options: Callable[[str], MailOptions],
) -> EditionRenderer:
    """Return the renderer of every newsletter's editions."""
    site = settings.site
    return EditionRenderer(
        templates=templates,
        site=SiteFacts(
            title=site.title,
            url=site.url,
            postal_address=settings.mail.address,
            language=site.language,
            zone=ZoneInfo(site.time_zone),
            google_news_url=site.google_news_url,
        ),
        output=output,
        unsubscribe_url=lambda _newsletter: unsubscribe_link(settings),
        preferences_url=preferences_link(settings),
        routes=web_routes(settings),
        gone=lambda article_ids: _gone(store, article_ids),
        message=lambda newsletter, period, rendered, web_url: _sample_message(
            mail_options(newsletter.name), unsent_edition(newsletter, period, rendered, web_url)
        ),
    )


def _gone(store: Store, article_ids: Collection[int]) -> dict[int, int]:
    with store.read() as connection:
        return page_store.gone_pages(connection, article_ids)


def unsent_edition(
    newsletter: Newsletter, period: Period, rendered: RenderedEdition, web_url: str
) -> Edition:
    """Return a rendered edition that is not stored, to make its message."""
    return Edition(
        id=0,
        newsletter=newsletter.name,
        period_start=period.start,
        period_end=period.end,
        revision=0,
        cut_at=period.end,
        subject=rendered.subject,
        html=rendered.html,
        text=rendered.text,
        stories=1,
        web_url=web_url,
    )


def _sample_message(options: MailOptions, edition: Edition) -> bytes:
    """Return the raw mail that a reader would get, for checks of its headers."""
    template = MessageTemplate.build(edition, replace(options, web_url=edition.web_url))
    return bytes(template.for_subscriber("reader@example.com", "preview", f"<preview@{options.domain}>"))
