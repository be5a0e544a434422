"""Storing of a draft: the frozen edition with its deliveries, or the record that its period is empty."""

from datetime import datetime, timedelta

from syndicate.jobs.newsletter.renderer import CheckedEdition, Draft
from syndicate.model import EVERY_EDITION, LeaveReason, Newsletter
from syndicate.newsletter.periods import own_hour, read_zone
from syndicate.store import Connection
from syndicate.store.core import quarantine
from syndicate.store.mail import edition_articles, edition_store, review_store
from syndicate.store.mail.edition_store import SendingTimes

KIND = "story"
_NEEDED_BY_FORMS = (LeaveReason.SIZE, LeaveReason.TEMPLATE)


def sending_times(newsletter: Newsletter, now: datetime) -> SendingTimes:
    """Return when the mails of an edition that goes out now may be sent."""

    def next_hour(hour: int, zone: str) -> datetime:
        return own_hour(hour, read_zone(zone or newsletter.time_zone), now)

    return SendingTimes(own_hour=next_hour, max_lateness=timedelta(seconds=newsletter.max_lateness))


def store_draft(
    connection: Connection,
    draft: Draft,
    now: datetime,
    *,
    state: str,
    approve_by: datetime | None = None,
    cadence: str = EVERY_EDITION,
) -> int | None:
    """Store a draft and what it leaves out; return the edition's id, or ``None`` if the period had one.

    Without a proof that is the record that the period has no edition. A form records only the reasons that
    its next edition needs: there may be many forms.
    """
    name, proof = draft.newsletter.name, draft.proof
    period = draft.period.start, draft.period.end
    if proof is None:
        edition_id = edition_store.record_no_edition(connection, name, cadence, period, state, now)
    else:
        edition_id = edition_store.cut_edition(
            connection,
            newsletter=name,
            cadence=cadence,
            period=period,
            rendered=proof.parts,
            stories=draft.stories,
            now=now,
            times=sending_times(draft.newsletter, now),
            state=state,
            content=proof.digest.to_json(),
            web_url=proof.web_url,
            approve_by=approve_by,
        )
    if edition_id is None:
        return None
    whole = cadence == EVERY_EDITION
    left_out = [left for left in draft.left_out if whole or (proof and left.reason in _NEEDED_BY_FORMS)]
    edition_articles.save_articles(connection, edition_id, left_out=left_out)
    if proof and proof.trimmed:
        review_store.record_change(connection, edition_id, "trim", "; ".join(proof.trimmed), "syndicate", now)
    if proof and whole:
        _quarantine_broken(connection, name, proof, now)
    return edition_id


def _quarantine_broken(connection: Connection, newsletter: str, proof: CheckedEdition, now: datetime) -> None:
    """Quarantine the stories that break a template of this newsletter, in place of its earlier stories."""
    broken = {f"{lead_id} of {newsletter}": reason for lead_id, reason in proof.broken.items()}
    before = {failure.subject for failure in quarantine.failures(connection, kind=KIND)}
    mine = {subject for subject in before if subject.endswith(f" of {newsletter}")}
    quarantine.clear_failures(connection, KIND, mine - broken.keys())
    for subject, reason in broken.items():
        quarantine.record_failure(connection, KIND, subject, reason, now=now)
