"""Callbacks of the edition renderer: pages that are gone, and the sample message that lint checks."""

from collections.abc import Callable, Collection
from dataclasses import replace

from syndicate.delivery.message import MailOptions, MessageTemplate
from syndicate.model import Edition, Newsletter
from syndicate.newsletter.periods import Period
from syndicate.newsletter.render import RenderedEdition
from syndicate.store import Store
from syndicate.store.ingest import page_store


def gone_pages(store: Store, article_ids: Collection[int]) -> dict[int, int]:
    """Return the status (404 or 410) of the pages that are gone, by article id."""
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


def sample_message(
    mail_options: Callable[[str], MailOptions],
    newsletter: Newsletter,
    period: Period,
    rendered: RenderedEdition,
    web_url: str,
) -> bytes:
    """Return the raw mail that a reader would get, for checks of its headers."""
    options = replace(mail_options(newsletter.name), web_url=web_url)
    template = MessageTemplate.build(unsent_edition(newsletter, period, rendered, web_url), options)
    return bytes(template.for_subscriber("reader@example.com", "preview", f"<preview@{options.domain}>"))
