"""The one answer about an article in a newsletter."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from syndicate.model import LeaveReason
from syndicate.newsletter.article_outcomes import (
    ArticleFacts,
    ArticleOutcome,
    NewsletterState,
    PeriodRecord,
    Recorded,
    outcome_of,
    period_of,
)
from tests.newsletter.stories import NOW, newsletter

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FACTS = ArticleFacts(published=NOW - HOUR, first_seen=NOW - HOUR, dated=True, placed=True, matches=True)
KNOWN = NewsletterState(known_since=NOW - 30 * DAY)
NONE = PeriodRecord(state="", edition_id=None)


def recorded(reason: str = "", detail: str = "", *, lead: str = "", withdrawn: bool = False) -> Recorded:
    return Recorded(
        edition_id=5, period_end=NOW, withdrawn=withdrawn, reason=reason, detail=detail, lead=lead
    )


def answer(
    *rows: Recorded,
    article: ArticleFacts = FACTS,
    state: NewsletterState = KNOWN,
    record: PeriodRecord = NONE,
    now: datetime = NOW + HOUR,
    **changes: object,
) -> ArticleOutcome:
    one = newsletter(**changes)
    return outcome_of(
        one,
        article,
        rows,
        state,
        period_of(one, article),
        record,
        now=now,
        show=lambda at: f"{at:%d %b %H:%M}",
    )


@pytest.mark.parametrize(
    ("row", "outcome", "text"),
    [
        (recorded(), "told", "told in edition 5 of 24 Nov 07:00"),
        (recorded(lead="Snow"), "told", 'as part of the story "Snow"'),
        (recorded("same event", "9"), "told", "whose article 9 tells the same event"),
        (recorded("repeats", "3"), "left out", "repeats what edition 3 told"),
        (recorded("no room", "14/10"), "left out", "place 14 for 10 stories"),
        (recorded("no room", "-/10"), "left out", "its story was in no list"),
        (recorded("share", "3"), "left out", "its source had 3 stories there already"),
        (recorded("editor"), "left out", "an editor left it out of edition 5"),
        (recorded("gone"), "left out", "its page was gone"),
        (recorded("size"), "waits", "it waits for the next edition"),
        (recorded(withdrawn=True), "withdrawn", "was withdrawn and never sent"),
    ],
)
def test_what_an_edition_recorded_is_the_answer(row: Recorded, outcome: str, text: str) -> None:
    found = answer(row)
    assert (found.outcome, found.edition_id, text in found.text) == (outcome, 5, True), found.text


def test_every_reason_has_its_words() -> None:
    assert all(answer(recorded(reason, "1")).text for reason in LeaveReason)


def test_what_was_told_once_was_told_whatever_later_editions_left_out() -> None:
    assert answer(recorded("repeats", "4"), replace(recorded(), edition_id=4)).edition_id == 4


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"matches": False}, "no match"),
        ({"placed": False}, "not placed"),
        ({"dated": False}, "undated"),
        ({"published": NOW - 5 * DAY}, "too old"),
        ({"published": NOW + HOUR / 2, "first_seen": NOW + HOUR / 2}, "waits"),
        ({"published": NOW - HOUR, "first_seen": NOW + HOUR / 2}, "waits"),
    ],
)
def test_an_article_that_no_edition_saw_has_a_reason_of_its_own(
    changes: dict[str, object], outcome: str
) -> None:
    assert answer(article=replace(FACTS, **changes)).outcome == outcome  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("record", "state", "now", "outcome"),
    [
        (PeriodRecord(state="missed", edition_id=5), KNOWN, NOW + HOUR, "missed"),
        (PeriodRecord(state="cut", edition_id=5), KNOWN, NOW + HOUR, "left out"),
        (NONE, KNOWN, NOW - HOUR / 2, "waits"),
        (NONE, KNOWN, NOW + HOUR, "waits"),
        (NONE, KNOWN, NOW + 7 * HOUR, "missed"),
        (NONE, replace(KNOWN, paused=True), NOW + HOUR, "paused"),
        (NONE, replace(KNOWN, failure="no such variable"), NOW + HOUR, "failed"),
        (NONE, replace(KNOWN, known_since=NOW), NOW + HOUR, "too old"),
    ],
)
def test_the_state_of_its_period_is_the_answer_otherwise(
    record: PeriodRecord, state: NewsletterState, now: datetime, outcome: str
) -> None:
    assert answer(record=record, state=state, now=now).outcome == outcome


def test_a_late_article_is_news_of_the_period_in_which_it_was_first_seen() -> None:
    late = replace(FACTS, first_seen=NOW + HOUR)
    period = period_of(newsletter(), late)
    assert period is not None
    assert period.end == NOW + DAY
    assert answer(article=late, record=PeriodRecord(state="cut", edition_id=6)).outcome == "too old"
