import gzip
import os
import socket
from email.utils import parsedate_to_datetime

import pytest

from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
from syndicate.publish.site import redirect_page
from syndicate.templating import Templates
from syndicate.web import WebOptions
from tests.web.conftest import TUESDAY, serving
from tests.web_app import create_app

RSS = b'<?xml version="1.0"?><rss version="2.0">' + b"<item>news</item>" * 200 + b"</rss>"
POLICY = (
    "default-src 'none'; img-src * data:; media-src *; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@pytest.mark.parametrize(
    ("name", "kind", "age"),
    [
        ("top.rss", "application/rss+xml; charset=utf-8", 900),
        ("top.atom", "application/atom+xml; charset=utf-8", 900),
        ("top.json", "application/feed+json", 900),
        ("sources.opml", "text/x-opml; charset=utf-8", 900),
        ("news-sitemap.xml", "application/xml; charset=utf-8", 900),
        ("feed.css", "text/css; charset=utf-8", 300),
        ("site/site.js", "text/javascript; charset=utf-8", 300),
        ("site/favicon.svg", "image/svg+xml", 300),
        ("site/favicon.png", "image/png", 300),
        ("favicon.ico", "image/x-icon", 300),
        ("robots.txt", "text/plain; charset=utf-8", 300),
        ("manifest.webmanifest", "application/manifest+json", 300),
        (".well-known/security.txt", "text/plain; charset=utf-8", 300),
        ("site/a/deep/page.html", "text/html; charset=utf-8", 300),
        ("site/r\u00e9sum\u00e9.html", "text/html; charset=utf-8", 300),
    ],
)
def test_H12_every_kind_of_file_has_its_type_and_freshness(site, name, kind, age):
    site.put(name, b"content")
    answer = site.get("/" + name.encode().decode("latin-1").replace("\xc3\xa9", "%C3%A9"))
    assert (answer.status, answer.body) == (200, b"content")
    assert answer["Content-Type"] == kind
    assert answer["Cache-Control"].startswith(f"public, max-age={age}, stale-while-revalidate=")
    assert "stale-if-error=" in answer["Cache-Control"]
    assert answer["Set-Cookie"] is None


def test_the_root_leads_to_the_front_page_and_folders_to_their_index(site):
    site.put("site/index.html", b"front")
    site.put("site/world/index.html", b"world")
    root, bare = site.get("/"), site.get("/site/world")
    assert (root.status, root["Location"]) == (302, "/site/index.html")
    assert (bare.status, bare["Location"]) == (308, "/site/world/")
    assert site.get("/site/").body == b"front"
    assert site.get("/site/world/").body == b"world"


def test_H1_strong_etags_differ_by_coding_and_last_modified_is_the_files(site):
    site.put("top.rss", RSS)
    plain, packed = site.get("/top.rss"), site.get("/top.rss", Accept_Encoding="gzip")
    assert plain["ETag"].startswith('"')
    assert packed["ETag"].startswith('"')
    assert plain["ETag"] != packed["ETag"]
    assert plain["Last-Modified"] == packed["Last-Modified"] == "Tue, 24 Nov 2026 09:00:00 GMT"
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body == RSS
    assert packed["Content-Length"] == str(len(packed.body))


def test_H1_the_date_is_sent(site):
    site.put("top.rss", RSS)
    assert parsedate_to_datetime(site.get("/top.rss")["Date"]).tzinfo is not None


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_H2_an_unchanged_file_is_a_304_with_its_headers_and_no_body(site, coding):
    site.put("top.rss", RSS)
    full = site.get("/top.rss", Accept_Encoding=coding)
    for conditions in (
        {"If_None_Match": full["ETag"]},
        {"If_None_Match": f'"other", W/{full["ETag"]}'},
        {"If_Modified_Since": full["Last-Modified"]},
    ):
        again = site.get("/top.rss", Accept_Encoding=coding, **conditions)
        assert (again.status, again.body) == (304, b"")
        for name in ("ETag", "Last-Modified", "Cache-Control", "Vary"):
            assert again[name] == full[name]
        assert again["Content-Type"] is None
        assert again["Content-Encoding"] is None


def test_H2_an_etag_that_does_not_match_wins_over_a_date_that_does(site):
    site.put("top.rss", RSS)
    modified = site.get("/top.rss")["Last-Modified"]
    assert site.get("/top.rss", If_None_Match='"old"', If_Modified_Since=modified).status == 200


