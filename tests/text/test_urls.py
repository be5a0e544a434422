import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.text.urls import (
    absolute_url,
    canonical_link,
    canonical_url,
    host_of,
    is_web_url,
    origin_of,
    same_site,
)

WEB = st.one_of(
    st.text(),
    st.builds(
        lambda scheme, host, rest: f"{scheme}://{host}{rest}",
        st.sampled_from(["http", "https", "HTTP", "ftp"]),
        st.one_of(
            st.text(max_size=12),
            st.sampled_from(["example.com", "Bücher.example:443", "[::1]:80", "a@b", "%61.org"]),
        ),
        st.text(
            alphabet=st.one_of(st.sampled_from("/.?#&=%!\\ utm_a1~é\u202e\ud800;@:[]"), st.characters()),
            max_size=40,
        ),
    ),
)


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://example.com/news/a-b_c~d.html", "https://example.com/news/a-b_c~d.html"),
        ("HTTPS://EXAMPLE.Com", "https://example.com/"),
        ("http://example.com:80/a", "http://example.com/a"),
        ("https://example.com:80/a", "https://example.com:80/a"),
        ("http://example.com./", "http://example.com/"),
        ("https://bücher.example/ü?q=ü", "https://xn--bcher-kva.example/%C3%BC?q=%C3%BC"),
        ("http://127。0。0。1/", "http://127.0.0.1/"),
        ("https://example.com/a/./b/../c//d", "https://example.com/a/c//d"),
        ("https://example.com/%7Euser/%c3%a9%2f", "https://example.com/~user/%C3%A9%2F"),
        ("https://example.com/100%/%zz", "https://example.com/100%25/%25zz"),
        ("  https://exam\nple.com/a\tb ", "https://example.com/ab"),
        ("http:\\\\example.com\\a?b=\\c", "http://example.com/a?b=%5Cc"),
        ("http://127.0.0.1\\@example.com/", "http://127.0.0.1/@example.com/"),
        ("https://[2001:DB8::0:1]:443/", "https://[2001:db8::1]/"),
        ("https://example.com/a#part", "https://example.com/a"),
        ("https://example.com/#!/story/1", "https://example.com/#!/story/1"),
    ],
)
def test_one_page_has_one_canonical_address(url, canonical):
    assert canonical_url(url) == canonical


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("?utm_source=a&id=4&UTM_Medium=b&fbclid=x&page=2", "?id=4&page=2"),
        ("?gclid=1&mc_cid=2&mc_eid=3&_ga=4&at_campaign=5&wt.mc_id=6", ""),
        ("?ref=home&source=rss&id=1&cmp=2", "?ref=home&source=rss&id=1&cmp=2"),
        ("?%75tm_source=a&b=2", "?b=2"),
        ("?a=1&amp;utm_campaign=2", "?a=1"),
        ("?", ""),
        ("?b=2&a=1&&b=3", "?b=2&a=1&b=3"),
    ],
)
def test_CF13_tracking_parameters_go_and_others_stay_in_order(query, left):
    assert canonical_url("https://example.com/a" + query) == "https://example.com/a" + left


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com/",
        "javascript:alert(1)",
        "data:text/html,hi",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user:secret@example.com/",
        "https://user@example.com/",
        "https://exa mple.com/",
        "https://example..com/",
        "https://exa<mple.com/",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://[::1/",
        "https://[v1.x]/",
        "https://" + "a" * 300 + ".com/",
        "https://\ud800.com/",
        "https://example.com/" + "a" * 9000,
    ],
)
def test_what_is_no_web_address_has_no_canonical_one(url):
    assert canonical_url(url) == ""
    assert not is_web_url(url)
    assert host_of(url) == ""


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://bank.com@evil.example/a", "https://evil.example/a"),
        ("https:\\\\user:secret@evil.example", "https://evil.example/"),
        ("//user@evil.example/@name", "https://evil.example/@name"),
        ("https://social.example/@name?u=//a@b", "https://social.example/@name?u=//a@b"),
        ("https://exa\u200bmple.com/a\u2060b\ufeff", "https://example.com/ab"),
        ("https://example.com/a%E2%80%8B", "https://example.com/a"),
        ("https://example.com/\u0645\u06cc\u200c\u0634", "https://example.com/%D9%85%DB%8C%E2%80%8C%D8%B4"),
        ("https://\u0430pple.com/", "https://xn--pple-43d.com/"),
    ],
)
def test_links_have_no_userinfo_no_invisible_characters_and_hosts_in_ascii(written, url):
    assert absolute_url("", written) == url


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://EXAMPLE.com/log?utm_source=x#v1", "https://example.com/log#v1"),
        ("https://example.com/log#utm_source=rss&utm_medium=feed", "https://example.com/log"),
        ("https://example.com/log#xtor=RSS-1", "https://example.com/log"),
        ("https://example.com/a-1#publisher=newsstand", "https://example.com/a-1"),
        ("https://example.com/a-1#publisher=penguin", "https://example.com/a-1#publisher=penguin"),
        ("https://example.com/log#a=1&utm_source=rss", "https://example.com/log#a=1"),
        ("https://example.com/#!/route", "https://example.com/#!/route"),
        ("https://example.com/log#", "https://example.com/log"),
        ("https://user@example.com/log#v1", ""),
    ],
)
def test_a_canonical_link_keeps_its_fragment(url, link):
    assert canonical_link(url) == link


