import pytest
from yarl import URL

from syndicate.errors import FetchError
from syndicate.net.request_urls import check_url, redirect_target


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://a.example/feed",
        "gopher://a.example/1",
        "data:text/xml,<rss/>",
        "javascript:alert(1)",
        "feed",
        "//a.example/feed",
        "",
        "http://",
        "http:///feed",
        "http://a.example:99999/",
        "http://a.example:port/",
        "http://a b.example/",
        "http://[fe80::1%25eth0]/",
        "http://[::1/",
        "http://127.0.0.1\\@a.example/",
        "http://a.example/\r\nX: y",
        "http://a.example/\x00",
        "http://user:secret@a.example/",
        "http://user@a.example/",
    ],
)
def test_FF6_only_plain_http_and_https_urls_are_fetched(url):
    with pytest.raises(FetchError, match="cannot be fetched"):
        check_url(url)


def test_FF6_the_refusal_does_not_repeat_credentials():
    with pytest.raises(FetchError) as refused:
        check_url("http://user:secret@a.example/")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("http://a.example", "http://a.example"),
        ("http://a.example/%7Eme/?q=%2B+a%2f&x", "http://a.example/%7Eme/?q=%2B+a%2f&x"),
        ("https://a.example/feed#top", "https://a.example/feed"),
        ("http://münchen.example/ü", "http://xn--mnchen-3ya.example/%C3%BC"),
        ("http://a.example/two words", "http://a.example/two%20words"),
        ("HTTP://A.example/Feed", "http://A.example/Feed"),
    ],
)
def test_F10_a_url_is_asked_for_as_it_was_written(written, asked):
    assert str(check_url(written)) == asked


@pytest.mark.parametrize(
    ("source", "location", "target"),
    [
        ("http://a.example/x/feed", "new", "http://a.example/x/new"),
        ("http://a.example/x/feed", "/new?a=b", "http://a.example/new?a=b"),
        ("http://a.example/feed", "//b.example/feed", "http://b.example/feed"),
        ("https://a.example/feed", "//b.example/feed", "https://b.example/feed"),
        ("http://a.example/feed", "https://a.example/feed", "https://a.example/feed"),
    ],
)
def test_F8_a_redirect_is_resolved_against_where_it_came_from(source, location, target):
    assert str(redirect_target(URL(source), location)) == target


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("", "without saying where"),
        ("file:///etc/passwd", "only http and https"),
        ("http://a.example/feed", "not encrypted"),
        ("https://user:secret@a.example/", "user name and password"),
        ("http://[::1", "not a valid URL"),
        ("//[", "not a valid URL"),
        ("http://a.example\u2100/", "not a valid URL"),
    ],
)
def test_F8_a_redirect_we_do_not_follow_says_why(location, reason):
    with pytest.raises(FetchError, match=reason):
        redirect_target(URL("https://a.example/feed"), location)
