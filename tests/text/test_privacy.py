"""What may be said about a private source: no key, path or password, whatever a message repeats."""

import pytest

from syndicate.text.privacy import (
    has_credentials,
    looks_secret,
    mask_address,
    mask_mailboxes,
    masked_address,
    public_source,
)
from tests.factories import declared

URL = "https://paper.example/feed/s3cr3tpath?token=abc%2Bdefgh&x=1"


@pytest.mark.parametrize(
    "message",
    [
        f"{URL} answered 404: there is nothing there",
        f"{URL!r} cannot be fetched",
        "https://other.example/?token=abc%2Bdefgh could not be read",
        "it redirects to '/login?back=abc+defgh', which is not a URL",
        "https://ann:hunter2@paper.example/feed/s3cr3tpath could not be read",
        "http://paper.example/x?key=zzzzzz; https://third.example/zzzzzz",
    ],
)
def test_a_hidden_message_repeats_no_part_of_the_address(message: str):
    hidden = mask_address(message, URL)
    assert not any(part in hidden for part in ("s3cr3tpath", "abc%2Bdefgh", "abc+defgh", "hunter2", "zzzzzz"))


def test_a_hidden_message_still_says_which_host_and_what_happened():
    hidden = mask_address(f"{URL} answered 503: it is overloaded", URL)
    assert hidden == "https://paper.example/… answered 503: it is overloaded"


@pytest.mark.parametrize(
    ("url", "shown"),
    [(URL, "https://paper.example/…"), ("/srv/lists/coast.opml", "…"), ("https://u:p@paper.example/", "…")],
)
def test_only_the_host_of_an_address_is_shown(url: str, shown: str):
    assert masked_address(url) == shown


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/feed?token=x", True),
        ("https://a.example/feed?a=1&API_KEY=x#f", True),
        ("https://a.example/feed?token=", False),
        ("https://a.example/feed?feed=rss2", False),
        ("https://a.example/token", False),
        ("https://a.example/#?token=x", False),
    ],
)
def test_a_key_in_the_query_makes_an_address_look_secret(url: str, expected: bool):
    assert looks_secret(url) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://u:p@a.example/", True),
        ("feed://u@a.example/", True),
        ("feed:https://u@a.example/", True),
        ("https:\\\\u:p@a.example/", True),
        ("https://a.example/@ann", False),
        ("https://a.example/?to=ann@b.example", False),
    ],
)
def test_credentials_before_the_host_are_seen(url: str, expected: bool):
    assert has_credentials(url) is expected


def test_readers_get_a_private_source_by_its_name_and_host_only():
    secret = declared(
        url=URL, private=True, home_url="https://paper.example/?token=zz", feed_id=URL, title="The Paper"
    )
    shown = public_source(secret)
    assert (shown.url, shown.home_url, shown.feed_id, shown.title) == (
        "",
        "https://paper.example/",
        "",
        "The Paper",
    )
    assert "token" not in repr(shown)
    assert public_source(declared(url=URL)).url == URL


def test_the_answer_of_a_mail_server_shows_no_mailbox_in_any_spelling():
    answer = '550 5.1.1 <Mara.Lund@Mail.Example>: for "mara+news@other.example", user unknown'
    masked = mask_mailboxes(answer)
    assert masked == '550 5.1.1 <M••••d@Mail.Example>: for "m••••s@other.example", user unknown'
