"""Actions on sources: refusals, politeness, permissions, the audit log."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.errors import ActionRefused, NotAllowed, NotFound, WrongFields
from syndicate.jobs.admin.sources.source_list_view import (
    Filter,
    SourceCondition,
    SourceListViews,
    condition_of,
    silence_of,
)
from syndicate.model import Access, AccessKind, undated_key
from syndicate.model.actors import ROLES, Actor, Change, command_actor
from syndicate.store import schema
from syndicate.store.access import audit_store
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.ingest import added_sources, poll_store, robots_store, source_figures, source_store
from syndicate.store.ingest.poll_store import PollRow, PollTrouble
from syndicate.text.plain import visible
from tests import factories
from tests.factories import NOW, declared, new_article
from tests.jobs.room import Room, source

COMMAND = Change(actor=command_actor("nora"), now=NOW)
EDITOR = Change(actor=Actor(kind="user", name="ed", user_id=2, scopes=ROLES["editor"]), now=NOW)
DAY = to_microseconds(NOW + timedelta(days=1)) - to_microseconds(NOW)


@pytest.fixture
def desk(rooms: Room) -> Room:
    rooms.declare(source("harbour", "https://harbour.example/feed"))
    for name in ("quay", "pier"):
        rooms.services.admin.sources.add(COMMAND, declared(name))
    return rooms


def number(room: Room, name: str) -> int:
    with room.store.read() as connection:
        found = added_sources.find_source(connection, name)
    assert found
    return found.id


def audit(room: Room) -> list[tuple[str, str]]:
    with room.store.read() as connection:
        return [(row.action, row.actor_name) for row in audit_store.audit_rows(connection)]


def test_each_action_is_recorded_under_its_actor(desk):
    actions, quay = desk.services.admin.sources, number(desk, "quay")
    actions.on_chosen(COMMAND, "pause", [quay])
    actions.on_chosen(COMMAND, "pause", [quay])
    actions.edit(COMMAND, quay, {"weight": "2"})
    actions.move(COMMAND, quay, "https://quay.example/new")
    expected = ["source.move", "source.edit", "source.pause", "source.add", "source.add"]
    assert audit(desk) == [(action, "nora") for action in expected]


def test_a_known_address_and_a_taken_name_are_refused_and_a_dry_run_stores_nothing(desk):
    actions = desk.services.admin.sources
    with pytest.raises(ActionRefused, match="quay reads this feed already"):
        actions.add(COMMAND, declared("other", url=declared("quay").url))
    with pytest.raises(WrongFields, match="a source is named quay already; how about quay"):
        actions.add(COMMAND, declared("quay", url="https://else.example/"))
    with pytest.raises(WrongFields, match="named pier already"):
        actions.edit(COMMAND, number(desk, "quay"), {"name": "pier"})
    actions.add(replace(COMMAND, dry_run=True), declared("dry", url="https://dry.example/"))
    with desk.store.read() as connection:
        assert added_sources.find_source(connection, "dry") is None


def test_reading_now_keeps_the_pause_that_a_server_asked_for(desk):
    actions, quay, pier = desk.services.admin.sources, number(desk, "quay"), number(desk, "pier")
    until = NOW + timedelta(hours=2)
    with desk.store.write() as connection:
        robots_store.set_origin_pause(connection, "https://quay.example", until, 7200.0)
    with pytest.raises(ActionRefused, match="Retry-After") as refused:
        actions.on_chosen(COMMAND, "read", [quay])
    assert refused.value.facts == {"retry_at": until.isoformat()}
    result = actions.on_chosen(COMMAND, "read", [quay, pier, number(desk, "harbour")])
    assert result.facts
    assert [row["name"] for row in result.facts["changed"]] == ["pier", "harbour"]
    assert [row["name"] for row in result.facts["put_off"]] == ["quay"]
    assert "until 24 Nov 2026 11:00 UTC" in result.message


def test_reading_now_makes_a_source_due(desk):
    pier = number(desk, "pier")
    with desk.store.write() as connection:
        connection.exec_driver_sql(f"UPDATE sources SET next_check = {to_microseconds(NOW) + DAY}")
        assert source_store.due_sources(connection, now=NOW) == []
    desk.services.admin.sources.on_chosen(EDITOR, "read", [pier])
    with desk.store.read() as connection:
        assert source_store.due_sources(connection, now=NOW) == ["pier"]


def test_declared_unknown_and_removed_sources_are_refused(desk):
    actions = desk.services.admin.sources
    with pytest.raises(ActionRefused, match=r"declared in config\.toml, line \d+: set paused"):
        actions.on_chosen(COMMAND, "pause", [number(desk, "harbour")])
    with pytest.raises(ActionRefused, match=r"declared in config\.toml"):
        actions.edit(COMMAND, number(desk, "harbour"), {"weight": "3"})
    with pytest.raises(NotFound):
        actions.on_chosen(COMMAND, "pause", [99])
    quay = number(desk, "quay")
    actions.on_chosen(COMMAND, "remove", [quay])
    with pytest.raises(NotFound):
        actions.edit(COMMAND, quay, {"weight": "3"})


def test_secrets_are_for_admins_and_never_go_to_another_server(desk):
    actions = desk.services.admin.sources
    secret = Access(kind=AccessKind.BEARER, secret_env="KEY")
    vault = declared("vault", url="https://vault.example/", private=True, access=secret)
    actions.add(COMMAND, vault)
    pier, number_of_vault = number(desk, "pier"), number(desk, "vault")
    with pytest.raises(NotAllowed):
        actions.edit(EDITOR, pier, {"auth": "bearer", "secret_file": "/etc/passwd"})
    with pytest.raises(NotAllowed):
        actions.edit(EDITOR, number_of_vault, {"private": "false"})
    with pytest.raises(NotAllowed):
        actions.move(EDITOR, number_of_vault, "https://evil.example/")
    with pytest.raises(ActionRefused, match="added by somebody else"):
        actions.on_chosen(EDITOR, "remove", [number_of_vault])
    with desk.store.read() as connection:
        rows = audit_store.audit_rows(connection, object_id=str(number(desk, "vault")))
    assert "KEY" not in str(rows)
    assert rows[0].after
    assert rows[0].after["url"] == "https://vault.example/…"


def test_an_actor_without_the_scope_changes_nothing(desk):
    token = Actor(kind="token", name="t", token_id=1, scopes=frozenset({"sources:read"}))
    reader = Change(actor=token, now=NOW)
    with pytest.raises(NotAllowed):
        desk.services.admin.sources.on_chosen(reader, "pause", [number(desk, "quay")])
    with pytest.raises(NotAllowed):
        desk.services.admin.sources.add(
            replace(reader, dry_run=True), declared("x", url="https://x.example/")
        )


def test_the_same_form_sent_twice_is_one_change(desk):
    form = Change(actor=EDITOR.actor, now=NOW, key="once")
    actions = desk.services.admin.sources
    first = actions.add(form, declared("new", url="https://new.example/"))
    again = actions.add(form, declared("new", url="https://new.example/"))
    assert (again.is_repeated, again.id) == (True, first.id)


def test_conditions_name_trouble_and_silence(desk):
    with desk.store.read() as connection:
        figures = source_figures.source_figures(connection, number(desk, "quay"))[0]
    now = to_microseconds(NOW)
    read = figures._replace(last_success=now)

    def condition(facts, trouble=None, newest=0, pause=0) -> SourceCondition:
        return condition_of(facts, trouble, silence_of(newest, pause, now), now)

    assert condition(figures).words == "not read yet"
    assert condition(read) == ("well", "good", "well")
    assert condition(read._replace(websub_lease_until=now + 1)).words == "well, by hub"
    assert condition(read._replace(failures=1))[:2] == ("well", "warn")
    assert condition(read._replace(failures=3))[:2] == ("attention", "bad")
    assert condition(read._replace(gone=True))[:2] == ("attention", "bad")
    assert condition(read._replace(paused=True)).tab == "paused"
    assert condition(read._replace(permanent_seen=3)).words == "moved for good"
    assert condition(read, PollTrouble(polls=10, failed=1)).tab == "slow"
    assert condition(read, PollTrouble(polls=11, failed=1)).tab == "well"
    assert condition(read, PollTrouble(polls=9, failed=1)).tab == "well"
    assert condition(read, PollTrouble(polls=9, failed=2)).tab == "slow"
    assert condition(read, PollTrouble(polls=4, slow=3)).tab == "slow"
    assert condition(read, newest=now - 4 * DAY, pause=DAY).words == "silent for 4 days"
    assert condition(read, newest=now - 4 * DAY, pause=2 * DAY).tab == "well"
    assert condition(read, newest=now - DAY, pause=DAY // 24).tab == "well"


def test_the_list_is_searched_by_name_and_public_address_and_filtered_by_origin(desk):
    actions = desk.services.admin.sources
    named = {"Ébène": "https://e.example/100%_a", "secret": "https://pier.example/key?100%25=1"}
    for name, url in named.items():
        actions.add(COMMAND, replace(declared(name, url=url), private=name == "secret", section="coast"))
    views = SourceListViews(zone=desk.services.zone)

    def found(**chosen: str) -> set[str]:
        with desk.store.read() as connection:
            return {row.name for row in views.page(connection, NOW, Filter(**chosen)).rows}

    assert found() == {"harbour", "quay", "pier", *named}
    assert found(words="éBÈNE") == {"Ébène"}
    assert found(words="PIER") == {"pier"}
    assert found(words="100%_") == found(words="E.EXAMPLE/1") == {"Ébène"}
    assert found(words="%") == {"Ébène"}
    assert found(origin="config") == {"harbour"}
    assert found(origin="added", words="q") == {"quay"}
    assert found(section="coast") == set(named)
    assert found(section="coast", origin="config") == found(origin="list") == found(origin="x") == set()


def test_the_list_follows_names_that_change_and_sources_that_go(desk):
    views, actions = SourceListViews(zone=desk.services.zone), desk.services.admin.sources
    with desk.store.write() as connection:
        connection.execute(schema.sources.update().values(last_success=NOW))

    def names() -> list[str]:
        with desk.store.read() as connection:
            return [source.name for source, _ in views.conditions(connection, NOW)]

    assert names() == ["harbour", "pier", "quay"]
    actions.edit(COMMAND, number(desk, "quay"), {"name": "Anchor"})
    assert names() == ["Anchor", "harbour", "pier"]
    actions.on_chosen(COMMAND, "remove", [number(desk, "pier")])
    assert names() == ["Anchor", "harbour"]


def test_trouble_of_polls_comes_before_sources_that_are_well(desk):
    views, actions = SourceListViews(zone=desk.services.zone), desk.services.admin.sources
    for index in range(6):
        actions.add(COMMAND, declared(f"S{index}", url=f"https://s{index}.example/", paused=index == 3))
    with desk.store.write() as connection:
        connection.execute(schema.sources.update().values(last_success=NOW))
        ids = {source.name: source.id for source, _ in views.conditions(connection, NOW)}
        failed = [ids[name] for name in ("S1", "S2", "S2", "S3", "S5", "S5")]
        polls = [PollRow(source_id=number, at=NOW, outcome="failed", ms=50) for number in failed]
        poll_store.add_polls(connection, polls)
        gone = schema.sources.update().where(schema.sources.c.id == ids["S5"])
        connection.execute(gone.values(gone=True))
        listed = [(found.tab, source.name) for source, found in views.conditions(connection, NOW)]
    well = [("well", name) for name in ("harbour", "pier", "quay", "S0", "S1", "S4")]
    assert listed == [("attention", "S5"), ("slow", "S2"), *well, ("paused", "S3")]


def test_a_source_falls_silent_and_speaks_again_while_pages_remember_it(desk):
    views, at = SourceListViews(zone=desk.services.zone), number(desk, "quay")
    days = timedelta(days=1)

    def words(now) -> str:
        with desk.store.read() as connection:
            return next(found.words for source, found in views.conditions(connection, now) if source.id == at)

    def add(*articles) -> None:
        with desk.store.write() as connection:
            factories.add_unplaced(connection, at, articles)

    add(new_article(901, published=NOW), new_article(902, published=NOW - days))
    assert [words(NOW + age * days) for age in (1, 3, 4)] == ["not read yet"] * 2 + ["silent for 4 days"]
    add(new_article(903, published=NOW + 4 * days, first_seen=NOW + 4 * days))
    assert [words(NOW + age * days) for age in (4, 7, 17)] == ["not read yet"] * 2 + ["silent for 13 days"]


def test_views_at_once_look_for_the_newest_articles_once(desk, monkeypatch):
    views, asked, find = SourceListViews(zone=desk.services.zone), [], source_figures.newest_and_pauses

    def ask(connection, ids):
        asked.append(ids)
        return find(connection, ids)

    monkeypatch.setattr(source_figures, "newest_and_pauses", ask)
    with desk.store.read() as connection:
        for began in (0, -1, 1):
            views.conditions(connection, NOW + timedelta(seconds=began))
    assert len(asked) == 1


def test_a_source_whose_articles_have_no_dates_is_not_called_silent(desk):
    at = number(desk, "quay")
    seen = [NOW - timedelta(days=days) for days in (9, 8)]
    articles = [
        new_article(901 + place, published=undated_key(first), first_seen=first)
        for place, first in enumerate(seen)
    ]
    with desk.store.write() as connection:
        factories.add_unplaced(connection, at, articles)
    with desk.store.snapshot() as connection:
        listed = SourceListViews(zone=desk.services.zone).conditions(connection, NOW)
        view = desk.services.admin.source_details.view(connection, at, NOW)
    assert {condition.words for source, condition in listed if source.id == at} == {"not read yet"}
    assert view.condition.words == "not read yet"


def test_pages_of_the_list_neither_skip_nor_repeat(desk):
    for index in range(7):
        desk.services.admin.sources.add(COMMAND, declared(f"s{index}", url=f"https://s{index}.example/"))
    views, names, after = SourceListViews(zone=desk.services.zone), list[str](), ""
    while True:
        with desk.store.snapshot() as connection:
            page = views.page(connection, NOW, after=after, limit=3)
        names += [row.name for row in page.rows]
        if not (after := page.after):
            break
    assert names == sorted(names)
    assert len(names) == 10


def test_unseen_characters_are_written_as_codes():
    assert visible("a\u202eb\x00\x1b\r\nc\td\u200b") == "a[U+202E]b[U+0000][U+001B]\nc\td[U+200B]"


def test_a_list_that_adds_nothing_is_recorded_too(desk):
    actions, known = desk.services.admin.sources, declared("quay").url
    document = f'<opml version="2.0"><body><outline text="Quay" xmlUrl="{known}"/></body></opml>'.encode()
    result = actions.import_opml(COMMAND, document)
    with desk.store.read() as connection:
        (row,) = audit_store.audit_rows(connection, action="source.import")
    assert (result.is_change, row.after) == (False, {"added": [], "known": 1, "refused": 0})
    actions.import_opml(replace(COMMAND, dry_run=True), document)
    assert audit(desk).count(("source.import", "nora")) == 1
