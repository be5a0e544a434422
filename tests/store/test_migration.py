"""Migrations: what they build is what the statements expect; they run once, whole, and never backwards."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Float,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from syndicate.errors import StoreError
from syndicate.model import Entry, is_dated, undated_key
from syndicate.store import open_store, schema
from syndicate.store.core import migration
from syndicate.store.core.migration import Migration, all_migrations
from syndicate.store.ingest import article_store, declared_sources
from syndicate.store.leases import leases
from syndicate.store.mail import newsletter_store
from tests.factories import declared, newsletter

KINDS: dict[type[TypeEngine[Any]], str] = {
    BigInteger: "integer",
    Integer: "integer",
    Boolean: "boolean",
    Float: "number",
    LargeBinary: "bytes",
    Text: "text",
    Uuid: "uuid",
}


def kind(column_type: TypeEngine[Any]) -> str:
    """A column's type as far as both engines agree about it."""
    if isinstance(column_type, TypeDecorator):
        column_type = column_type.impl_instance
    return next(name for base, name in KINDS.items() if isinstance(column_type, base))


def test_a_fresh_store_has_exactly_the_tables_that_the_statements_name(store):
    with store.read() as connection:
        found = inspect(connection)
        built = {
            table: {
                column["name"]: (kind(column["type"]), bool(column["nullable"]))
                for column in found.get_columns(table)
            }
            for table in found.get_table_names()
            # Each engine keeps the word index in tables of its own form.
            if not table.startswith(("sqlite_", "article_words"))
        }
        keys = {table: set(found.get_pk_constraint(table)["constrained_columns"]) for table in built}
    named = {
        name: {column.name: (kind(column.type), bool(column.nullable)) for column in table.columns}
        for name, table in schema.metadata.tables.items()
    }
    # SQLite reports its rowid columns as nullable; they are not.
    for name, table in schema.metadata.tables.items():
        if "id" in table.c:
            built[name]["id"] = named[name]["id"]
    assert built == named
    assert keys == {
        name: {column.name for column in table.primary_key} for name, table in schema.metadata.tables.items()
    }


def test_migrating_twice_does_nothing_the_second_time(empty_store_url):
    store = open_store(empty_store_url)
    assert store.migrate() == [one.name for one in all_migrations()]
    assert store.migrate() == []
    store.dispose()


@pytest.mark.all
def test_SF7_a_migration_that_fails_half_way_leaves_nothing(empty_store_url, monkeypatch):
    broken = Migration(
        number=98, name="broken", sql="CREATE TABLE half (id {id}); INSERT INTO nowhere VALUES (1)"
    )
    monkeypatch.setattr(migration, "all_migrations", lambda: (*all_migrations(), broken))
    store = open_store(empty_store_url)
    with pytest.raises(StoreError, match="nowhere"):
        store.migrate()
    with store.read() as connection:
        assert inspect(connection).get_table_names() == []
    monkeypatch.undo()
    assert store.migrate() == [one.name for one in all_migrations()]
    store.dispose()


def test_SF7_a_store_of_a_newer_version_is_refused_and_left_alone(store, now: datetime):
    with store.write() as connection:
        connection.execute(insert(schema.migrations).values(number=99, name="tomorrow", applied=now))
    with pytest.raises(StoreError, match=r"newer version.*migration 99.*update syndicate"):
        store.migrate()
    with store.read() as connection:
        assert connection.scalars(select(func.max(schema.migrations.c.number))).one() == 99


def test_eight_processes_that_start_on_an_empty_store_migrate_it_once(empty_store_url) -> None:
    with ThreadPoolExecutor(8) as pool:
        ran = sorted(pool.map(migrate_and_declare, [empty_store_url] * 8), key=len)
    assert ran == [*[[]] * 7, [migration.name for migration in all_migrations()]]
    store = open_store(empty_store_url)
    with store.read() as connection:
        assert len(leases.read_secret(connection)) == 32
        assert connection.scalars(select(schema.sources.c.name)).all() == ["harbour"]
        assert connection.scalars(select(schema.newsletters.c.name)).all() == ["daily"]
    store.dispose()


