"""Storing of a draft: the frozen edition with its deliveries, or the record that its period is empty."""

from datetime import datetime, timedelta

from syndicate.jobs.newsletter.renderer import CheckedEdition, Draft
from syndicate.model import EVERY_EDITION, EditionArticle, Newsletter
from syndicate.newsletter.periods import own_hour, read_zone
from syndicate.store import Connection
from syndicate.store.core import quarantine
from syndicate.store.mail import edition_articles, edition_store, review_store
from syndicate.store.mail.edition_store import SendingTimes

KIND = "story"


def sending_times(newsletter: Newsletter, now: datetime) -> SendingTimes:
    """Return the times at which the mails of an edition released now may be sent."""
    return SendingTimes(
        own_hour=lambda hour, zone: own_hour(hour, read_zone(zone or newsletter.time_zone), now),
        max_lateness=timedelta(seconds=newsletter.max_lateness),
    )


def store_draft(
    connection: Connection,
    draft: Draft,
    now: datetime,
    *,
    state: str,
    approve_by: datetime | None = None,
    variant_key: str = EVERY_EDITION,
) -> int | None:
    """Store a draft with its left-out articles; return its id, or ``None`` if the period had an edition.

    A draft without content records that the period has no edition. A variant records only the reasons that
    its next edition needs, because there may be many variants.
    """
    name, checked = draft.newsletter.name, draft.checked
    period = draft.period.start, draft.period.end
    if checked is None:
        edition_id = edition_store.record_no_edition(connection, name, variant_key, period, state, now)
    else:
        edition_id = edition_store.cut_edition(
            connection,
            newsletter=name,
            variant_key=variant_key,
            period=period,
            rendered=checked.parts,
            stories=draft.stories,
            now=now,
            times=sending_times(draft.newsletter, now),
            state=state,
            content=checked.content.to_json(),
            web_url=checked.web_url,
            approve_by=approve_by,
        )
    if edition_id is None:
        return None
    is_main = variant_key == EVERY_EDITION
    left_out = [
        left for left in draft.left_out if is_main or (checked and left.reason in EditionArticle.WAITS)
    ]
    edition_articles.save_articles(connection, edition_id, left_out=left_out)
    if checked and checked.trimmed:
        detail = "; ".join(checked.trimmed)
        review_store.record_change(connection, edition_id, "trim", detail, "syndicate", now)
    if checked and is_main:
        _quarantine_broken(connection, name, checked, now)
    return edition_id


def _quarantine_broken(
    connection: Connection, newsletter: str, checked: CheckedEdition, now: datetime
) -> None:
    """Quarantine the stories that break a template of this newsletter; release its earlier stories."""
    broken = {f"{lead_id} of {newsletter}": reason for lead_id, reason in checked.broken.items()}
    before = {failure.subject for failure in quarantine.failures(connection, kind=KIND)}
    earlier = {subject for subject in before if subject.endswith(f" of {newsletter}")}
    quarantine.clear_failures(connection, KIND, earlier - broken.keys())
    for subject, reason in broken.items():
        quarantine.record_failure(connection, KIND, subject, reason, now=now)
