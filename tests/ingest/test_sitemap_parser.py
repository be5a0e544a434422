"""Sitemaps: the protocol's rules, Google's extensions, and errors."""

import gzip

import pytest

from syndicate.errors import ParseError
from syndicate.ingest.page.sitemap_parser import parse_sitemap
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import ParsedSource

URL = "https://news.example/sitemap.xml"
CORE = "http://www.sitemaps.org/schemas/sitemap/0.9"
NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
IMAGE = "http://www.google.com/schemas/sitemap-image/1.1"


def read(
    body: bytes | str, *, url: str = URL, known: frozenset[str] = frozenset(), requested_url: str = ""
) -> ParsedSource:
    raw = body.encode() if isinstance(body, str) else body
    request = ParseRequest(body=raw, url=url, known=known)
    return parse_sitemap(request, requested_url=requested_url)


def urlset(*rows: str, core: str = CORE) -> str:
    inside = "".join(f"<url>{row}</url>" for row in rows)
    return f'<urlset xmlns="{core}" xmlns:news="{NEWS}" xmlns:image="{IMAGE}">{inside}</urlset>'


def locations(parsed: ParsedSource) -> list[str]:
    return [entry.url for entry in parsed.entries]


def test_S3_a_news_sitemap_has_title_date_language_keywords_and_image():
    (entry,) = read(
        urlset(
            "<loc>https://news.example/1?utm_source=map&amp;id=7</loc><image:image><image:loc>/i.jpg</image:loc>"
            "<image:title>A</image:title></image:image><news:news><news:publication><news:name>N</news:name>"
            "<news:language>pt-br</news:language></news:publication>"
            "<news:publication_date>2026-11-24T07:00:00-03:00</news:publication_date>"
            "<news:title>Mar&#233; alta &amp; vento</news:title>"
            "<news:keywords>mar, vento, Mar</news:keywords></news:news>"
        )
    ).entries
    assert (entry.url, entry.title, entry.language) == (
        "https://news.example/1?id=7",
        "Maré alta & vento",
        "pt-br",
    )
    assert entry.published is not None
    assert entry.published.isoformat() == "2026-11-24T10:00:00+00:00"
    assert [tag.casefold() for tag in entry.tags] == ["mar", "vento"]
    assert entry.image is not None
    assert entry.image.url == "https://news.example/i.jpg"


def test_CF13_a_counter_is_not_the_picture_of_an_article():
    (entry,) = read(
        urlset(
            "<loc>https://news.example/1</loc><image:image>"
            "<image:loc>https://stats.wp.com/g.gif?1</image:loc></image:image>"
        )
    ).entries
    assert entry.image is None


@pytest.mark.parametrize(
    ("lastmod", "expected"),
    [
        ("2026-11-24", "2026-11-24T00:00:00+00:00"),
        ("2026-11-24T07:10Z", "2026-11-24T07:10:00+00:00"),
        ("2026-11-24T07:10:11.5+01:00", "2026-11-24T06:10:11.500000+00:00"),
        ("yesterday", "None"),
        ("", "None"),
    ],
)
def test_S1_lastmod_is_a_w3c_date(lastmod: str, expected: str):
    (entry,) = read(urlset(f"<loc>https://news.example/1</loc><lastmod>{lastmod}</lastmod>")).entries
    updated = entry.updated
    assert str(updated.isoformat() if updated else None) == expected
    assert entry.published is None


@pytest.mark.parametrize(
    "core",
    [CORE, CORE.replace("http:", "https:"), CORE + "/", "http://www.google.com/schemas/sitemap/0.84", ""],
)
def test_namespaces_as_they_are_found(core: str):
    assert locations(read(urlset("<loc>https://news.example/1</loc>", core=core))) == [
        "https://news.example/1"
    ]


def test_S1_addresses_of_other_hosts_are_left_out_with_a_warning():
    rows = [
        f"<loc>https://{host}/1</loc>" for host in ("news.example", "www.news.example", "evil.example", "a@b")
    ]
    parsed = read(urlset(*rows, "<loc>javascript:alert(1)</loc>", "<lastmod>2026-11-24</lastmod>"))
    assert locations(parsed) == ["https://news.example/1", "https://www.news.example/1"]
    assert "4 URLs on other hosts" in parsed.warnings[0]


