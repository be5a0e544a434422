"""Rules of robots.txt by RFC 9309."""

from datetime import timedelta

import pytest

from syndicate.ingest.page.robots_rules import (
    parse_robots_response,
    parse_robots_rules,
    product_token,
)
from tests.factories import NOW

ORIGIN = "https://news.example"


def allowed(rules: str, path: str) -> bool:
    file = parse_robots_response(200, rules.encode(), NOW)
    return parse_robots_rules(file, "syndicate").allows(ORIGIN + path)


@pytest.mark.parametrize(
    ("rules", "path", "expected"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /a", "/a/b", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/x.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x.pdf?y", True),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: Syndicate\nDisallow: /\n\nUser-agent: *\nAllow: /", "/a", False),
        ("User-agent: other\nDisallow: /", "/a", True),
        ("User-agent: a\nUser-agent: syndicate\n\nDisallow: /", "/a", False),
        ("user-agent: *\r\ndisallow: /b # comment\r\n", "/b", False),
        ("<html><title>Not found</title></html>", "/a", True),
        ("\x00\xff\xfe garbage: everywhere", "/a", True),
    ],
)
def test_the_most_specific_rule_of_our_group_counts(rules: str, path: str, expected: bool):
    assert allowed(rules, path) is expected


@pytest.mark.parametrize(
    ("status", "reachable"),
    [
        (200, True),
        (404, True),
        (401, True),
        (403, True),
        (410, True),
        (429, False),
        (500, False),
        (503, False),
        (0, False),
    ],
)
def test_no_rules_allow_everything_and_unknown_ones_nothing(status: int, reachable: bool):
    file = parse_robots_response(status, b"", NOW)
    assert file.reachable is reachable
    assert file.expires == NOW + timedelta(hours=24 if reachable else 1)


def test_a_wish_for_a_pause_is_heard_and_bounded():
    def delay(text: str) -> float:
        return parse_robots_rules(parse_robots_response(200, text.encode(), NOW), "syndicate").delay

    assert delay("User-agent: *\nCrawl-delay: 2.5") == 2.5
    assert delay("User-agent: *\nCrawl-delay: 999999999") == 3_600
    assert delay("User-agent: *\nCrawl-delay: soon") == 0
    assert delay("User-agent: *\nCrawl-delay: nan") == 0
    assert delay("User-agent: *\nCrawl-delay: -5") == 0


def test_what_lies_beyond_half_a_megabyte_is_not_read():
    rules = b"User-agent: *\n" + b"# filler\n" * 60_000 + b"Disallow: /\n"
    assert parse_robots_rules(parse_robots_response(200, rules, NOW), "syndicate").allows(ORIGIN + "/a")


def test_we_are_called_by_the_first_word_of_the_user_agent():
    assert product_token("syndicate/1.0 (+https://news.example)") == "syndicate"
    assert product_token("HarbourBot (by hand)") == "HarbourBot"
    assert product_token("") == "syndicate"
