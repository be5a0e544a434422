"""Callbacks of the edition renderer: pages that are gone, and the sample message that lint checks."""

from collections.abc import Callable, Collection
from dataclasses import replace

from syndicate.delivery.message import MailOptions, MessageTemplate
from syndicate.jobs.newsletter.edition_preview import unsent_edition
from syndicate.model import Newsletter, edition_path
from syndicate.newsletter.periods import Period
from syndicate.newsletter.render import RenderedEdition
from syndicate.store import Store
from syndicate.store.ingest import page_store
from syndicate.store.mail import archive_store

# No valid unsubscribe token: the link of a preview leads to an error page.
PREVIEW_TOKEN = "preview"  # noqa: S105


def gone_pages(store: Store, article_ids: Collection[int]) -> dict[int, int]:
    """Return the status (404 or 410) of the pages that are gone, by article id."""
    with store.read() as connection:
        return page_store.gone_pages(connection, article_ids)


def previous_edition(store: Store, newsletter: Newsletter, period: Period) -> str:
    """Return the path of the last sent edition before a period; ``""`` for the first."""
    with store.read() as connection:
        end = archive_store.last_edition(connection, newsletter.name, before=period.end)
    return edition_path(newsletter.name, end) if end else ""


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
