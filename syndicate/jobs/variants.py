"""Editions by choice: one for each distinct cadence and selection of readers, never one for each reader.

A variant follows the edition everybody gets: it is cut once that one was cut or found empty.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from syndicate.audience.preferences import read_selection
from syndicate.errors import ConfigError, RenderError
from syndicate.model import EVERY_EDITION, Newsletter
from syndicate.newsletter.compose import Candidate
from syndicate.newsletter.periods import (
    Cadence,
    Period,
    due_period,
    own_hour,
    parse_schedule,
    read_zone,
)
from syndicate.store import editions as edition_store
from syndicate.store import newsletters as newsletter_store
from syndicate.store import preferences, quarantine
from syndicate.store.preferences import Variant

if TYPE_CHECKING:
    from syndicate.jobs.editions import EditionJob


def cadences(newsletter: Newsletter) -> tuple[str, ...]:
    """How often its readers may choose to get a newsletter: only what is rarer than its schedule."""
    schedule = parse_schedule(newsletter.schedule)
    if schedule.cadence not in (Cadence.DAILY, Cadence.WEEKDAYS):
        return (EVERY_EDITION,)
    return (EVERY_EDITION, "daily", "weekly") if len(schedule.times) > 1 else (EVERY_EDITION, "weekly")


def at_cadence(newsletter: Newsletter, cadence: str) -> Newsletter:
    """The newsletter as those get it who chose a cadence: at its last time of the day, weekly on Mondays."""
    if cadence == EVERY_EDITION or cadence not in cadences(newsletter):
        return newsletter
    schedule = parse_schedule(newsletter.schedule)
    days = "daily" if schedule.cadence is Cadence.DAILY else "weekdays"
    when = "weekly monday" if cadence == "weekly" else days
    return replace(newsletter, schedule=f"{when} {schedule.times[-1]:%H:%M}")


def hours_of(newsletter: Newsletter, now: datetime) -> Callable[[int, str], datetime]:
    """When an hour of a zone comes next; without a zone it is the newsletter's."""

    def next_hour(hour: int, zone: str) -> datetime:
        return own_hour(hour, read_zone(zone or newsletter.time_zone), now)

    return next_hour


def in_selection(candidates: Sequence[Candidate], variant: Variant) -> list[Candidate]:
    """The stories that a selection takes."""
    wanted = read_selection(variant.selection)
    articles = ((one, one.lead.article) for one in candidates)
    return [one for one, article in articles if wanted.takes(article.section, article.language)]


def cut_variants(job: "EditionJob", newsletters: Sequence[Newsletter], now: datetime) -> int:
    """Cut what is due; one that fails is quarantined and tried again. Returns how many were cut."""
    count = 0
    for newsletter in newsletters:
        with job.store.read() as connection:
            chosen = preferences.variants(connection, newsletter.name, now)
        for variant in chosen:
            wanted = at_cadence(newsletter, variant.cadence)
            try:
                period = _due(job, wanted, variant, now)
                count += period is not None and _cut(job, wanted, variant, period, now)
            except (RenderError, ConfigError) as error:
                with job.store.write() as connection:
                    quarantine.record_failure(connection, "newsletter", newsletter.name, str(error), now=now)
    return count


def _due(job: "EditionJob", newsletter: Newsletter, variant: Variant, now: datetime) -> Period | None:
    with job.store.read() as connection:
        done = partial(edition_store.has_edition, connection, newsletter.name)
        period = due_period(
            newsletter,
            now,
            known_since=newsletter_store.known_since(connection, newsletter.name) or now,
            already=lambda period: done(variant.key, period.end),
        )
        if period is None or variant.cadence != EVERY_EDITION:
            return period
        states = edition_store.edition_states(connection, newsletter.name, EVERY_EDITION, period.end)
    return period if states & {edition_store.CUT, edition_store.EMPTY} else None


def _cut(job: "EditionJob", newsletter: Newsletter, variant: Variant, period: Period, now: datetime) -> bool:
    draft = job.draft(newsletter, period, now, variant)
    if draft.problems:
        raise RenderError("; ".join(draft.problems))
    span = (period.start, period.end)
    with job.store.write() as connection:
        if draft.proof is None:
            return edition_store.record_no_edition(
                connection, newsletter.name, variant.key, span, edition_store.VARIANT, now
            )
        made = edition_store.cut_edition(
            connection,
            newsletter=newsletter.name,
            cadence=variant.key,
            period=span,
            rendered=draft.proof.parts,
            stories=draft.stories,
            now=now,
            state=edition_store.VARIANT,
            own_hour=hours_of(newsletter, now),
        )
    return made is not None