def test_H3_equal_bytes_keep_their_etag_across_rewrites_and_changed_bytes_do_not(site):
    site.put("top.rss", RSS)
    first = [site.get("/top.rss", Accept_Encoding=coding)["ETag"] for coding in ("", "gzip")]
    site.put("top.rss", RSS, modified=TUESDAY + 60)
    same = [site.get("/top.rss", Accept_Encoding=coding)["ETag"] for coding in ("", "gzip")]
    site.put("top.rss", RSS.replace(b"news", b"more"), modified=TUESDAY + 60)
    changed = [site.get("/top.rss", Accept_Encoding=coding) for coding in ("", "gzip")]
    assert first == same
    assert not {answer["ETag"] for answer in changed} & set(first)
    assert b"more" in changed[0].body
    assert b"more" in gzip.decompress(changed[1].body)


@pytest.mark.parametrize(
    ("name", "size", "accept", "packed"),
    [
        ("a.rss", 1024, "gzip", True),
        ("a.html", 5000, "br, gzip;q=0.1", True),
        ("a.rss", 1023, "gzip", False),
        ("a.rss", 5000, "gzip;q=0", False),
        ("a.rss", 5000, "br", False),
        ("a.png", 5000, "gzip", False),
    ],
)
def test_H5_text_of_a_kilobyte_is_packed_for_those_who_accept_it(site, name, size, accept, packed):
    site.put(name, b"x" * size)
    answer = site.get("/" + name, Accept_Encoding=accept)
    assert (answer["Content-Encoding"] == "gzip") is packed


@pytest.mark.parametrize("accept", ["", "gzip"])
def test_H5_every_variant_of_text_varies(site, accept):
    site.put("a.html", b"x" * 5000)
    assert site.get("/a.html", Accept_Encoding=accept)["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/top.rss", "/site/", "/", "/missing.rss", "/unsubscribe/good", "/healthz"])
def test_H6_head_has_the_headers_of_get_and_no_body(site, path):
    site.put("top.rss", RSS)
    site.put("site/index.html", b"front" * 500)
    get = site.get(path, Accept_Encoding="gzip")
    head = site.ask("HEAD", path, Accept_Encoding="gzip")
    without_date = [pair for pair in get.fields.items() if pair[0].lower() != "date"]
    assert head.status == get.status
    assert [pair for pair in head.fields.items() if pair[0].lower() != "date"] == without_date
    assert head.body == b""


def test_H7_a_range_is_ignored(site):
    site.put("top.rss", RSS)
    answer = site.get("/top.rss", Range="bytes=0-9")
    assert (answer.status, answer.body) == (200, RSS)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/top.rss", "/site/", "/", "/healthz"])
def test_H8_files_can_only_be_read(site, method, path):
    site.put("top.rss", RSS)
    answer = site.ask(method, path, b"")
    assert answer.status == 405
    assert set(answer["Allow"].split(", ")) == {"GET", "HEAD"}
    assert site.get("/top.rss").body == RSS


@pytest.mark.parametrize(
    ("name", "fields", "kind"),
    [
        ("a.rss", {"Sec_Fetch_Dest": "document"}, "application/xml; charset=utf-8"),
        ("a.atom", {"Accept": "text/html,application/xml;q=0.9,*/*;q=0.8"}, "application/xml; charset=utf-8"),
        ("a.rss", {"Accept": "application/rss+xml, text/html"}, "application/rss+xml; charset=utf-8"),
        ("a.atom", {}, "application/atom+xml; charset=utf-8"),
        ("a.json", {"Sec_Fetch_Dest": "document"}, "application/feed+json"),
    ],
)
def test_D4_a_browser_gets_a_feed_it_can_style(site, name, fields, kind):
    site.put(name, RSS)
    assert site.get("/" + name, **fields)["Content-Type"] == kind


def test_D4_feeds_vary_by_what_decides_their_type(site):
    site.put("a.rss", RSS)
    etag = site.get("/a.rss")["ETag"]
    for fields in ({}, {"Sec_Fetch_Dest": "document"}, {"If_None_Match": etag}):
        assert site.get("/a.rss", **fields)["Vary"] == "Accept, Sec-Fetch-Dest, Accept-Encoding"


@pytest.mark.parametrize(
    ("name", "origin"),
    [("a.rss", "*"), ("a.atom", "*"), ("a.json", "*"), ("a.opml", "*"), ("a.html", None), ("a.css", None)],
)
def test_D6_scripts_of_other_sites_may_read_feeds_and_nothing_else(site, name, origin):
    site.put(name, RSS)
    assert site.get("/" + name)["Access-Control-Allow-Origin"] == origin


