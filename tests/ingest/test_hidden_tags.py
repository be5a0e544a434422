"""Tags that readers do not see: by the tables, by their form, by the source, and by rules."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from syndicate.ingest.article_rules import Rule, Verdict, apply_rules, hidden_tags, parse_condition
from syndicate.ingest.identity import accept
from syndicate.model import Entry, Source

SOURCE = Source(
    id=1,
    name="harbour",
    url="https://harbour.example/feed",
    title="The Harbour Post",
    home_url="https://www.harbour.example/",
)
NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "tag",
    [
        "Other", "featured", "Featured post", "homepage-slot-3", "feature_post", "type:article", "90", "News",
        "internal-open-access-from-nl", "pos=3", "arXiv:2602.02667", "The Harbour Post",
        "harbour.example", "x" * 60,
    ],
)  # fmt: skip
def test_a_tag_that_names_no_subject_is_hidden(tag: str) -> None:
    assert hidden_tags([tag], SOURCE) == (tag,)


@pytest.mark.parametrize(
    "tag",
    [
        "Internal Medicine", "type-safety", "typescript", "MySQL 8.0", "9/11", "re:Invent", "Harbour pilots",
        "Otherness", "C#", "Trump, Donald J", "النقل", "改革", "news desk", "CVE-2017-10384", "Harbour",
    ],
)  # fmt: skip
def test_a_subject_is_shown(tag: str) -> None:
    assert hidden_tags([tag], SOURCE) == ()


def test_the_name_of_a_source_is_no_pattern() -> None:
    assert hidden_tags(["Old port", "Old port news"], replace(SOURCE, name="Old port *")) == ("Old port",)


def test_an_article_keeps_its_hidden_tags_apart() -> None:
    entry = Entry(guid="1", url="https://harbour.example/1", title="Pier", tags=("Piers", "other", "slot-1"))

    article = accept(entry, SOURCE, NOW)

    assert (article.tags, article.hidden_tags) == (("Piers",), ("other", "slot-1"))


def test_rules_hide_further_tags_and_show_hidden_ones() -> None:
    entry = Entry(
        guid="1",
        url="https://harbour.example/1",
        title="Pier",
        tags=("Piers", "Promo week 3", "Staff-Pick", "internal-medicine", "promotion"),
    )
    rules = [
        Rule(name="old system", hide_tags=("promo *", "staff pick")),
        Rule(name="medicine", all=(parse_condition("tag: internal medicine"),), tags=("Internal medicine",)),
    ]

    ruled = apply_rules(rules, accept(entry, SOURCE, NOW), SOURCE)

    assert ruled.article.tags == ("Piers", "promotion", "Internal medicine")
    assert ruled.article.hidden_tags == ("Promo week 3", "Staff-Pick")
    assert [hit.changes for hit in ruled.hits] == [
        ("hidden tag Promo week 3", "hidden tag Staff-Pick"),
        ("tag Internal medicine",),
    ]


def test_a_star_in_the_name_of_a_source_stands_for_itself() -> None:
    assert hidden_tags(["Old port", "Old port pilots"], replace(SOURCE, title="Old port *")) == ("Old port",)


def test_own_articles_show_the_tags_they_were_given() -> None:
    assert hidden_tags(["News", "slot-1"], replace(SOURCE, own=True)) == ()


def test_a_rule_about_anything_knows_hidden_tags() -> None:
    entry = Entry(guid="1", url="https://harbour.example/1", title="Pier", tags=("internal-sponsored",))
    rules = [Rule(name="ads", all=(parse_condition("anywhere: sponsored"),), verdict=Verdict.DROP)]

    assert apply_rules(rules, accept(entry, SOURCE, NOW), SOURCE).dropped_by == "ads"


def test_a_star_alone_hides_every_tag() -> None:
    entry = Entry(guid="1", url="https://harbour.example/1", title="Pier", tags=("Piers", "Old town"))

    ruled = apply_rules([Rule(name="none", hide_tags=("*",))], accept(entry, SOURCE, NOW), SOURCE)

    assert (ruled.article.tags, ruled.article.hidden_tags) == ((), ("Piers", "Old town"))
