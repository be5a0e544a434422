"""Frames on other sites: top stories and a story, oEmbed, and their files for static hosts."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from syndicate.cli.operate.serving import site_app
from tests.factories import NOW, new_article
from tests.jobs.room import SITE, Room, opened_room, source
from tests.web.conftest import serving

HOSTILE = "</a><script>alert(1)</script>"


@pytest.fixture
def embedded(tmp_path: Any) -> Any:
    with opened_room(tmp_path) as room:
        web = '[web]\nembed_origins = ["https://town.example"]\n'
        room.declare(web + source("harbour", "https://harbour.example/feed"))
        room.add(
            new_article(1, title="Rates rise again", text="The bank raised its rate.", summary="The bank."),
            new_article(2, title=HOSTILE, text="Corals spread in warm water.", summary="Corals."),
        )
        room.services.stories.run(NOW)
        room.services.publish.run(NOW)
        yield room


@pytest.fixture
def site(embedded: Room) -> Any:
    app: Any = site_app(embedded.services, dict)
    with serving(app, embedded.folder / "feeds") as served:
        yield served


def test_top_stories_may_be_framed_by_the_sites_of_the_configuration(site: Any) -> None:
    for path in ("/embed/top", "/embed/top.html"):
        answer = site.get(path)
        assert "Rates rise again" in answer.body.decode()
        assert "<script>" not in answer.body.decode()
        policy = answer["content-security-policy"]
        assert "frame-ancestors https://town.example" in policy
        assert "script-src" not in policy
    assert "frame-ancestors 'none'" in site.get("/site/index.html")["content-security-policy"]


def test_a_story_is_framed_by_its_number(site: Any) -> None:
    assert "harbour" in site.get("/embed/story/1").body.decode()
    for number in ("999", "99999999999999999999999", "x"):
        assert site.get(f"/embed/story/{number}").status == 404


def test_static_hosts_get_the_top_stories_and_the_elements(embedded: Room, site: Any) -> None:
    folder = embedded.folder / "feeds" / "embed"
    assert "Rates rise again" in (folder / "top.html").read_text()
    script = site.get("/embed/embed.js")
    assert script.status == 200
    assert "syndicate-top" in script.body.decode()
    assert (folder / "embed.css").exists()


def test_oembed_describes_only_own_addresses_and_repeats_none(site: Any) -> None:
    found = json.loads(site.get(f"/oembed?url={quote(SITE + '/site/index.html', safe='')}&maxwidth=300").body)
    assert (found["type"], found["version"], found["width"]) == ("rich", "1.0", 300)
    assert found["html"].startswith(f'<iframe src="{SITE}/embed/top"')
    page = quote(f"{SITE}/site/stories/rates-1f.html", safe="")
    story = json.loads(site.get(f"/oembed?url={page}").body)
    assert f'src="{SITE}/embed/story/31"' in story["html"]
    foreign = (
        "https://evil.example/",
        f"{SITE}.evil.example/site/index.html",
        f"{SITE}@evil.example/",
        "http://127.0.0.1/",
        f"{SITE}/site/stories/../../x-1.html",
        f"{SITE}/subscribe",
        "javascript:alert(1)",
        "",
    )
    for url in foreign:
        assert site.get(f"/oembed?url={quote(url, safe='')}").status == 404, url
    assert site.get("/oembed?url=x&format=xml").status == 501


def test_pages_name_their_description(site: Any) -> None:
    assert "application/json+oembed" in site.get("/site/index.html").body.decode()


def test_without_the_setting_nothing_may_be_framed(tmp_path: Any) -> None:
    with opened_room(tmp_path) as room:
        room.declare(source("harbour", "https://harbour.example/feed"))
        room.services.publish.run(NOW)
        assert room.services.embeds is None
        assert not (tmp_path / "feeds" / "embed").exists()
