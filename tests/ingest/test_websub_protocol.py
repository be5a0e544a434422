"""WebSub: discovery of a hub, signatures and leases."""

import hashlib
import hmac

import pytest

from syndicate.ingest.feed.feed_parser import parse_feed
from syndicate.ingest.feed.json_feed_parser import parse_json_feed
from syndicate.ingest.websub_protocol import (
    LEASE,
    discover,
    is_signed,
    links_of,
    parse_lease_seconds,
    read_challenge,
    subscription_request,
)
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import Hub, ParsedSource

URL = "https://harbour.example/news/feed"
IN_FEED = ParsedSource(hubs=("https://hub.example/",), self_url="https://harbour.example/feed")
BARE = ParsedSource()


@pytest.mark.parametrize(
    ("fields", "parsed", "hub"),
    [
        ((), IN_FEED, Hub(url="https://hub.example/", topic="https://harbour.example/feed")),
        (
            ('<https://a.example/>; rel="hub"', '</t>; rel="self"'),
            IN_FEED,
            Hub(url="https://a.example/", topic="https://harbour.example/t"),
        ),
        (
            ('<https://a.example/>; rel="hub", <https://b.org/>; rel=hub, <s?a=1,2>; title="x"; rel=self',),
            BARE,
            Hub(url="https://a.example/", topic="https://harbour.example/news/s?a=1,2"),
        ),
        (
            ('<https://a.example/>; rel="hub"',),
            IN_FEED,
            Hub(url="https://a.example/", topic="https://harbour.example/feed"),
        ),
        (('<https://a.example/>; rel="hub"',), BARE, None),
        (('<javascript:alert(1)>; rel="hub", </t>; rel="self"',), BARE, None),
        (('<ftp://a.example/>; rel="hub", </t>; rel="self"',), BARE, None),
        (("<" * 100_000, '<a>; rel="' * 9), BARE, None),
        ((), BARE, None),
    ],
)
def test_W4_the_hub_is_found_in_the_header_and_then_in_the_document(fields, parsed, hub):
    assert discover(fields, parsed, URL) == hub


@pytest.mark.parametrize(
    ("field", "links"),
    [
        ('<a>; rel="self hub"', ["a"]),
        ("<a>;REL=Hub", ["a"]),
        ('<a>; title="rel=hub"; rel="next"', []),
        ('<a>; rel="hubs"', []),
        ("no link at all; rel=hub", []),
    ],
)
def test_relations_are_read_as_RFC_8288_writes_them(field, links):
    assert links_of([field], "hub") == links


FEED = """<rss version="2.0" xmlns:a="http://www.w3.org/2005/Atom"><channel><title>H</title>
<link>https://harbour.example/</link><description>x</description>
<a:link rel="hub" href="https://hub.example/"/><a:link rel="self" href="../self"/>
<skipHours><hour>0</hour><hour>24</hour><hour> 7 </hour><hour>99</hour></skipHours>
<skipDays><day>Saturday</day><day>sun</day><day>Someday</day></skipDays>
<item><title>One</title><guid>1</guid><a:link rel="hub" href="https://wrong.example/"/></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>H</title><id>urn:h</id>
<link rel="hub" href="https://hub.example/"/><link rel="self" href="https://harbour.example/self"/></feed>"""
JSON = b"""{"version": "https://jsonfeed.org/version/1.1", "title": "H", "items": [],
"feed_url": "https://harbour.example/self", "hubs": [{"type": "rssCloud", "url": "https://cloud.example/"},
{"type": "WebSub", "url": "https://hub.example/"}, {"type": "WebSub"}, 7]}"""


@pytest.mark.parametrize("document", [FEED, ATOM])
def test_W4_feeds_name_their_hub_and_their_own_address(document):
    parsed = parse_feed(ParseRequest(body=document.encode(), url=URL))
    assert (parsed.hubs, parsed.self_url) == (("https://hub.example/",), "https://harbour.example/self")


def test_W4_so_do_json_feeds():
    parsed = parse_json_feed(ParseRequest(body=JSON, url=URL))
    assert (parsed.hubs, parsed.self_url) == (("https://hub.example/",), "https://harbour.example/self")


def test_F4_a_feed_says_when_it_wants_no_visit():
    parsed = parse_feed(ParseRequest(body=FEED.encode(), url=URL))
    assert parsed.skip_hours == 1 << 0 | 1 << 7
    assert parsed.skip_days == 1 << 5 | 1 << 6


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_W9_the_right_signature_is_right_in_any_case(method):
    item_hash = hmac.new(b"secret", b"body", getattr(hashlib, method)).hexdigest()
    assert is_signed(f"{method}={item_hash}", b"body", "secret")
    assert is_signed(f" {method.upper()}={item_hash.upper()} ", b"body", "secret")
    assert not is_signed(f"{method}={item_hash}", b"body.", "secret")
    assert not is_signed(f"{method}={item_hash[:-1]}", b"body", "secret")


@pytest.mark.parametrize("signature", ["", "=", "sha256", "md5=00", "blake2b=00", "sha256=\xe9", "new=1"])
def test_W9_anything_else_is_wrong(signature):
    assert not is_signed(signature, b"body", "secret")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3600", 3600),
        ("1", 300),
        ("0", LEASE),
        ("", LEASE),
        ("-5", LEASE),
        ("soon", LEASE),
        ("٣", LEASE),
        ("9" * 5000, 365 * 86_400),
    ],
)
def test_W7_a_lease_stays_within_reason(text, seconds):
    assert parse_lease_seconds(text) == seconds


def test_W5_a_form_has_a_secret_only_where_there_is_one_to_share():
    form = dict(subscription_request("subscribe", "t", "c", "s"))
    assert form == {
        "hub.mode": "subscribe",
        "hub.topic": "t",
        "hub.callback": "c",
        "hub.lease_seconds": "864000",
        "hub.secret": "s",
    }
    assert "hub.secret" not in dict(subscription_request("subscribe", "t", "c", ""))
    assert set(dict(subscription_request("unsubscribe", "t", "c", "s"))) == {
        "hub.mode",
        "hub.topic",
        "hub.callback",
    }


def test_W7_a_challenge_has_a_sane_length():
    assert read_challenge({"hub.challenge": "x" * 4_096}) == "x" * 4_096
    assert read_challenge({"hub.challenge": "x" * 4_097}) == read_challenge({}) == ""
