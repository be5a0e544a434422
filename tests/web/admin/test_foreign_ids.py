"""Ids of other people in addresses and forms: whatever a user may not see is not there for that user."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from syndicate.errors import ActionRefused, NotAllowed
from syndicate.jobs.admin.access.sign_in import user_actor
from syndicate.jobs.audience.search_saving import save_search
from syndicate.model import Source
from syndicate.model.actors import EDITOR_SCOPES, Actor, Change, command_actor
from syndicate.store.access import session_store, user_store
from syndicate.store.output import saved_searches
from tests.factories import NOW
from tests.jobs.newsletter.test_variants import ANN, SEVEN, WAITS, prepared
from tests.jobs.room import Room, opened_room
from tests.web.admin.conftest import NORA, AdminSite, serving_admin

ADMIN = '[admin]\nenabled = true\nsecond_step = "off"\n[sign_up]\nenabled = true\n'
EVE = "editor@news.example"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[AdminSite]:
    """An admin and an editor, both signed in, over a newsroom with subscribers and an edition."""
    with opened_room(tmp_path) as room:
        prepared(room, f"{WAITS}{ADMIN}")
        with serving_admin(room, tmp_path / "feeds") as served:
            served.now = SEVEN
            served.client()
            served.client("editor")
            yield served


def change_of(site: AdminSite, address: str) -> Change:
    with site.room.store.read() as connection:
        user = user_store.find_user(connection, address_key=address)
    assert user is not None
    return Change(actor=user_actor(user), now=site.now)


def searches(room: Room) -> list[int]:
    with room.store.read() as connection:
        return [search.id for search in saved_searches.list_searches(connection)]


def test_the_session_of_another_user_is_not_ended(site: AdminSite) -> None:
    nora, eve = site.client(), site.client("editor")
    with site.room.store.read() as connection:
        found = session_store.find_session(connection, _hash(nora.session_id), site.now)
    assert found is not None
    for given in (found.public_id, found.id_hash, "1", "' OR 1=1 --", ""):
        assert eve.post("/admin/account/sessions", {"session": given}).status == 404, given
    assert nora.get("/admin/account").status == 200


def _hash(session_id: str) -> str:
    from syndicate.access.random_keys import hash_key

    return hash_key(session_id)


def test_fields_of_another_account_in_the_own_form_are_ignored(site: AdminSite) -> None:
    eve = site.client("editor")
    eve.post("/admin/account", {"id": "1", "user_id": "1", "name": "Mallory", "role": "admin"})
    with site.room.store.read() as connection:
        users = {user.address: user for user in user_store.list_users(connection)}
    assert (users[NORA].name, users[EVE].name, users[EVE].role) == ("", "Mallory", "editor")


def test_an_uploaded_list_is_there_for_its_session_only(site: AdminSite) -> None:
    nora, eve = site.client(), site.client("editor")
    csv = b"email\nsecret@post.example\n"
    address = nora.upload("/admin/subscribers/import", {}, {"file": ("list.csv", csv)})["location"] or ""
    assert "secret@post.example" in nora.page(address)
    assert eve.get(address).status == 404
    other_session = site.client()
    answer = other_session.get(address)
    assert answer.status == 303
    assert "secret@post.example" not in other_session.follow(answer)
    for key in ("../" * 3 + "config.toml", "%2e%2e%2fconfig.toml", "x" * 32, "0" * 32):
        assert nora.get(f"/admin/subscribers/import/{key}").status in (303, 404), key


def test_a_list_of_sources_is_there_for_its_user_only(site: AdminSite) -> None:
    nora, eve = site.client(), site.client("editor")
    opml = b'<opml version="2.0"><body><outline text="a" xmlUrl="https://a.example/f"/></body></opml>'
    address = eve.upload("/admin/sources/import", {}, {"file": ("a.opml", opml)})["location"] or ""
    assert nora.get(address).status == 410
    assert nora.post(address).status == 410


def test_an_editor_ends_searches_of_operators_and_not_of_subscribers(site: AdminSite) -> None:
    room = site.room
    with room.store.write() as connection:
        of_reader = save_search(connection, "lighthouse", 1, NOW).id
    eve, mine = change_of(site, EVE), room.services.admin.searches
    own = int(mine.add(change_of(site, NORA), "snow").id)
    editor = site.client("editor")
    assert editor.post("/admin/stories/searches", {"do": f"end-{of_reader}"}).status == 404
    assert "lighthouse" not in editor.page("/admin/stories/searches")
    with pytest.raises(NotAllowed):
        mine.add(eve, "storm", address_key=ANN, newsletter="daily")
    assert searches(room) == [of_reader, own]
    assert editor.post("/admin/stories/searches", {"do": f"end-{own}"}).status == 303
    assert site.client().post("/admin/stories/searches", {"do": f"end-{of_reader}"}).status == 303
    assert searches(room) == []


def test_a_token_with_the_name_of_a_user_is_not_that_user(site: AdminSite) -> None:
    """Only the person who added a source, or an admin, may remove it."""
    sources, eve = site.room.services.admin.sources, change_of(site, EVE)
    site.add_user("zed@news.example", "editor")
    number = int(sources.add(eve, Source(id=0, name="pier", url="https://pier.example/feed")).id)
    impostors = [
        Actor(kind="token", name=EVE, user_id=3, token_id=1, scopes=EDITOR_SCOPES),
        Actor(kind="link", name=EVE, scopes=EDITOR_SCOPES),
        Actor(kind="user", name="zed@news.example", user_id=3, scopes=EDITOR_SCOPES),
    ]
    for actor in impostors:
        with pytest.raises(ActionRefused) as refused:
            sources.on_chosen(Change(actor=actor, now=NOW), "remove", [number])
        assert refused.value.problem == "only-your-own"
    own_token = Actor(kind="token", name="bot", user_id=2, token_id=2, scopes=EDITOR_SCOPES)
    assert sources.on_chosen(Change(actor=own_token, now=NOW), "remove", [number]).is_change


ADMINS_ONLY = (
    ("GET", "/admin/subscribers/1"),
    ("POST", "/admin/subscribers/1"),
    ("POST", "/admin/subscribers/1/data"),
    ("POST", "/admin/subscribers/1/erased"),
    ("GET", "/admin/subscribers/1/erase"),
    ("POST", "/admin/subscribers/export"),
    ("GET", "/admin/settings/users/1"),
    ("POST", "/admin/settings/users/1"),
    ("GET", "/admin/settings/webhooks/1"),
    ("POST", "/admin/settings/webhooks/1"),
    ("GET", "/admin/settings/audit"),
    ("POST", "/admin/system/backup"),
    ("POST", "/admin/system/backups/syndicate.db"),
    ("POST", "/admin/newsletters/daily/state"),
    ("POST", "/admin/deliveries/decide"),
)


@pytest.mark.all
def test_an_editor_reaches_no_page_of_admins_with_any_id(site: AdminSite) -> None:
    eve = site.client("editor")
    for method, path in ADMINS_ONLY:
        for known in {path, path.replace("1", "999")}:
            given = {"do": "remove", "id": "1", "newsletter": "daily", "reason": "x"}
            answer = eve.get(known) if method == "GET" else eve.post(known, given)
            assert answer.status == 404, known
            assert b"example.org" not in answer.body


def test_a_name_of_a_backup_is_no_path(site: AdminSite) -> None:
    nora = site.client()
    for name in ("..%2fconfig.toml", "..", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "config.toml", "syndicate.db"):
        assert nora.post(f"/admin/system/backups/{name}").status == 404, name


def test_a_test_mail_of_an_editor_goes_to_the_own_mailbox_only(site: AdminSite) -> None:
    room, eve = site.room, site.client("editor")
    given = {
        "to": "victim@post.example",
        "address": "victim@post.example",
        "recipient": "victim@post.example",
    }
    eve.post("/admin/newsletters/daily/test", given)
    sent = [path.read_bytes() for path in room.folder.rglob("*.eml")]
    assert not any(b"victim@post.example" in mail for mail in sent)
    mail = room.services.admin.newsletters
    with pytest.raises(NotAllowed):
        mail.send_test(change_of(site, EVE), object(), "victim@post.example")  # type: ignore[arg-type]
    assert command_actor("x").may("newsletters:write")
