"""Editions by choice: one for each distinct cadence and selection of readers, never one for each reader.

A variant follows the edition everybody gets: it is cut once that one was cut or found empty.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from syndicate.audience.preferences import read_selection
from syndicate.errors import ConfigError, RenderError
from syndicate.jobs.press import Draft
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
from syndicate.store import Store, preferences, quarantine
from syndicate.store import editions as edition_store
from syndicate.store import newsletters as newsletter_store
from syndicate.store.preferences import Variant

DraftOf = Callable[[Newsletter, Period, datetime, Variant], Draft]
"""Chooses and renders what those who made a choice get: ``EditionJob.draft``."""


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


def cut_variants(store: Store, draft: DraftOf, newsletters: Sequence[Newsletter], now: datetime) -> None:
    """Cut what is due; one that fails is quarantined and tried again."""
    for newsletter in newsletters:
        with store.read() as connection:
            chosen = preferences.variants(connection, newsletter.name, now)
        for variant in chosen:
            wanted = at_cadence(newsletter, variant.cadence)
            try:
                period = _due(store, wanted, variant, now)
                if period is not None:
                    _cut(store, draft(wanted, period, now, variant), variant, now)
            except (RenderError, ConfigError) as error:
                with store.write() as connection:
                    quarantine.record_failure(connection, "newsletter", newsletter.name, str(error), now=now)


def _due(store: Store, newsletter: Newsletter, variant: Variant, now: datetime) -> Period | None:
    with store.read() as connection:
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


def _cut(store: Store, draft: Draft, variant: Variant, now: datetime) -> None:
    name, period = draft.newsletter.name, draft.period
    if draft.problems:
        raise RenderError("; ".join(draft.problems))
    span = (period.start, period.end)
    with store.write() as connection:
        if draft.proof is None:
            edition_store.record_no_edition(connection, name, variant.key, span, edition_store.VARIANT, now)
            return
        edition_store.cut_edition(
            connection,
            newsletter=name,
            cadence=variant.key,
            period=span,
            rendered=draft.proof.parts,
            stories=draft.stories,
            now=now,
            state=edition_store.VARIANT,
            own_hour=hours_of(draft.newsletter, now),
        )
