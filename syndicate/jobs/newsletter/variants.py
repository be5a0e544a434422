"""Variants of an edition: an edition for each distinct cadence and selection of its subscribers.

A variant follows the main edition, which subscribers without choices get. It is cut after the main edition
was cut or found empty, and waits for an editor as long as the main edition does.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from syndicate.errors import ConfigError, RenderError
from syndicate.jobs.newsletter.edition_storing import store_draft
from syndicate.jobs.newsletter.renderer import Draft
from syndicate.model import CADENCES, EVERY_EDITION, Newsletter
from syndicate.newsletter.periods import Cadence, Period, due_period, parse_schedule
from syndicate.store import Connection, Store
from syndicate.store.core import quarantine
from syndicate.store.leases.held_lease import HeldLease
from syndicate.store.mail import edition_store, newsletter_store, review_store
from syndicate.store.subscribers import preference_store
from syndicate.store.subscribers.preference_store import Variant

# Chooses and renders a variant: ``EditionJob.draft``.
MakeDraft = Callable[[Newsletter, Period, datetime, Variant], Draft]


def cadences(newsletter: Newsletter) -> tuple[str, ...]:
    """Return the cadences that subscribers may choose: only cadences rarer than the schedule."""
    schedule = parse_schedule(newsletter.schedule)
    if schedule.cadence not in (Cadence.DAILY, Cadence.WEEKDAYS):
        return (EVERY_EDITION,)
    return CADENCES if len(schedule.times) > 1 else (EVERY_EDITION, "weekly")


def at_cadence(newsletter: Newsletter, cadence: str) -> Newsletter:
    """Return the newsletter at a chosen cadence: at its last time of the day, weekly on Mondays."""
    if cadence == EVERY_EDITION or cadence not in cadences(newsletter):
        return newsletter
    schedule = parse_schedule(newsletter.schedule)
    days = "daily" if schedule.cadence is Cadence.DAILY else "weekdays"
    when = "weekly monday" if cadence == "weekly" else days
    return replace(newsletter, schedule=f"{when} {schedule.times[-1]:%H:%M}")


def cut_variants(
    store: Store,
    make_draft: MakeDraft,
    newsletters: Sequence[Newsletter],
    now: datetime,
    claim: Callable[[str], AbstractContextManager[HeldLease | None]],
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Cut the due variants of claimed newsletters; a variant that fails is quarantined and tried again."""
    for newsletter in newsletters:
        with store.read() as connection:
            variants = preference_store.variants(connection, newsletter.name, now)
        for variant in variants:
            if should_stop():
                return
            scheduled = at_cadence(newsletter, variant.cadence)
            if not _due(store, scheduled, variant, now):
                continue
            try:
                with claim(newsletter.name) as lease:
                    for period in _due(store, scheduled, variant, now) if lease else ():
                        _cut(store, make_draft(scheduled, period, now, variant), variant, now)
            except (RenderError, ConfigError) as error:
                with store.write() as connection:
                    quarantine.record_failure(connection, "newsletter", newsletter.name, str(error), now=now)


def _due(store: Store, newsletter: Newsletter, variant: Variant, now: datetime) -> list[Period]:
    """Return the periods for which a variant was not cut yet.

    Periods of editions that wait for an editor, or were released recently, are due at any lateness. A
    subscriber who chose in the meantime gets neither the main edition nor an earlier variant.
    """
    since = now - timedelta(seconds=newsletter.max_lateness)
    with store.read() as connection:
        periods = review_store.periods_under_way(connection, newsletter.name, variant.cadence, since)
        if variant.cadence != EVERY_EDITION:
            due = due_period(
                newsletter,
                now,
                known_since=newsletter_store.known_since(connection, newsletter.name) or now,
                already=lambda period: (period.start, period.end) in periods,
            )
            periods += [(due.start, due.end)] if due else []
        done = partial(edition_store.has_edition, connection, newsletter.name, variant.key)
        return [Period(start=start, end=end) for start, end in periods if not done(end)]


def _state(
    connection: Connection, newsletter: Newsletter, period: Period, now: datetime
) -> tuple[str, datetime | None]:
    """Return the state and the deadline of a variant: the main edition's while that waits."""
    main = review_store.main_edition(connection, newsletter.name, period.end)
    if main is not None and main.state in edition_store.OPEN:
        return main.state, main.approve_by
    if newsletter.approval:
        return edition_store.WAITING, now + timedelta(seconds=newsletter.approval)
    return edition_store.VARIANT, None


def _cut(store: Store, draft: Draft, variant: Variant, now: datetime) -> None:
    draft.raise_for_errors()
    with store.write() as connection:
        state, approve_by = edition_store.VARIANT, None
        if draft.checked is not None:
            state, approve_by = _state(connection, draft.newsletter, draft.period, now)
        store_draft(connection, draft, now, state=state, approve_by=approve_by, variant_key=variant.key)
