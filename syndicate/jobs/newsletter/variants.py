"""Editions by choice: one for each distinct cadence and selection of readers, never one for each reader.

A variant follows the edition everybody gets: it is cut once that one was cut or found empty, and waits for
an editor as long as that one does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from syndicate.audience.choices import read_selection
from syndicate.errors import ConfigError, RenderError
from syndicate.jobs.newsletter.edition_storing import store_draft
from syndicate.jobs.newsletter.renderer import Draft
from syndicate.model import EVERY_EDITION, Newsletter, PublishedArticle
from syndicate.newsletter.compose import Item
from syndicate.newsletter.periods import Cadence, Period, due_period, parse_schedule
from syndicate.store import Connection, Store
from syndicate.store.core import quarantine
from syndicate.store.mail import edition_store, newsletter_store, preference_store, review_store
from syndicate.store.mail.preference_store import Variant

DraftOf = Callable[[Newsletter, Period, datetime, Variant], Draft]
"""Chooses and renders the form of readers who made a choice: ``EditionJob.draft``."""


def cadences(newsletter: Newsletter) -> tuple[str, ...]:
    """Return how often its readers may choose to get a newsletter: only what is rarer than its schedule."""
    schedule = parse_schedule(newsletter.schedule)
    if schedule.cadence not in (Cadence.DAILY, Cadence.WEEKDAYS):
        return (EVERY_EDITION,)
    return (EVERY_EDITION, "daily", "weekly") if len(schedule.times) > 1 else (EVERY_EDITION, "weekly")


def at_cadence(newsletter: Newsletter, cadence: str) -> Newsletter:
    """Return the newsletter at a chosen cadence: at its last time of the day, weekly on Mondays."""
    if cadence == EVERY_EDITION or cadence not in cadences(newsletter):
        return newsletter
    schedule = parse_schedule(newsletter.schedule)
    days = "daily" if schedule.cadence is Cadence.DAILY else "weekdays"
    when = "weekly monday" if cadence == "weekly" else days
    return replace(newsletter, schedule=f"{when} {schedule.times[-1]:%H:%M}")


def in_selection(
    items: Sequence[Item], leads: Mapping[int, PublishedArticle], variant: Variant
) -> list[Item]:
    """Return the items whose lead a selection takes."""
    wanted = read_selection(variant.selection)
    articles = ((item, leads[item.lead.article_id].article) for item in items)
    return [item for item, article in articles if wanted.takes(article.section, article.language)]


def cut_variants(
    store: Store,
    draft: DraftOf,
    newsletters: Sequence[Newsletter],
    now: datetime,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Cut what is due; one that fails is quarantined and tried again."""
    for newsletter in newsletters:
        with store.read() as connection:
            chosen = preference_store.variants(connection, newsletter.name, now)
        for variant in chosen:
            if should_stop():
                return
            wanted = at_cadence(newsletter, variant.cadence)
            try:
                for period in _due(store, wanted, variant, now):
                    _cut(store, draft(wanted, period, now, variant), variant, now)
            except (RenderError, ConfigError) as error:
                with store.write() as connection:
                    quarantine.record_failure(connection, "newsletter", newsletter.name, str(error), now=now)


def _due(store: Store, newsletter: Newsletter, variant: Variant, now: datetime) -> list[Period]:
    """The periods for which a choice has no form yet.

    However late it is, those of editions that wait for an editor or were let go not long ago: a reader who
    chose meanwhile gets neither of the forms that were cut before.
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


def _waits(
    connection: Connection, newsletter: Newsletter, period: Period, now: datetime
) -> tuple[str, datetime | None]:
    """Return the state and the deadline of a form: those of its edition while that waits."""
    issue = review_store.main_edition(connection, newsletter.name, period.end)
    if issue is not None and issue.state in edition_store.OPEN:
        return issue.state, issue.approve_by
    if newsletter.approval:
        return edition_store.WAITING, now + timedelta(seconds=newsletter.approval)
    return edition_store.VARIANT, None


def _cut(store: Store, draft: Draft, variant: Variant, now: datetime) -> None:
    draft.check()
    with store.write() as connection:
        state, approve_by = edition_store.VARIANT, None
        if draft.proof is not None:
            state, approve_by = _waits(connection, draft.newsletter, draft.period, now)
        store_draft(connection, draft, now, state=state, approve_by=approve_by, cadence=variant.key)