def migrate_and_declare(url: str) -> list[str]:
    """Open the store as each process does at its start; return the migrations that ran."""
    store, now = open_store(url), datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    try:
        ran = store.migrate()
        with store.write_declarations() as connection:
            leases.ensure_secret(connection)
            declared_sources.sync_sources(connection, [declared("harbour")], now)
            newsletter_store.sync_newsletters(connection, [newsletter()], now)
    finally:
        store.dispose()
    return ran


def test_the_version_before_goes_on_beside_migrations_that_let_it(empty_store_url, monkeypatch) -> None:
    before = all_migrations()
    additive = Migration(
        number=97,
        name="more",
        sql=f"-- readers: {before[-1].number}\nALTER TABLE sources ADD COLUMN mood TEXT NOT NULL DEFAULT ''",
    )
    unfit = Migration(number=98, name="less", sql="-- readers: 97\nALTER TABLE sources DROP COLUMN mood")
    old, new = open_store(empty_store_url), open_store(empty_store_url)
    old.migrate()
    for known, ran in (((*before, additive), ["more"]), (before, [])):
        monkeypatch.setattr(migration, "all_migrations", lambda known=known: known)
        assert (new if ran else old).migrate() == ran
    with old.write() as connection:
        old_row(connection, "sources", name="harbour")
    monkeypatch.setattr(migration, "all_migrations", lambda: (*before, additive, unfit))
    assert new.migrate() == ["less"]
    monkeypatch.setattr(migration, "all_migrations", lambda: (*before, additive))
    assert old.migrate() == []
    monkeypatch.setattr(migration, "all_migrations", lambda: before)
    with pytest.raises(StoreError, match="newer version"):
        old.migrate()
    for store in (old, new):
        store.dispose()


def test_columns_added_beside_an_older_version_have_a_default_and_none_is_renamed() -> None:
    for one in all_migrations():
        if one.oldest_reader == one.number:
            continue
        for statement in re.sub(r"--[^\n]*", "", one.sql).split(";"):
            added = re.search(r"\bADD COLUMN\b.*", statement, re.DOTALL)
            assert not added or "NOT NULL" not in added[0] or "DEFAULT" in added[0], one.name
            assert not re.search(r"\bRENAME\b", statement), one.name


def test_no_two_migrations_have_the_same_number():
    numbers = [one.number for one in all_migrations()]
    assert numbers == sorted(set(numbers))


def test_rows_keep_their_ids_for_ever_an_id_is_never_given_out_again(store, now: datetime):
    # A token holds a row's number: another person must never get the number of somebody erased.
    with store.write() as connection:
        first = add(connection, "first", now)
        connection.execute(text("DELETE FROM subscribers"))
        assert add(connection, "second", now) > first


def add(connection, key: str, now: datetime) -> int:
    values = {"address": key, "address_key": key, "name": "", "language": "", "created": now}
    row_id: int = connection.scalars(
        insert(schema.subscribers).values(**values).returning(schema.subscribers.c.id)
    ).one()
    return row_id


SENTENCES = {
    "failed": ("it was too late to be sent", "it was too late to be sent; 450 later", "550 nobody"),
    "cancelled": (
        "a correction took its place",
        "paused by its reader before it was sent",
        "unsubscribed before it was sent",
    ),
    "uncertain": (
        "the sender stopped between the body and the server's answer",
        "it waited in a backup that was restored",
        "lost after the body",
    ),
}
MOVED = "It is read from another site, news.example: its address leads there."


