"""Sitemaps, their parts, lists of articles and single pages as sources."""

import gzip
from datetime import timedelta

from syndicate.store.ingest import part_store
from tests.factories import NOW
from tests.jobs.ingest.page_site import DAY, HOUR, HTML, Site, page, row, story, urlset
from tests.net.scripted_server import answer

# Sitemaps


def test_a_news_sitemap_brings_its_articles_at_once_and_their_texts_later(sites: Site) -> None:
    rows = [row(sites.url(f"/news/{n}"), n * HOUR, title=f"Story {n}") for n in (1, 2)]
    sites.answers(
        {"/map.xml": answer(200, urlset(*rows)), "/news/1": page("Story 1"), "/news/2": answer(500, b"")}
    )
    sites.declare("/map.xml", kind='"sitemap"')
    assert sites.room.ingest()["harbour"].new == 2
    found = sites.room.articles()
    assert (found["Story 1"].published, found["Story 1"].language) == (NOW - HOUR, "en")
    result = sites.read()
    assert (result.read, result.new, result.failed) == (1, 0, 1)
    assert sites.bodies()["Story 1"].text.count("harbour master") == 30
    assert set(sites.room.articles()) == {"Story 1", "Story 2"}


def test_the_pages_of_a_plain_sitemap_tell_the_articles(sites: Site) -> None:
    facts = (
        '<script type="application/ld+json">{"@type": ["NewsArticle"], "headline": "Ferry sails",'
        ' "datePublished": "2026-11-24T07:10:00+01:00", "author": [{"name": "Nora O\'Dell"}],'
        ' "articleSection": "Sea", "image": {"url": "/ferry.jpg", "width": 1200, "height": 800}}</script>'
    )
    sites.answers(
        {"/map.xml": answer(200, urlset(row(sites.url("/news/1"), HOUR))), "/news/1": page(head=facts)}
    )
    sites.declare("/map.xml", kind='"sitemap"')
    assert sites.room.ingest()["harbour"].new == 0
    assert sites.room.articles() == {}
    result = sites.read()
    assert (result.read, result.new) == (1, 1)
    article = sites.room.articles()["Ferry sails"]
    assert article.published.isoformat() == "2026-11-24T06:10:00+00:00"
    assert (article.authors, article.section, article.url) == (("Nora O'Dell",), "Sea", sites.url("/news/1"))
    assert article.image is not None
    assert (article.image.url, article.image.width) == (sites.url("/ferry.jpg"), 1200)
    assert sites.room.ingest(NOW + DAY)["harbour"].unchanged


def test_what_a_sitemap_lists_besides_articles_is_no_article(site: Site) -> None:
    imprint = "<html><head><title>Imprint</title></head><body><p>1 Quay Street.</p></body></html>"
    site.answers({"/map.xml": answer(200, urlset(row(site.url("/imprint"), HOUR)))})
    site.answers({"/imprint": answer(200, imprint.encode(), **HTML)})
    site.declare("/map.xml", kind='"sitemap"')
    site.room.ingest()
    assert site.read().refused == 1
    assert site.room.articles() == {}


def test_a_later_lastmod_reads_the_page_again_and_only_then(sites: Site) -> None:
    url = sites.url("/news/1")
    old, new = urlset(row(url, 2 * HOUR)), urlset(row(url, -25 * HOUR))
    sites.answers(
        {
            "/map.xml": [answer(200, old), answer(200, new), answer(200, new + b"<!-- -->")],
            "/news/1": [page("Ferry"), page("Ferry", text=story(20))],
        }
    )
    sites.declare("/map.xml", kind='"sitemap"')
    texts = []
    for moment in (NOW, NOW + DAY, NOW + 2 * DAY):
        sites.room.ingest(moment)
        sites.read(moment)
        texts.append(sites.bodies()["Ferry"].text.count("harbour master"))
    assert texts == [30, 20, 20]
    assert sites.asked("/news") == ["/news/1", "/news/1"]


def test_the_first_reading_of_an_archive_takes_the_newest_and_never_the_rest(sites: Site) -> None:
    fresh = [row(sites.url(f"/news/{n}"), n * HOUR) for n in range(9)]
    archive = [row(sites.url(f"/old/{n}"), timedelta(days=30 + n)) for n in range(50)]
    undated = [row(sites.url(f"/some/{n}")) for n in range(50)]
    whole = [*archive, *undated, *fresh]
    later = [*whole, row(sites.url("/new/1"))]
    # A site built anew says that everything changed today.
    rebuilt = [part.replace("<lastmod>2026-10", "<lastmod>2026-11") for part in later]
    sites.answers({"/map.xml": [answer(200, urlset(*rows)) for rows in (whole, later, rebuilt)]})
    sites.answers({f"/news/{n}": page(f"News {n}") for n in range(9)})
    sites.answers({"/new/1": page("New 1")})
    sites.declare("/map.xml", "first = 4", kind='"sitemap"')
    for n in range(3):
        sites.room.ingest(NOW + n * DAY)
        sites.read(NOW + n * DAY)
    assert sites.asked("/news") == ["/news/0", "/news/1", "/news/2", "/news/3"]
    assert sites.asked("/new/") == ["/new/1"]
    assert sites.asked("/old") == sites.asked("/some") == []