@pytest.mark.parametrize("path", ["/", "/site/", "/site", "/top.rss", "/feed.css", "/healthz"])
def test_WF14_security_headers_are_on_every_answer(site, path):
    site.put("top.rss", RSS)
    site.put("feed.css", b"x")
    site.put("site/index.html", b"front")
    answer = site.get(path)
    assert answer.status < 400
    assert answer["Content-Security-Policy"] == POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Server"] is None


@pytest.mark.parametrize(
    "path",
    [
        "/syndicate.db",
        "/syndicate.db-wal",
        "/config.toml",
        "/.env",
        "/.hidden.rss",
        "/.well-known",
        "/.well-known/",
        "/.well-known/.hidden.txt",
        "/.well-known/../.hidden.rss",
        "/.well-knowns/x.json",
        "/site/.well-known/x.json",
        "/.git/config.json",
        "/.top.rss.123abc.tmp",
        "/half.tmp",
        "/half.rss.tmp",
        "/site.js.map",
        "/message.eml",
        "/README",
        "/missing.rss",
        "/../secret.rss",
        "/site/../../secret.rss",
        "/%2e%2e/secret.rss",
        "/site/..%2f..%2fsecret.rss",
        "/..%5csecret.rss",
        "/%00.rss",
        "/top.rss%00.html",
        "//top.rss",
        "/site//page.html",
        "/./top.rss",
        "/top.rss/",
        "/outside.rss",
        "/settings.rss",
        "/elsewhere/secret.rss",
        "/loop.rss",
        "/pipe.rss",
        "/folder.rss",
        "/folder.rss/",
        "/empty/",
        "/empty",
        "/" + "x" * 300 + ".rss",
        "/TOP.RSS",
    ],
)
def test_WF15_what_is_not_meant_for_readers_does_not_exist(site, path):
    secret = site.folder.parent / "secret.rss"
    secret.write_bytes(b"SECRET")
    for name in (
        "syndicate.db",
        "config.toml",
        ".env",
        ".hidden.rss",
        ".well-known/.hidden.txt",
        ".well-knowns/x.json",
        "site/.well-known/x.json",
        ".git/config.json",
    ):
        site.put(name, b"SECRET")
    for name in ("half.tmp", "half.rss.tmp", "site.js.map", "message.eml", "README", ".top.rss.123abc.tmp"):
        site.put(name, b"SECRET")
    site.put("top.rss", RSS)
    site.put("site/page.html", b"page")
    (site.folder / "outside.rss").symlink_to(secret)
    (site.folder / "settings.rss").symlink_to("config.toml")
    (site.folder / "elsewhere").symlink_to(secret.parent)
    (site.folder / "loop.rss").symlink_to("loop.rss")
    (site.folder / "folder.rss").mkdir()
    (site.folder / "empty").mkdir()
    os.mkfifo(site.folder / "pipe.rss")
    answer = site.get(path)
    assert answer.status == 404
    assert b"SECRET" not in answer.body
    assert answer["Cache-Control"] == "no-store"


def test_WF15_a_link_that_stays_inside_is_followed(site):
    site.put("top.rss", RSS)
    (site.folder / "latest.rss").symlink_to("top.rss")
    assert site.get("/latest.rss").body == RSS


def test_a_redirect_never_leaves_the_site(site):
    (site.folder / "evil.example").mkdir()
    site.put("evil.example/index.html", b"x")
    assert site.get("//evil.example").status == 404
    assert site.get("/evil.example")["Location"] == "/evil.example/"


MOVED = (
    '<!DOCTYPE html>\n<meta charset="utf-8">\n<meta http-equiv="refresh" content="0; url={}">\n'
    '<link rel="canonical" href="https://news.example/site/a/">\n<title>Moved</title>\n<p>{}</p>\n'
)


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("world/", "/site/s%C3%A9/world/"),
        ("../stories/a-1.html", "/site/stories/a-1.html"),
        ("../stories/\u00e9&amp;-1.html", "/site/stories/%C3%A9&-1.html"),
        ("../stories/%C3%A9.html", "/site/stories/%C3%A9.html"),
    ],
)
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_page_at_an_old_address_leads_to_the_new_one(site, target, location, coding):
    site.put("site/s\u00e9/world.html", MOVED.format(target, "x" * 1000).encode())
    for _ in range(2):
        for method in ("GET", "HEAD"):
            answer = site.ask(method, "/site/s%C3%A9/world.html", Accept_Encoding=coding, If_None_Match="*")
            assert (answer.status, answer["Location"], answer.body) == (301, location, b"")
            assert answer["Cache-Control"].startswith("public, max-age=300")
    site.put("site/s\u00e9/world.html", b"page")
    assert site.get("/site/s%C3%A9/world.html", Accept_Encoding=coding).body == b"page"


