"""Pages of channels: an editor tries, adds, renames, takes down and restores."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syndicate.model.actors import Change, command_actor
from syndicate.store.output import feed_read_store
from syndicate.store.output.feed_read_store import FeedReads
from tests.factories import NOW, new_article
from tests.jobs.room import Room, opened_room, source
from tests.web.admin.conftest import AdminClient, AdminSite, admin_site, serving_admin  # noqa: F401
from tests.web.forms import form_with

SOURCES = source("harbour", "https://harbour.example/feed")
DECLARED = '[[channels]]\nname = "news"\ntitle = "News"\n'
HOSTILE = "\"><script>alert(1)</script>&'\u202e"


@pytest.fixture
def admin_room(tmp_path: Any) -> Any:
    with opened_room(tmp_path) as room:
        room.declare('[admin]\nenabled = true\nsecond_step = "off"\n' + DECLARED + SOURCES)
        room.add(
            new_article(1, title="Rates rise again", section="Economy", tags=("money",)),
            new_article(2, title="A reef grows", section="Science"),
        )
        room.services.stories.run(NOW)
        yield room


def test_a_query_is_tried_without_saving_and_shows_the_clauses_that_match(admin_client: AdminClient) -> None:
    page = admin_client.page("/admin/channels/add?query=section:economy,sport&limit=10")
    assert "Rates rise again" in page
    assert "A reef grows" not in page
    assert "section:economy<" in page
    assert admin_client.page("/admin/channels").count("<tr>") == 2


def test_a_channel_shows_its_readers_by_day_and_the_line_that_declares_it(
    admin_client: AdminClient, admin_room: Room
) -> None:
    day = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    with admin_room.store.write() as connection:
        reads = {FeedReads("news", day - timedelta(days=3), "Miniflux"): 1200}
        feed_read_store.save_reads(connection, reads)
    page = admin_client.page("/admin/channels/news")
    assert "Readers by day, 30 days" in page
    assert "At least 1,200 on the best day" in page
    assert re.search(r"Declared in <code>config.toml, line \d+</code>", page)
    refused = admin_client.post("/admin/channels/news", {"do": "save", "title": "News", "query": "x"})
    assert refused.status == 409
    assert "news is declared in config.toml, line" in refused.body.decode()


def test_a_wrong_query_is_422_and_its_place_is_marked(admin_client: AdminClient) -> None:
    typed = {"name": "economy", "query": "section:economy colour:red", "do": "save"}
    answer = admin_client.post("/admin/channels/add", typed)
    page = answer.body.decode()
    assert answer.status == 422
    assert "section:economy <mark>colour:red</mark>" in page
    assert 'value="economy"' in page


def test_a_button_appends_a_clause_and_keeps_what_was_typed(admin_client: AdminClient) -> None:
    typed = {"name": "x", "title": "Typed", "query": "tag:money", "clause": "-tag:"}
    page = admin_client.post("/admin/channels/add", typed).body.decode()
    assert "tag:money -tag:" in page
    assert 'value="Typed"' in page


def test_a_channel_is_added_edited_renamed_taken_down_and_restored(
    admin_client: AdminClient, admin_room: Room
) -> None:
    fields = {"name": "economy", "title": "Economy", "query": "section:economy", "limit": "20", "do": "save"}
    assert "is added" in admin_client.follow(admin_client.post("/admin/channels/add", fields))
    admin_room.services.publish.run(NOW)
    folder = admin_room.folder / "feeds"
    assert "Rates rise again" in (folder / "economy.rss").read_text()

    edited = {"title": "Money", "query": "tag:money", "limit": "20", "do": "save"}
    assert "is saved" in admin_client.follow(admin_client.post("/admin/channels/economy", edited))
    admin_room.services.publish.run(NOW)
    assert "<title>Money</title>" in (folder / "economy.rss").read_text()

    renamed = admin_client.post("/admin/channels/economy/rename", {"new_name": "money"})
    assert "old addresses of economy" in admin_client.follow(renamed)
    admin_room.services.publish.run(NOW)
    assert admin_room.services.former_channels() == {"economy": "money"}
    assert (folder / "economy.rss").read_bytes() == (folder / "money.rss").read_bytes()
    assert "/money.rss" in (folder / "economy.rss").read_text()

    assert "410" in admin_client.page("/admin/channels/money/remove")
    admin_client.follow(admin_client.post("/admin/channels/money/remove"))
    admin_room.services.publish.run(NOW)
    assert admin_room.services.former_channels() == {"economy": "", "money": ""}
    assert "This feed has ended." in (folder / "money.rss").read_text()

    assert "is restored" in admin_client.follow(admin_client.post("/admin/channels/money/restore"))
    admin_room.services.publish.run(NOW)
    assert admin_room.services.former_channels() == {"economy": "money"}
    assert "Rates rise again" in (folder / "money.rss").read_text()


def test_a_declared_channel_is_read_only_and_its_block_can_be_copied(admin_client: AdminClient) -> None:
    page = admin_client.page("/admin/channels/news?query=tag:money")
    assert "[[channels]]\nname = &#34;news&#34;" in page
    assert "Save the channel" not in page
    saved = admin_client.post("/admin/channels/news", {"query": "tag:money", "do": "save"})
    assert saved.status == 409


def test_a_block_that_left_the_file_can_lead_its_readers_on(
    admin_client: AdminClient, admin_room: Room
) -> None:
    admin_room.services.publish.run(NOW)
    admin_client.post("/admin/channels/add", {"name": "latest", "do": "save"})
    admin_room.declare(DECLARED.replace("news", "other") + SOURCES)
    channels, change = admin_room.services.admin.channels, Change(actor=command_actor("nora"), now=NOW)

    assert channels.rename(change, "news", "latest").is_change
    assert not channels.rename(change, "news", "latest").is_change
    assert admin_room.services.former_channels() == {"news": "latest"}
    line = admin_room.services.admin.channel_views.line("news", NOW)
    assert (line.state, line.leads_to) == ("moved", "latest")


def test_hostile_texts_are_shown_as_text(admin_client: AdminClient) -> None:
    fields = {"name": "economy", "title": HOSTILE, "query": "tag:money", "description": HOSTILE, "do": "save"}
    admin_client.follow(admin_client.post("/admin/channels/add", fields))
    for path in ("/admin/channels", "/admin/channels/economy", "/admin/channels/economy/remove"):
        assert "<script>alert" not in admin_client.page(path)
    for name in ("../x", "a b", "A", "x\n[[channels]]", "con/../..", "é" * 3):
        answer = admin_client.post("/admin/channels/add", {"name": name, "do": "save"})
        assert answer.status == 422, name


@pytest.mark.parametrize("name", ["news", "economy"])
def test_a_taken_name_is_refused_beside_its_field(admin_client: AdminClient, name: str) -> None:
    admin_client.post("/admin/channels/add", {"name": "economy", "do": "save"})
    answer = admin_client.post("/admin/channels/add", {"name": name, "title": "Mine", "do": "save"})
    assert answer.status == 422
    assert re.search(r'id="e-name">[^<]*has or had the name', answer.body.decode())


def test_an_editor_may_add_channels_and_not_newsletters(admin_site: AdminSite) -> None:  # noqa: F811
    editor = admin_site.client("editor")
    assert editor.post("/admin/channels/add", {"name": "economy", "do": "save"}).status == 303
    assert editor.get("/admin/newsletters/add").status == 404
    assert editor.get("/admin/newsletters").status == 200


def test_a_channel_whose_network_left_the_file_says_so_and_can_be_saved(tmp_path: Path) -> None:
    network = '[[networks]]\nname = "town"\nkind = "webhook"\naddress = "https://town.example/"\n'
    network += 'secret = "the-secret-of-the-town"\n'
    head = '[admin]\nenabled = true\nsecond_step = "off"\n' + SOURCES
    with opened_room(tmp_path) as room:
        room.declare(head + network)
        added = {"name": "pier", "post_to": ["town"]}
        room.services.admin.channels.add(Change(actor=command_actor("op"), now=NOW), added)
        room.declare(head)
        with serving_admin(room, tmp_path / "feeds") as site:
            client, path = site.client(), "/admin/channels/pier"
            page = client.page(path)
            assert "config.toml has no [[networks]] town" in page
            for texts in ({"title": "The pier"}, {"post_to": ""}):
                form = form_with(client.page(path), "save")
                client.follow(client.post(path, dict(form.typed(do="save", **texts))))
            assert "has no [[networks]]" not in client.page(path)
            assert [(found.title, found.post_to) for found in room.services.channels][-1] == ("The pier", ())