def test_the_parts_of_an_index_are_read_with_validators_of_their_own(sites: Site) -> None:
    index = (
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        + "".join(
            f"<sitemap><loc>{sites.url(path)}</loc><lastmod>{(NOW - age).isoformat()}</lastmod></sitemap>"
            for path, age in (("/part/new.xml.gz", HOUR), ("/part/old.xml", timedelta(days=90)))
        )
        + "</sitemapindex>"
    ).encode()
    part = gzip.compress(urlset(row(sites.url("/news/1"), HOUR, title="Story 1")), mtime=0)
    sites.answers(
        {
            "/map.xml": answer(200, index),
            "/part/new.xml.gz": [
                answer(200, part, Content_Type="application/x-gzip", ETag='"p1"'),
                answer(304),
            ],
            "/news/1": page("Story 1"),
        }
    )
    sites.declare("/map.xml", kind='"sitemap"')
    assert sites.room.ingest()["harbour"].error == ""
    parts = sites.room.services.sitemap_parts.run(NOW)
    assert (parts.read, parts.new, parts.failures) == (1, 1, ())
    assert sites.room.services.sitemap_parts.run(NOW + HOUR).read == 0
    assert sites.room.services.sitemap_parts.run(NOW + 2 * DAY).read == 1
    asked = [request for request in sites.server.asked if request.path.startswith("/part")]
    assert [request.path for request in asked] == ["/part/new.xml.gz"] * 2
    assert asked[1].field("If-None-Match") == b'"p1"'


def test_a_part_that_fails_is_shown_and_tried_again(site: Site) -> None:
    index = (
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"<sitemap><loc>{site.url('/part.xml')}</loc></sitemap></sitemapindex>"
    ).encode()
    whole = urlset(row(site.url("/news/1"), HOUR, title="Story 1"))
    site.answers(
        {"/map.xml": answer(200, index), "/part.xml": [answer(200, whole[:-20]), answer(200, whole)]}
    )
    site.declare("/map.xml", kind='"sitemap"')
    site.room.ingest()
    (failure,) = site.room.services.sitemap_parts.run(NOW).failures
    assert "not a well-formed sitemap" in failure
    assert site.room.articles() == {}
    assert site.room.services.sitemap_parts.run(NOW + HOUR).new == 1


def test_the_parts_of_a_private_sitemap_are_told_without_their_address(sites: Site) -> None:
    index = (
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"<sitemap><loc>{sites.url('/part.xml?key=opensesame')}</loc></sitemap></sitemapindex>"
    ).encode()
    sites.answers(
        {"/map.xml": answer(200, index), "/part.xml?key=opensesame": answer(200, b"<html>no</html>")}
    )
    sites.declare("/map.xml", kind='"sitemap"', private="true")
    sites.room.ingest()
    told = [sites.room.services.sitemap_parts.run(NOW + n * DAY).failures for n in range(3)]
    with sites.room.store.read() as connection:
        (failing,) = part_store.failing_parts(connection, 3)
    assert all(len(failures) == 1 for failures in told)
    assert failing[:2] == ("of harbour", 3)
    assert "opensesame" not in repr((told, failing))


# Lists of articles, and single pages


LIST = """<html lang="en"><title>Announcements</title><ul>
<li class=n><a href="/news/1">Road closed</a> <time datetime="2026-11-24T08:00:00Z">today</time></li>
<li class=n><a href="/news/2"><img src="x.png"></a><a href="/news/2">Bridge opens</a>
<time>20 November 2026</time></li>
<li class=n>No link here</li><li class=ad><a href="/buy">Buy</a></li></ul></html>"""
SELECT = '{ item = "li.n", date = "time" }'


def test_a_list_of_articles_is_a_source(sites: Site) -> None:
    sites.answers(
        {"/list": answer(200, LIST.encode(), **HTML), "/news/1": page("Road"), "/news/2": page("Bridge")}
    )
    sites.declare("/list", select=SELECT)
    assert sites.room.ingest()["harbour"].new == 2
    found = sites.room.articles()
    assert found["Road closed"].published == NOW - HOUR
    assert found["Bridge opens"].published.date().isoformat() == "2026-11-20"
    assert sites.read().read == 2
    assert sites.bodies()["Road closed"].text.count("harbour master") == 30
    assert sites.room.ingest(NOW + DAY)["harbour"].unchanged


def test_a_list_that_lost_its_items_is_an_error_not_a_quiet_day(site: Site) -> None:
    site.answers({"/list": [answer(200, LIST.encode(), **HTML), page("Log in")]})
    site.declare("/list", select=SELECT)
    site.room.ingest()
    assert "select.item" in site.room.ingest(NOW + DAY)["harbour"].error
    assert len(site.room.articles()) == 2


def test_other_selectors_read_the_list_anew(site: Site) -> None:
    site.answers({"/list": answer(200, LIST.encode(), ETag='"1"', **HTML)})
    site.declare("/list", select=SELECT)
    assert site.room.ingest()["harbour"].new == 2
    site.declare("/list", select='{ item = "li" }')
    assert site.room.ingest(NOW + HOUR)["harbour"].new == 1


def test_a_single_page_is_an_article_that_changes_with_its_text(sites: Site) -> None:
    same = page("Tide table", head="<meta name=visit content=2>")
    sites.answers({"/tides": [page("Tide table"), same, page("Tide table", text=story(20))]})
    sites.declare("/tides", kind='"page"')
    outcomes = [sites.room.ingest(NOW + n * DAY)["harbour"] for n in range(3)]
    assert [(outcome.new, outcome.changed, outcome.error) for outcome in outcomes] == [
        (1, 0, ""),
        (0, 0, ""),
        (0, 1, ""),
    ]
    assert sites.bodies()["Tide table"].text.count("harbour master") == 20
