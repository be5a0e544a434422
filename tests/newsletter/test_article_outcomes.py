"""The one answer about an article in a newsletter."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from syndicate.model import EditionArticle, LeaveReason, undated_key
from syndicate.newsletter.article_outcomes import ArticleFacts, ArticleOutcome, outcome_of, period_of
from tests.newsletter.stories import NOW, newsletter, published

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FACTS = ArticleFacts(
    article=replace(published(1).article, story_id=1, published=NOW - HOUR, first_seen=NOW - HOUR),
    matches=True,
    known_since=NOW - 30 * DAY,
    leads={2: "Snow"},
)


def article(**changes: Any) -> ArticleFacts:
    return replace(FACTS, article=replace(FACTS.article, **changes))


def recorded(reason: str = "", detail: str = "", *, lead: int = 1, state: str = "cut") -> EditionArticle:
    return EditionArticle(
        article_id=1, edition_id=5, lead_id=lead, reason=reason, detail=detail, variant_key="edition",
        newsletter="morning", state=state, period_end=NOW, cut_at=NOW,
    )  # fmt: skip


def answer(*rows: EditionArticle, facts: ArticleFacts = FACTS, now: datetime = NOW + HOUR) -> ArticleOutcome:
    one, facts = newsletter(), replace(facts, editions=rows)
    period = period_of(one, facts)
    return outcome_of(one, facts, period, now=now, show=lambda at: f"{at:%d %b %H:%M}")


@pytest.mark.parametrize(
    ("row", "outcome", "text"),
    [
        (recorded(), "told", "told in edition 5 of 24 Nov 07:00"),
        (recorded(lead=2), "told", 'as part of the story "Snow"'),
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
    ("facts", "outcome"),
    [
        (replace(FACTS, matches=False), "no match"),
        (article(story_id=None), "not placed"),
        (article(published=undated_key(NOW)), "undated"),
        (article(published=NOW - 5 * DAY), "too old"),
        (article(published=NOW + HOUR / 2, first_seen=NOW + HOUR / 2), "waits"),
        (article(published=NOW - HOUR, first_seen=NOW + HOUR / 2), "waits"),
    ],
)
def test_an_article_that_no_edition_saw_has_a_reason_of_its_own(facts: ArticleFacts, outcome: str) -> None:
    assert answer(facts=facts).outcome == outcome


@pytest.mark.parametrize(
    ("changes", "now", "outcome"),
    [
        ({"state": "missed", "edition_id": 5}, NOW + HOUR, "missed"),
        ({"state": "cut", "edition_id": 5}, NOW - HOUR / 2, "waits"),
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
    assert answer(facts=replace(FACTS, **changes), now=now).outcome == outcome


def test_a_late_article_is_news_of_the_period_in_which_it_was_first_seen() -> None:
    late = article(first_seen=NOW + HOUR)
    period = period_of(newsletter(), late)
    assert period is not None
    assert period.end == NOW + DAY
    assert answer(facts=replace(late, state="cut", edition_id=6)).outcome == "too old"
    down = article(published=NOW - 5 * DAY, first_seen=NOW + HOUR)
    assert answer(facts=replace(down, newest=True)).outcome == "waits"
