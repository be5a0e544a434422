"""Each reason that keeps an article out of a channel, from facts alone."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from syndicate.model import Article, Channel, Clause, ClauseField, RankedStory
from syndicate.publish.channel_absence import ChannelFacts, absence_reasons, clause_text
from syndicate.publish.channel_query import in_language, parse_query
from tests.factories import NOW
from tests.publish.samples import published

CHANNEL = Channel(name="news", title="News", query="")
TOP = Clause(field=ClauseField.LIST, values=("top",), languages=("en",))
RANK = RankedStory(story_id=1, article_id=9, position=3, score=1.0, coverage=2)


def sample(**changes: Any) -> Article:
    known: dict[str, Any] = {"story_id": 1, "language": "en"}
    return replace(published().article, **(known | changes))


def kinds(found: ChannelFacts) -> list[str]:
    return [reason.kind for reason in absence_reasons(CHANNEL, found, now=NOW, window_hours=24)]


def facts(**changes: Any) -> ChannelFacts:
    known: dict[str, Any] = {
        "article": sample(),
        "source": "Harbour",
        "ranks": {"top": None},
        "story_updated": NOW,
    }
    return ChannelFacts(**(known | changes))


def test_an_article_that_the_channel_carries_has_no_reason():
    assert kinds(facts()) == []


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("not placed", {"article": sample(story_id=None)}),
        ("undated", {"failing": (TOP,), "article": sample(published=NOW - timedelta(days=30000))}),
        ("editor", {"failing": (TOP,), "dropped_by": "kim"}),
        ("age", {"failing": (TOP,), "story_updated": NOW - timedelta(hours=25)}),
        ("rank", {"failing": (TOP,)}),
        ("lead", {"failing": (TOP,), "ranks": {"top": RANK}}),
        ("language", {"failing": (TOP,), "ranks": {"top": RANK}, "article": sample(language="de-at")}),
        ("language", {"failing": parse_query("language:ar")}),
        ("same text", {"shown_instead": sample(id=9)}),
        ("limit", {"oldest": sample(id=9), "archive_page": 2}),
        ("failed", {"failure": "the template is broken"}),
        ("not written", {"written": False}),
    ],
)
def test_each_reason_is_named(kind: str, changes: dict[str, Any]):
    assert kinds(facts(**changes)) == [kind]


@pytest.mark.parametrize(
    "query", ["section:sport", "tag:climate", 'source:"The Other"', "word:flood", "-top", "-language:en"]
)
def test_each_failing_clause_is_quoted(query: str):
    failing = in_language(parse_query(query), "en")
    (reason,) = absence_reasons(CHANNEL, facts(failing=failing), now=NOW, window_hours=24)
    assert reason.text.startswith(f"{clause_text(failing[0])} does")
    assert parse_query(clause_text(failing[0])) == parse_query(query)


def test_several_reasons_are_all_given():
    failing = parse_query("section:sport tag:climate")
    assert kinds(facts(failing=failing, failure="disk full")) == ["query", "query", "failed"]


def test_a_hidden_tag_is_named_beside_the_others():
    found = facts(failing=parse_query("tag:news"), article=sample(tags=("Piers",), hidden_tags=("News",)))
    (reason,) = absence_reasons(CHANNEL, found, now=NOW, window_hours=24)
    assert reason.text == "tag:news does not hold: its tags are Piers, hidden: News"