def test_a_page_of_a_former_address_is_a_redirect_to_the_present_address(site):
    former, present = "site/sections/world.html", "site/sections/w\u00f6rld/index.html"
    site.put(former, redirect_page(former, present, "https://news.example"))
    answer = site.get(f"/{former}")
    assert (answer.status, answer["Location"]) == (301, "/site/sections/w%C3%B6rld/index.html")


@pytest.mark.parametrize(
    "page",
    [
        MOVED.format("https://evil.example/", ""),
        MOVED.format("//evil.example/", ""),
        MOVED.format("world/", "x" * 2000),
        "\n" + MOVED.format("world/", ""),
    ],
)
def test_a_redirect_by_file_stays_on_the_site_and_needs_the_whole_form(site, page):
    site.put("world.html", page.encode())
    answer = site.get("/world.html")
    assert (answer.status, answer.body) == (200, page.encode())


def test_an_own_page_of_the_folder_is_not_the_servers_error_page(site):
    site.put("404.html", b"own")
    assert site.get("/404.html").body == b"own"
    assert site.get("/missing.html").body != b"own"


@pytest.mark.parametrize(
    ("fields", "unlike"),
    [
        ({"Accept_Encoding": "gzip"}, {"Accept_Encoding": "identity"}),
        ({"Sec_Fetch_Dest": "document"}, {"Sec_Fetch_Dest": "empty"}),
    ],
)
def test_the_second_response_with_a_file_equals_the_first(site, fields, unlike):
    site.put("top.rss", RSS)
    first, other = site.get("/top.rss", **fields), site.get("/top.rss", **unlike)
    again, other_again = site.get("/top.rss", **fields), site.get("/top.rss", **unlike)
    for answer, repeated in ((first, again), (other, other_again)):
        assert {**dict(answer.fields), "date": ""} == {**dict(repeated.fields), "date": ""}
        assert answer.body == repeated.body
    assert dict(first.fields) != dict(other.fields)


def test_a_folder_that_is_not_there_yet_is_empty(site):
    site.folder.rmdir()
    assert site.get("/site/").status == 404
    site.put("site/index.html", b"front")
    assert site.get("/site/").body == b"front"


def test_healthz_is_what_the_daemon_says(site):
    well = site.get("/healthz")
    site.health["ok"] = False
    ill = site.get("/healthz")
    assert (well.status, well.body) == (200, b'{"ok":true,"sources":3}')
    assert ill.status == 503
    assert well["Cache-Control"] == "no-store"


def test_a_client_that_speaks_no_http_is_turned_away(site):
    with socket.create_connection((site.server.host, site.server.port), timeout=60) as raw:
        raw.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400")


def test_a_file_that_memory_does_not_hold_is_sent_again(tmp_path, sqlite_store):
    (tmp_path / "page.html").write_bytes(b"page")
    unsubscribe = UnsubscribeJob(store=sqlite_store)
    app = create_app(WebOptions(cache_bytes=0), tmp_path, unsubscribe, templates=Templates(), health=dict)
    with serving(app, tmp_path) as site:
        answers = [site.get("/page.html") for _ in range(2)]
        unchanged = site.get("/page.html", If_None_Match=answers[0]["ETag"] or "")
    assert [answer.body for answer in answers] == [b"page"] * 2
    assert (unchanged.status, unchanged.body) == (304, b"")


def test_W1_feeds_name_hub_and_self_in_their_header_and_pages_do_not(tmp_path, sqlite_store):
    (tmp_path / "news.rss").write_bytes(b"<rss/>")
    (tmp_path / "page.html").write_bytes(b"<p>")
    options = WebOptions(hub_url="https://hub.example/", site_url="https://news.example")
    unsubscribe = UnsubscribeJob(store=sqlite_store)
    app = create_app(options, tmp_path, unsubscribe, templates=Templates(), health=dict)
    with serving(app, tmp_path) as site:
        answers = [site.ask(method, "/news.rss") for method in ("GET", "HEAD")]
        page = site.get("/page.html")
    expected = '<https://hub.example/>; rel="hub", <https://news.example/news.rss>; rel="self"'
    assert [answer["Link"] for answer in answers] == [expected] * 2
    assert page["Link"] is None