def test_sentences_that_statements_looked_for_become_codes(empty_store_url, monkeypatch) -> None:
    monkeypatch.setattr(migration, "all_migrations", lambda: all_migrations()[:16])
    store = open_store(empty_store_url)
    store.migrate()
    with store.write() as connection:
        old_row(connection, "newsletters", name="daily")
        old_subscription(connection, "bounced: 550")
        left = old_subscription(connection, "bounced: 550", "by link")
        for number, (state, error) in enumerate((s, e) for s, errors in SENTENCES.items() for e in errors):
            edition = old_row(connection, "editions", newsletter="daily", period_end=number)
            facts = {"edition_id": edition, "subscription_id": left, "state": state, "error": error}
            old_row(connection, "deliveries", **facts)
        for number, warning in enumerate(("", "odd", MOVED, f"odd {MOVED}")):
            old_row(connection, "sources", name=str(number), url=str(number), warning=warning, etag="x")
    monkeypatch.undo()
    assert store.migrate() == [one.name for one in all_migrations()[16:]]
    deliveries, sources, subscriptions = schema.deliveries, schema.sources, schema.subscriptions
    with store.read() as connection:
        told = connection.execute(select(deliveries.c.cause, deliveries.c.error).order_by(deliveries.c.id))
        assert [tuple(row) for row in told] == [
            *(("too late", ""), ("too late", "450 later"), ("", "550 nobody")),
            *(("corrected", ""), ("paused", ""), ("left", "")),
            *(("interrupted", ""), ("restored", ""), ("", "lost after the body")),
        ]
        read = connection.execute(select(sources.c.warning, sources.c.etag).order_by(sources.c.id))
        assert [tuple(row) for row in read] == [("", "x"), ("odd", "x"), ("", ""), ("", "")]
        end_reason = select(subscriptions.c.end_reason).order_by(subscriptions.c.id)
        assert list(connection.scalars(end_reason)) == ["bounced", ""]
    store.dispose()


def test_articles_of_before_keep_their_html_and_give_their_text_from_it(empty_store_url, monkeypatch) -> None:
    monkeypatch.setattr(migration, "all_migrations", lambda: all_migrations()[:18])
    store = open_store(empty_store_url)
    store.migrate()
    with store.write() as connection:
        source = old_row(connection, "sources", name="harbour")
        article = old_row(connection, "articles", source_id=source, authors_json="[]", tags_json="[]")
        old_row(connection, "article_bodies", article_id=article, html="<p>a</p><p>&lt;b</p>", text="a\n\n<b")
    monkeypatch.undo()
    assert store.migrate() == [one.name for one in all_migrations()[18:]]
    with store.read() as connection:
        (body,) = article_store.get_bodies(connection, [article]).values()
    assert (body.html, body.text) == ("<p>a</p><p>&lt;b</p>", "a\n\n<b")
    store.dispose()


def test_articles_stored_as_published_when_first_seen_become_undated(empty_store_url, monkeypatch) -> None:
    before = [one for one in all_migrations() if one.number < 21]
    monkeypatch.setattr(migration, "all_migrations", lambda: before)
    store = open_store(empty_store_url)
    store.migrate()
    with store.write() as connection:
        source = old_row(connection, "sources", name="harbour")
        given = [("a", 1_800_000_000_000_000), ("b", 1_799_000_000_000_000)]
        for uid, published in given:
            facts = {"source_id": source, "uid": uid, "entry_key": uid, "path": uid, "story_id": 1}
            facts |= {"published": published, "first_seen": 1_800_000_000_000_000}
            old_row(connection, "articles", **facts, authors_json="[]", tags_json="[]", read_more_json="[]")
    monkeypatch.undo()
    store.migrate()
    with store.read() as connection:
        undated, dated = connection.scalars(
            select(schema.articles.c.published).order_by(schema.articles.c.uid)
        )
        seen = connection.scalars(select(schema.articles.c.first_seen).limit(1)).one()
        stale = connection.scalars(select(func.count()).select_from(schema.stale_pages)).one()
    assert (undated, is_dated(dated), stale) == (undated_key(seen), True, 1)
    store.dispose()