@given(WEB)
def test_canonical_url_is_idempotent_and_plain_ascii(url):
    canonical = canonical_url(url)
    assert canonical_url(canonical) == canonical
    assert canonical.isascii()
    assert not set(canonical) & set(' "<>\\^`{|}')
    assert canonical == "" or (is_web_url(canonical) and host_of(canonical) == host_of(url))


@given(WEB, WEB)
def test_absolute_url_gives_only_addresses_that_stay_as_they_are(base, reference):
    url = absolute_url(base, reference)
    assert url == "" or url.startswith(("http://", "https://", "mailto:"))
    assert absolute_url("", url) == url


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("c.html", "https://example.com/a/c.html"),
        ("../c?d=1", "https://example.com/c?d=1"),
        ("/c", "https://example.com/c"),
        ("?page=2", "https://example.com/a/b?page=2"),
        ("#note", "https://example.com/a/b?q=1#note"),
        ("//other.example/x", "https://other.example/x"),
        ("https://other.example/x?utm_source=rss#top", "https://other.example/x?utm_source=rss#top"),
        ("a b/ü.jpg", "https://example.com/a/a%20b/%C3%BC.jpg"),
        ("mailto:desk@example.com?subject=Hi", "mailto:desk@example.com"),
        ("MAILTO:desk@example.com", "mailto:desk@example.com"),
        ("mailto:a@example.com%0D%0ABcc:b@example.com", ""),
        ("", ""),
        ("javascript:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("\x01javascript:alert(1)", ""),
        ("data:image/png;base64,AAAA", ""),
        ("cid:part1", ""),
        ("tel:+4912345", ""),
    ],
)
def test_links_are_resolved_against_the_page_or_dropped(reference, url):
    assert absolute_url("https://example.com/a/b?q=1", reference) == url


@pytest.mark.parametrize(
    ("base", "reference", "url"),
    [
        ("", "//cdn.example/a.jpg", "https://cdn.example/a.jpg"),
        ("http://example.com/", "//cdn.example/a.jpg", "http://cdn.example/a.jpg"),
        ("", "a.jpg", ""),
        ("javascript:x//", "a.jpg", ""),
        ("https://user:pw@example.com/", "a.jpg", ""),
        ("https://example.com", "a.jpg", "https://example.com/a.jpg"),
    ],
)
def test_P14_a_base_that_is_no_web_page_resolves_nothing(base, reference, url):
    assert absolute_url(base, reference) == url


def test_the_host_is_the_one_a_browser_would_connect_to():
    assert host_of("https://News.Example.com:8443/a?b#c") == "news.example.com"
    assert host_of("http://127.0.0.1\\@example.com/") == "127.0.0.1"
    assert host_of("http://[::1]:8080/") == "::1"
    assert host_of("https://bücher.example/") == "xn--bcher-kva.example"


@pytest.mark.cpu_seconds(10)
def test_long_hostile_addresses_take_no_time():
    for url in (
        "https://" + "a." * 4000,
        "https://a/" + "../" * 2700,
        "https://a/" + "%" * 8000,
        "https://a/?" + "&" * 8000,
    ):
        canonical_url(url)
        absolute_url(url, url)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://news.example/feed", "http://news.example:8080/other", True),
        ("https://www.news.example/", "https://news.example/", True),
        ("https://feeds.news.example/", "https://www.news.example/", True),
        ("https://harbour.example/", "https://quay.example/", False),
        ("https://bbc.co.uk/", "https://evil.co.uk/", False),
        ("https://news.example.com/", "https://sport.example.com/", True),
        ("https://news.example/", "https://news.example.evil.org/", False),
        ("https://10.0.0.1/", "https://10.0.0.2/", False),
        ("https://news.example/", "not an address", False),
    ],
)
def test_two_addresses_are_of_one_site_only_when_their_hosts_say_so(one, other, same):
    assert same_site(one, other) is same_site(other, one) is same


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://News.example:8443/a?b#c", "https://news.example:8443"),
        ("https://news.example:443/a", "https://news.example"),
        ("http://news.example", "http://news.example"),
        ("https://Bücher.example/feed", "https://xn--bcher-kva.example"),
        ("http://[::1]:8080/feed", "http://[::1]:8080"),
        ("http://[oops/", ""),
        ("/srv/articles", ""),
    ],
)
def test_an_origin_has_one_spelling(url: str, origin: str):
    assert origin_of(url) == origin


@given(WEB)
def test_every_spelling_of_a_page_has_one_origin(url: str):
    canonical = canonical_url(url)
    assert not canonical or origin_of(url) == origin_of(canonical)