def test_a_sitemap_that_a_network_serves_for_its_host_is_that_hosts():
    body = urlset("<loc>https://news.example/1</loc>")
    assert locations(read(body, url="https://cdn.example/map.xml", requested_url=URL)) == [
        "https://news.example/1"
    ]
    with pytest.raises(ParseError, match=r"without any URL on cdn\.example"):
        read(body, url="https://cdn.example/map.xml")


def test_an_index_lists_its_parts():
    index = (
        f'<sitemapindex xmlns="{CORE}"><sitemap><loc>https://news.example/a.xml.gz</loc>'
        "<lastmod>2026-11-24</lastmod></sitemap><sitemap><loc>https://news.example/b.xml</loc></sitemap></sitemapindex>"
    )
    parsed = read(index)
    assert parsed.entries == ()
    assert [(part.url, part.changed is not None) for part in parsed.parts] == [
        ("https://news.example/a.xml.gz", True),
        ("https://news.example/b.xml", False),
    ]


def test_a_gzip_file_and_a_plain_list_are_sitemaps_too():
    body = urlset("<loc>https://news.example/1</loc>").encode()
    assert locations(read(gzip.compress(body, mtime=0))) == ["https://news.example/1"]
    assert locations(read("\ufeffhttps://news.example/1\r\n\nhttps://news.example/2\n")) == [
        "https://news.example/1",
        "https://news.example/2",
    ]


def test_known_addresses_are_not_told_again_until_they_change():
    rows = [
        "<loc>https://news.example/1</loc><lastmod>2026-11-23</lastmod>",
        "<loc>https://news.example/2</loc>",
    ]
    first = read(urlset(*rows))
    known = frozenset(first.item_hashes)
    assert read(urlset(*rows), known=known).entries == ()
    changed = [rows[0].replace("23", "24"), rows[1]]
    assert locations(read(urlset(*changed), known=known)) == ["https://news.example/1"]


def test_an_address_that_is_listed_twice_is_one_entry():
    row = "<loc>https://news.example/1#a</loc>"
    assert locations(read(urlset(row, row))) == ["https://news.example/1"]


def test_bare_ampersands_are_mended():
    assert locations(read(urlset("<loc>https://news.example/?a=1&b=2</loc>"))) == [
        "https://news.example/?a=1&b=2"
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (urlset("<loc>https://news.example/1</loc>")[:-30], "not a well-formed sitemap"),
        (gzip.compress(urlset("<loc>https://news.example/1</loc>").encode(), mtime=0)[:-20], "broke off"),
        (gzip.compress(gzip.compress(b"<urlset/>", mtime=0), mtime=0), "gzip inside gzip"),
        (urlset(), "without any URL"),
        ("<html><title>Log in</title></html>", "not a sitemap: its first element is html"),
        ("<rss><channel/></rss>", "not a sitemap: its first element is rss"),
        ("Service unavailable", "is not a URL"),
        ("<urlset>" + "<a>" * 30, "nested deeper"),
        ("<urlset><url " + " ".join(f'a{n}="1"' for n in range(200)) + "/></urlset>", "attributes"),
    ],
)
def test_what_is_no_whole_sitemap_is_an_error_and_not_a_shorter_one(body: bytes | str, reason: str):
    with pytest.raises(ParseError, match=reason):
        read(body)


def test_entities_do_not_expand():
    bomb = '<!DOCTYPE u [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + urlset(
        "<loc>https://news.example/&b;</loc>"
    )
    assert all("aaaa" not in address for address in locations(read(bomb)))


@pytest.mark.all
def test_S1_nothing_is_read_beyond_50_000_addresses_and_50_megabytes():
    parsed = read(urlset(*(f"<loc>https://news.example/{n}</loc>" for n in range(50_002))))
    assert len(parsed.entries) == 50_000
    assert "2 URLs" in parsed.warnings[0]
    with pytest.raises(ParseError, match="more than the limit"):
        read(gzip.compress(b"<urlset>" + b" " * 50 * 1024 * 1024 + b"</urlset>", compresslevel=1, mtime=0))
