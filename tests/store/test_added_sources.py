"""Sources of origin store: added, paused, resumed, moved, removed; never those of the file."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from syndicate.model import Absence, Access, AccessKind, Origin, Source
from syndicate.store import Store
from syndicate.store.ingest import added_sources, declared_sources, source_store
from tests.factories import NOW, add_articles, declared, new_article

MINE = declared("Mine", origin=Origin.STORE, title="Title", home_url="https://mine.example/")


def change(store: Store, function: Callable[..., bool | None], *arguments: object) -> bool | None:
    with store.write() as connection:
        return function(connection, *arguments)


def add(store: Store, source: Source = MINE) -> bool | None:
    return change(store, added_sources.add_source, source, NOW)


def found(store, name: str = "Mine") -> Source:
    with store.read() as connection:
        return next(one for one in source_store.list_sources(connection) if one.name == name)


def sync(store, *wanted: Source) -> None:
    change(store, declared_sources.sync_sources, wanted, NOW)


def claimed(store) -> list[str]:
    with store.write() as connection:
        rows = source_store.claim_due_sources(connection, now=NOW, owner="us", until=NOW, limit=9)
        return [source.name for source, _ in rows]


def test_every_field_of_an_added_source_is_kept(store):
    access = Access(kind=AccessKind.BASIC, username="ann", secret_file="/run/key")
    wanted = replace(
        MINE,
        private=True,
        access=access,
        listed_in="https://l.example/",
        outline=(("type", "atom"), ("b", "c")),
    )
    assert add(store, wanted)
    assert replace(found(store), id=0) == wanted


def test_an_added_source_is_due_at_once_and_survives_a_sync_of_the_file(store):
    add(store)
    sync(store, declared("Declared"))
    assert sorted(claimed(store)) == ["Declared", "Mine"]


def test_a_name_is_taken_by_whoever_has_it(store):
    sync(store, declared("Declared"))
    assert add(store)
    assert not add(store)
    assert not add(store, replace(MINE, name="Declared"))


def test_a_removed_source_is_hidden_keeps_its_articles_and_comes_back_with_them(store):
    add(store)
    with store.write() as connection:
        add_articles(connection, found(store).id, new_article())
    before = found(store).id
    assert change(store, added_sources.remove_source, "Mine")
    assert not change(store, added_sources.remove_source, "Mine")
    with store.read() as connection:
        assert added_sources.find_source(connection, "Mine") is None
        assert source_store.report_sources(connection, week_ago=NOW) == ()
    assert claimed(store) == []
    assert add(store)
    with store.read() as connection:
        (report,) = source_store.report_sources(connection, week_ago=NOW)
    assert (report.source.id, report.articles, report.source.absent) == (before, 1, Absence.NONE)


def test_a_removed_source_forgets_where_its_secret_was(store):
    add(store, replace(MINE, access=Access(kind=AccessKind.COOKIE, secret_env="X")))
    change(store, added_sources.remove_source, "Mine")
    assert found(store).access is None


def test_pause_and_resume(store):
    add(store)
    assert change(store, added_sources.pause_source, "Mine")
    assert not change(store, added_sources.pause_source, "Mine")
    assert claimed(store) == []
    assert change(store, added_sources.resume_source, "Mine")
    assert not change(store, added_sources.resume_source, "Mine")
    assert claimed(store) == ["Mine"]


def test_a_moved_source_forgets_the_validators_of_its_old_address(store):
    add(store)
    assert change(store, added_sources.move_source, "Mine", "https://new.example/feed")
    assert not change(store, added_sources.move_source, "Mine", "https://new.example/feed")
    assert found(store).url == "https://new.example/feed"


@pytest.mark.parametrize(
    "function",
    [added_sources.pause_source, added_sources.resume_source, added_sources.remove_source],
    ids=lambda function: function.__name__,
)
def test_what_the_file_declares_only_the_file_changes(store, function):
    sync(store, replace(MINE, origin=Origin.CONFIG))
    assert not change(store, function, "Mine")
    assert (found(store).paused, found(store).origin) == (False, Origin.CONFIG)


def test_what_the_file_no_longer_declares_can_be_removed_or_added_by_hand(store):
    sync(store, declared("Old"), declared("Older"))
    sync(store)
    assert found(store, "Old").absent is Absence.UNDECLARED
    assert change(store, added_sources.remove_source, "Old")
    assert add(store, replace(MINE, name="Older"))
    sync(store)
    assert (found(store, "Older").paused, found(store, "Older").origin) == (False, Origin.STORE)


def test_a_declared_name_takes_over_an_added_source(store):
    add(store)
    before = found(store).id
    sync(store, declared("Mine", url="https://other.example/"))
    after = found(store)
    assert (after.id, after.origin, after.url) == (before, Origin.CONFIG, "https://other.example/")


def test_a_source_that_said_it_was_gone_is_asked_once_more_when_resumed(store):
    add(store)
    with store.write() as connection:
        ((source, state),) = source_store.claim_due_sources(
            connection, now=NOW, owner="us", until=NOW, limit=9
        )
        source_store.save_poll(connection, source.id, replace(state, gone=True, last_attempt=NOW), owner="us")
    assert claimed(store) == []
    assert change(store, added_sources.resume_source, "Mine")
    with store.read() as connection:
        assert source_store.due_sources(connection, now=NOW.replace(hour=10)) == ["Mine"]
