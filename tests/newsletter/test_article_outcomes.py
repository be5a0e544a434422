"""The one answer about an article in a newsletter."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from syndicate.model import EditionArticle, LeaveReason
from syndicate.newsletter.article_outcomes import (
    ArticleFacts,
    ArticleOutcome,
    NewsletterFacts,
    outcome_of,
    period_of,
)
from tests.newsletter.stories import NOW, newsletter

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FACTS = ArticleFacts(
    article_id=1,
    published=NOW - HOUR,
    first_seen=NOW - HOUR,
    dated=True,
    placed=True,
    matches=True,
    leads={2: "Snow"},
)
KNOWN = NewsletterFacts(known_since=NOW - 30 * DAY)


def recorded(reason: str = "", detail: str = "", *, lead: int = 1, state: str = "cut") -> EditionArticle:
    return EditionArticle(
        article_id=1, edition_id=5, lead_id=lead, reason=reason, detail=detail, cadence="edition",
        newsletter="morning", state=state, period_end=NOW, cut_at=NOW,
    )  # fmt: skip


def answer(
    *rows: EditionArticle,
    article: ArticleFacts = FACTS,
    facts: NewsletterFacts = KNOWN,
    now: datetime = NOW + HOUR,
) -> ArticleOutcome:
    one, article = newsletter(), replace(article, editions=rows)
    period = period_of(one, article)
    return outcome_of(one, article, period, facts, now=now, show=lambda at: f"{at:%d %b %H:%M}")


@pytest.mark.parametrize(
    ("row", "outcome", "text"),
    [
        (recorded(), "told", "told in edition 5 of 24 Nov 07:00"),
        (recorded(lead=2), "told", 'as part of the story "Snow"'),
        (recorded("same event", "9"), "told", "whose article 9 tells the same event"),
        (recorded("repeats", "3"), "left out", "repeats what edition 3 told"),
        (recorded("no room", "14/10"), "left out", "place 14 for 10 stories"),
        (recorded("no room", "-/10"), "left out", "its story is in no list"),
        (recorded("share", "3"), "left out", "its source had 3 stories there already"),
        (recorded("editor"), "left out", "an editor left it out of edition 5"),
        (recorded("gone"), "left out", "its page was gone"),
        (recorded("size"), "waits", "it waits for the next edition"),
        (recorded(state="withdrawn"), "withdrawn", "was withdrawn and never sent"),
    ],
)
def test_what_an_edition_recorded_is_the_answer(row: EditionArticle, outcome: str, text: str) -> None:
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
    changes: dict[str, Any], outcome: str
) -> None:
    assert answer(article=replace(FACTS, **changes)).outcome == outcome


@pytest.mark.parametrize(
    ("changes", "now", "outcome"),
    [
        ({"state": "missed", "edition_id": 5}, NOW + HOUR, "missed"),
        ({"state": "cut", "edition_id": 5}, NOW + HOUR, "waits"),
        ({"state": "cut", "edition_id": 5}, NOW + 2 * DAY, "left out"),
        ({}, NOW - HOUR / 2, "waits"),
        ({}, NOW + HOUR, "waits"),
        ({}, NOW + 7 * HOUR, "missed"),
        ({"paused": True}, NOW + HOUR, "paused"),
        ({"failure": "no such variable"}, NOW + HOUR, "failed"),
        ({"known_since": NOW}, NOW + HOUR, "too old"),
    ],
)
def test_the_state_of_its_period_is_the_answer_otherwise(
    changes: dict[str, Any], now: datetime, outcome: str
) -> None:
    assert answer(facts=replace(KNOWN, **changes), now=now).outcome == outcome


def test_a_late_article_is_news_of_the_period_in_which_it_was_first_seen() -> None:
    late = replace(FACTS, first_seen=NOW + HOUR)
    period = period_of(newsletter(), late)
    assert period is not None
    assert period.end == NOW + DAY
    assert answer(article=late, facts=replace(KNOWN, state="cut", edition_id=6)).outcome == "too old"
    down = replace(FACTS, published=NOW - 5 * DAY, newest=True, first_seen=NOW + HOUR)
    assert answer(article=down).outcome == "waits"