def test_editions_of_before_tell_their_leads_and_what_their_stories_had_when_they_were_cut(
    empty_store_url, monkeypatch
) -> None:
    before = [one for one in all_migrations() if one.number < 25]
    monkeypatch.setattr(migration, "all_migrations", lambda: before)
    store = open_store(empty_store_url)
    store.migrate()
    with store.write() as connection:
        source = old_row(connection, "sources", name="harbour")
        ids = []
        for uid, seen in (("lead", 100), ("told", 200), ("late", 400)):
            facts = {"source_id": source, "uid": uid, "entry_key": uid, "path": uid, "story_id": 1}
            facts |= {"published": 100, "first_seen": seen}
            ids.append(
                old_row(
                    connection, "articles", **facts, authors_json="[]", tags_json="[]", read_more_json="[]"
                )
            )
        old_row(connection, "newsletters", name="daily")
        edition = old_row(connection, "editions", newsletter="daily", period_end=250, cut_at=300)
        carried = {"edition_id": edition, "story_id": 1, "article_id": ids[0], "parts_json": "{}"}
        old_row(connection, "edition_stories", position=1, **carried)
    monkeypatch.undo()
    store.migrate()
    table = schema.edition_articles
    with store.read() as connection:
        told = connection.execute(select(table.c.article_id, table.c.lead_id, table.c.reason))
        assert sorted(tuple(row) for row in told) == [(ids[0], ids[0], ""), (ids[1], ids[0], "")]
    store.dispose()


def test_an_article_told_as_the_event_of_another_item_becomes_part_of_that_item(
    empty_store_url, monkeypatch
) -> None:
    before = [one for one in all_migrations() if one.number < 32]
    monkeypatch.setattr(migration, "all_migrations", lambda: before)
    store = open_store(empty_store_url)
    store.migrate()
    with store.write() as connection:
        old_row(connection, "newsletters", name="daily")
        edition_id = old_row(connection, "editions", newsletter="daily")
        for article_id, reason, detail in ((7, "same event", "5"), (8, "repeats", "3")):
            facts = {"article_id": article_id, "edition_id": edition_id, "reason": reason, "detail": detail}
            old_row(connection, "edition_articles", **facts)
    monkeypatch.undo()
    store.migrate()
    table = schema.edition_articles
    with store.read() as connection:
        rows = connection.execute(select(table.c.article_id, table.c.lead_id, table.c.reason, table.c.detail))
        assert sorted(tuple(row) for row in rows) == [(7, 5, "", ""), (8, 0, "repeats", "3")]
    store.dispose()


def test_entries_and_hashes_stored_before_columns_were_named_for_hashes_are_read(
    empty_store_url, monkeypatch
) -> None:
    before = [migration for migration in all_migrations() if migration.number < 39]
    monkeypatch.setattr(migration, "all_migrations", lambda: before)
    store = open_store(empty_store_url)
    store.migrate()
    with store.write() as connection:
        source = old_row(connection, "sources", name="harbour", frame="skeleton")
        entry = '{"guid":"g","title":"a \\"digest\\": b","url":"u","digest":"d1"}'
        old_row(connection, "page_reads", source_id=source, entry_json=entry)
    monkeypatch.undo()
    assert store.migrate() == [migration.name for migration in all_migrations()[len(before) :]]
    with store.read() as connection:
        facts = connection.scalars(select(schema.page_reads.c.entry_json)).one()
        skeleton = connection.scalars(select(schema.sources.c.feed_skeleton_hash)).one()
    assert Entry(**facts) == Entry(guid="g", url="u", title='a "digest": b', item_hash="d1")
    assert skeleton == "skeleton"
    store.dispose()


def old_subscription(connection, *details: str) -> int:
    """A subscription that ended, with the details of its record of consent; its id."""
    key = "; ".join(details)
    person = old_row(connection, "subscribers", address_key=key)
    for detail in details:
        old_row(connection, "consents", address_key=key, newsletter="daily", detail=detail)
    facts = {"subscriber_id": person, "newsletter": "daily", "state": "unsubscribed"}
    return old_row(connection, "subscriptions", **facts)


def old_row(connection, table: str, **given: object) -> int:
    """A row with these columns, and something wherever something must be; its first column, the id."""
    usual = {"integer": 0, "boolean": False, "number": 0.0, "text": ""}
    values = {
        column["name"]: usual[kind(column["type"])]
        for column in inspect(connection).get_columns(table)
        if not column["nullable"] and column["name"] != "id" and column["default"] is None
    } | given
    names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    statement = text(f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING *")
    found: int = connection.scalars(statement, values).one()
    return found


def test_the_version_before_may_go_on_beside_each_later_migration():
    # The last of version 0.1, of which no version before was in use.
    later = [one for one in all_migrations() if one.number > 70]
    assert [one.name for one in later if one.oldest_reader == one.number] == []
