"""Stories that an edition leaves out when it is rendered: noted with the edition, and in quarantine."""

from datetime import datetime

from syndicate.jobs.newsletter.press import Proof
from syndicate.store import Connection, desk, quarantine
from syndicate.store.desk import EditionChange

KIND = "story"


def note_left_out(connection: Connection, edition_id: int, proof: Proof, now: datetime) -> None:
    """Record what an edition left out as a change of it."""
    if proof.trimmed:
        change = EditionChange(
            edition_id=edition_id,
            changed_by="syndicate",
            action="trim",
            detail="; ".join(proof.trimmed),
            changed=now,
            story_id=None,
        )
        desk.record_change(connection, change)


def quarantine_broken(connection: Connection, newsletter: str, proof: Proof, now: datetime) -> None:
    """Show the stories that break a template of this newsletter, and no longer those of earlier editions."""
    broken = {f"{lead_id} of {newsletter}": reason for lead_id, reason in proof.broken.items()}
    before = {
        one.subject
        for one in quarantine.failures(connection, kind=KIND)
        if one.subject.endswith(f" of {newsletter}")
    }
    quarantine.clear_failures(connection, KIND, before - broken.keys())
    for subject, reason in broken.items():
        quarantine.record_failure(connection, KIND, subject, reason, now=now)
