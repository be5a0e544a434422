"""Rules for articles: conditions, changes, order, and linear time."""

from dataclasses import replace
from typing import Any

import pytest

from syndicate.errors import ConfigError
from syndicate.ingest.article_rules import (
    Rule,
    RuleResult,
    Verdict,
    apply_rules,
    parse_condition,
    parse_rewrite,
)
from syndicate.model import NewArticle, Source
from tests.factories import new_article

SOURCE = Source(id=1, name="The Harbour Post", url="https://harbour.example/feed")


def article(**facts: Any) -> NewArticle:
    plain: dict[str, Any] = {"text": "", "summary": "", "section": "", "language": "en-gb"}
    return new_article(1, **({"title": "LIVE: Council votes on the new pier"} | plain | facts))


def judge(*rules: Rule, source: Source = SOURCE, **facts: Any) -> RuleResult:
    return apply_rules(rules, article(**facts), source)


def hits(condition: str, **facts: Any) -> bool:
    return parse_condition(condition).holds(article(**facts), SOURCE)


@pytest.mark.parametrize(
    ("condition", "facts"),
    [
        ("title: new pier", {}),
        ("title: NEW  PIER", {}),
        ("title: live council", {}),
        ("summary: harbour", {"summary": "The harbour."}),
        ("text: harbour", {"text": "At the harbour, late"}),
        ("author: ann chu", {"authors": ("Bo Li", "Ann Chu")}),
        ("tag: sport", {"tags": ("News", "Winter sport")}),
        ("section: world", {"section": "World"}),
        ("url: sport", {"url": "https://harbour.example/sport/1"}),
        ("language: en", {}),
        ("source: harbour", {}),
        ("anywhere: harbour", {"tags": ("Harbour",)}),
        ("title: straße", {"title": "Die Strasse"}),
        ("title: 气候", {"title": "中国气候变化"}),
        ("title: /^live: .* pier$/", {}),
        ("url: /[?&]promo=/", {"url": "https://harbour.example/a?b=1&promo=2"}),
        ("title: /\\p{Arabic}/", {"title": "ميناء"}),
    ],
)
def test_a_condition_holds(condition, facts):
    assert hits(condition, **facts)


@pytest.mark.parametrize(
    ("condition", "facts"),
    [
        ("title: pie", {}),
        ("title: pier new", {}),
        ("text: council", {}),
        ("tag: news sport", {"tags": ("News", "Sport")}),
        ("language: en", {"language": "fr"}),
        ("section: world", {}),
        ("title: /^pier/", {}),
    ],
)
def test_a_condition_does_not_hold(condition, facts):
    assert not hits(condition, **facts)


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("pier", "must begin with a field and a colon"),
        ("headline: pier", "fields: title, summary"),
        ("title: ...", "names no words"),
        ("title: /(unclosed/", "missing \\)"),
        ("title: /(?<=a)b/", "no look-around"),
        (r"title: /(a)\1/", "no look-around"),
        ("title: /" + "a" * 1_001 + "/", "1 to 1000 characters"),
        ("title: //", "1 to 1000 characters"),
    ],
)
def test_a_condition_that_cannot_be_read_says_why(condition, reason):
    with pytest.raises(ConfigError, match=reason):
        parse_condition(condition)


def test_all_any_and_none_go_together():
    def rule(**conditions: str) -> Rule:
        parts: dict[str, Any] = {name: (parse_condition(text),) for name, text in conditions.items()}
        return Rule(name="r", tags=("hit",), **parts)

    pier, harbour = "title: pier", "title: harbour"
    assert judge(rule()).hits
    assert judge(rule(all=pier, any=pier, none=harbour)).hits
    assert not judge(rule(all=pier, any=harbour)).hits
    assert not judge(rule(all=harbour, any=pier)).hits
    assert not judge(rule(all=pier, none=pier)).hits


def test_a_rule_for_named_sources_leaves_the_others_alone():
    rule = Rule(name="r", sources=frozenset({"The Harbour Post"}), section="local")
    assert judge(rule).article.section == "local"
    assert judge(rule, source=replace(SOURCE, name="Another")).article.section == ""


def test_every_rule_that_matches_does_its_work_and_sees_what_was_changed_before():
    result = judge(
        Rule(name="tag it", tags=("Ports", "news"), boost=2.0),
        Rule(name="by that tag", all=(parse_condition("tag: ports"),), section="sea", boost=1.5),
        Rule(name="no more", all=(parse_condition("section: land"),), boost=9.0),
        Rule(name="shorter", title=parse_rewrite("^LIVE: *", "")),
        tags=("News",),
    )
    assert result.article.tags == ("News", "Ports")
    assert result.article.section == "sea"
    assert result.article.boost == 3.0
    assert (result.article.title, result.article.declared_title) == (
        "Council votes on the new pier",
        "LIVE: Council votes on the new pier",
    )
    assert [(hit.rule, hit.changes) for hit in result.hits] == [
        ("tag it", ("tag Ports", "boost 2")),
        ("by that tag", ('section "" → "sea"', "boost 3")),
        ("shorter", ('title "LIVE: Council votes on the new pier" → "Council votes on the new pier"',)),
    ]


def test_the_first_that_keeps_or_drops_ends_the_run():
    keep = Rule(name="keep", all=(parse_condition("title: council"),), verdict=Verdict.KEEP)
    drop = Rule(name="drop", verdict=Verdict.DROP)
    late = Rule(name="late", tags=("late",))
    assert judge(keep, drop, late).dropped_by == ""
    assert judge(keep, drop, late).article.tags == ()
    assert judge(drop, keep).dropped_by == "drop"
    assert judge(keep, drop, title="Something else").dropped_by == "drop"


@pytest.mark.parametrize(
    ("find", "put", "title"),
    [
        ("^(live): *", r"[\1] ", "[LIVE] Council votes on the new pier"),
        ("o", "ö", "LIVE: Cöuncil vötes ön the new pier"),
        (".*", "", "LIVE: Council votes on the new pier"),
        ("^", "\u202e\n<b>", "<b>LIVE: Council votes on the new pier"),
    ],
)
def test_a_title_is_rewritten_and_stays_one_clean_line(find, put, title):
    assert judge(Rule(name="r", title=parse_rewrite(find, put))).article.title == title


def test_a_group_that_the_expression_does_not_have_is_a_mistake_of_the_configuration():
    with pytest.raises(ConfigError, match="it has 1"):
        parse_rewrite("(a)", r"\2")


@pytest.mark.cpu_seconds(20)
@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)*b", "([a-z]+)*[0-9]", "(.*)*x"])
def test_expressions_that_would_backtrack_for_ever_end_at_once(pattern):
    assert not parse_condition(f"text: /^{pattern}x/").holds(article(text="a" * 200_000 + "!"), SOURCE)
