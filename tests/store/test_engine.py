"""Opening a store, and what a person reads when it cannot be used."""

import gc
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

import pytest
from sqlalchemy import event, func, insert, select, text
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from syndicate.errors import StoreBusy, StoreError
from syndicate.store import open_store, schema
from syndicate.store.core import store_values
from syndicate.store.core.column_types import Json, UtcTime, from_microseconds, to_microseconds
from syndicate.store.ingest import article_store, source_store
from syndicate.store.mail import sending_rests
from syndicate.store.subscribers import audience_store
from tests import factories, postgres


def pragma(store, name: str):
    with store.read() as connection:
        return connection.execute(text(f"PRAGMA {name}")).scalar()


def test_SF2_sqlite_keeps_what_it_committed_and_checks_references(sqlite_store):
    assert (pragma(sqlite_store, "journal_mode"), pragma(sqlite_store, "synchronous")) == ("wal", 2)
    assert pragma(sqlite_store, "foreign_keys") == 1


def test_SF11_the_store_file_is_for_its_owner_only(tmp_path: Path):
    open_store(f"sqlite:///{tmp_path / 'deep' / 'new.db'}").dispose()
    assert stat.S_IMODE((tmp_path / "deep" / "new.db").stat().st_mode) == 0o600


def test_an_insert_tells_whether_it_wrote_a_row(store, now):
    with store.write() as connection:
        rests = [
            sending_rests.rest(connection, 0, reason="Refused.", by=sending_rests.BRAKE, now=now)
            for _ in range(2)
        ]
        key = {"address_key": "jo@example.com", "reason": "bounced", "now": now}
        suppressed = [audience_store.suppress(connection, **key) for _ in range(2)]
    assert (rests, suppressed) == ([True, False], [True, False])


def test_a_write_that_fails_changes_nothing(store, now):
    def write() -> None:
        with store.write() as connection:
            factories.add_sources(connection, factories.declared())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    with store.read() as connection:
        assert connection.scalars(select(func.count()).select_from(schema.sources)).one() == 0


def test_a_row_that_breaks_a_rule_is_a_bug_and_not_a_store_error(store):
    with pytest.raises(IntegrityError), store.write() as connection:
        factories.add_articles(connection, 12345, factories.new_article())


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_a_value_that_the_engine_cannot_hold_is_a_bug_and_not_a_store_error(store):
    with pytest.raises(DataError), store.write() as connection:
        factories.add_sources(connection, replace(factories.declared(), name="a\0b"))


def test_a_reader_sees_one_state_while_others_write(store):
    with store.write() as connection:
        factories.add_sources(connection, factories.declared())
    with store.read() as connection:
        before = article_store.count_articles(connection)
        if connection.dialect.name == "sqlite":
            with store.write() as other:
                factories.add_articles(other, 1, factories.new_article())
            assert article_store.count_articles(connection) == before == 0


def test_moments_are_kept_to_the_microsecond(store, now):
    exact = now + timedelta(microseconds=1)
    with store.write() as connection:
        connection.execute(insert(schema.leases).values(name="a", owner="b", until=exact))
        assert connection.scalars(select(schema.leases.c.until)).one() == exact
    assert from_microseconds(to_microseconds(exact)) == exact


def test_a_time_without_a_zone_is_a_bug(now, sqlite_store):
    with pytest.raises(TypeError):
        to_microseconds(now.replace(tzinfo=None))


def test_empty_columns_stay_empty(store):
    with store.read() as connection:
        for column_type in (UtcTime(), Json()):
            assert connection.scalars(select(func.max(None, type_=column_type))).one() is None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("news.db", "is not a database URL: use sqlite:///"),
        ("mysql://u@h/d", "'mysql'.*only sqlite and postgresql"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("postgresql://host:port/name", "is not a database URL"),
        ("sqlite+aiosqlite:///news.db", "only sqlite and postgresql"),
    ],
)
def test_OF1_a_store_url_that_cannot_work_says_what_to_write(url: str, said: str):
    with pytest.raises(StoreError, match=said):
        open_store(url)


@pytest.mark.parametrize(
    "url",
    ["postgresql:/jo:s3cret@host/news", "postgresql://jo:s3cret@host:x/news", "pg://jo:s3cret@host/news"],
)
def test_a_password_in_a_wrong_url_is_not_repeated(url: str):
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert "s3cret" not in str(caught.value)


def test_an_unreachable_postgresql_is_an_error_without_its_password(tmp_path: Path):
    store = open_store(f"postgresql://jo:s3cret@/news?host={tmp_path}")
    with pytest.raises(StoreError, match=r"jo:\*\*\*@") as caught, store.read():
        pass
    assert "s3cret" not in str(caught.value)


def test_a_database_in_another_encoding_is_refused(postgres_server: str):
    name = "in_ascii"
    postgres.execute(
        postgres_server, f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"
    )
    try:
        store = open_store(postgres.database_url(postgres_server, name))
        with pytest.raises(StoreError, match=r"in_ascii has the encoding SQL_ASCII.*ENCODING 'UTF8'"):
            store.migrate()
        store.dispose()
    finally:
        postgres.execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


def test_SF7_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path):
    file = tmp_path / "notes.db"
    file.write_bytes(b"My notes, and nothing else. " * 100)
    store = open_store(f"sqlite:///{file}")
    with pytest.raises(StoreError, match=r"notes\.db.*not a database.*restore it from a backup"):
        store.migrate()
    store.dispose()
    assert file.read_bytes() == b"My notes, and nothing else. " * 100


def test_SF7_a_damaged_page_is_reported(tmp_path: Path):
    file = tmp_path / "damaged.db"
    store = open_store(f"sqlite:///{file}")
    store.migrate()
    with store.write() as connection:
        (source,) = factories.add_sources(connection, factories.declared())
        factories.add_articles(connection, source.id, *map(factories.new_article, range(200)))
    store.dispose()
    with closing(sqlite3.connect(file)) as direct:
        direct.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = file.read_bytes()
    file.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 16384) + whole[-8192:])
    store = open_store(f"sqlite:///{file}")
    with pytest.raises(StoreError, match="restore it from a backup"), store.read() as connection:
        connection.execute(select(schema.articles)).all()
    store.dispose()


def test_SF7_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/news\.db.*choose another \[store\] url"):
        open_store(f"sqlite:///{tmp_path / 'file' / 'news.db'}")


def test_a_full_disk_changes_nothing_and_says_so(sqlite_store):
    with sqlite_store.write() as connection:
        (source,) = factories.add_sources(connection, factories.declared())
    with sqlite_store.read() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages + 4}"))
    with (
        pytest.raises(StoreError, match=r"no space left.*nothing was changed"),
        sqlite_store.write() as connection,
    ):
        factories.add_articles(
            connection, source.id, *(factories.new_article(n, text="word " * 1000) for n in range(30))
        )
    with sqlite_store.read() as connection:
        assert article_store.count_articles(connection) == 0
        for table in (schema.article_bodies, schema.stale_pages, schema.stories):
            assert connection.scalars(select(func.count()).select_from(table)).one() == 0
        assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"


def test_one_writer_at_a_time_and_the_second_waits_its_turn(sqlite_store, tmp_path: Path):
    """Both transactions read first and write then: without BEGIN IMMEDIATE one of them would fail."""

    def bump() -> None:
        for _ in range(20):
            with sqlite_store.write() as connection:
                query = select(func.coalesce(func.max(schema.meta.c.value), "0")).where(
                    schema.meta.c.key == "n"
                )
                value = int(connection.scalars(query).one()) + 1
                connection.execute(schema.meta.delete().where(schema.meta.c.key == "n"))
                connection.execute(insert(schema.meta).values(key="n", value=f"{value:04}"))

    threads = [Thread(target=bump) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sqlite_store.read() as connection:
        assert connection.scalars(select(schema.meta.c.value).where(schema.meta.c.key == "n")).one() == "0060"


def test_the_writers_of_one_process_queue_and_never_meet_their_own_lock(tmp_path: Path):
    """``busy_timeout=0``: whoever asks SQLite while another thread writes would fail at once."""
    store = open_store(f"sqlite:///{tmp_path / 'syndicate.db'}", busy_timeout=0)
    store.migrate()
    came, served = [Event() for _ in range(3)], []

    def write(number: int) -> None:
        came[number].set()
        with store.write():
            served.append(number)

    with ThreadPoolExecutor(3) as pool:
        with store.write():
            waiting = [pool.submit(write, number) for number in range(3)]
            assert all(one.wait(60) for one in came)
            assert served == []
        for one in waiting:
            one.result()
    assert sorted(served) == [0, 1, 2]
    store.dispose()


def test_a_write_inside_a_write_of_the_same_thread_is_a_bug_and_does_not_hang(sqlite_store):
    with sqlite_store.write():
        with pytest.raises(RuntimeError, match="inside another one"), sqlite_store.write():
            pass
        with sqlite_store.read():
            pass
    with sqlite_store.write():
        pass


def test_a_lock_timeout_of_postgresql_is_busy_in_every_language(sqlite_store):
    class LockNotAvailable(Exception):
        sqlstate = "55P03"

    reason = LockNotAvailable("storniere Anfrage wegen Zeitüberschreitung einer Sperre")
    with pytest.raises(StoreBusy, match="locked by another process"), sqlite_store.read():
        raise OperationalError("", None, reason)


def test_a_locked_store_is_busy_and_says_who_can_help(tmp_path: Path):
    store = open_store(f"sqlite:///{tmp_path / 'syndicate.db'}", busy_timeout=0.02)
    store.migrate()
    with closing(sqlite3.connect(tmp_path / "syndicate.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="locked by another process; try again"), store.write():
            pass
        with store.read() as connection:
            assert article_store.count_articles(connection) == 0
    with store.write() as connection:
        factories.add_sources(connection, factories.declared())
    store.dispose()


class GermanTimeout(Exception):
    sqlstate = "55P03"


def test_a_lock_timeout_of_postgresql_is_busy_in_each_language_of_its_messages(sqlite_store):
    timeout = GermanTimeout("storniere Anfrage wegen Zeitüberschreitung einer Sperre")
    with pytest.raises(StoreBusy), sqlite_store.read():
        raise OperationalError("ALTER TABLE", {}, timeout)


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_SF9_postgresql_that_goes_away_is_an_error_and_comes_back_by_itself(
    store, postgres_server, store_url
):
    name = urlsplit(store_url).path.strip("/")
    kill = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"

    def write() -> None:
        with store.write() as connection:
            factories.add_sources(connection, factories.declared())
            postgres.execute(postgres_server, kill)
            factories.add_sources(connection, factories.declared("Another"))

    with pytest.raises(StoreError):
        write()
    with store.read() as connection:
        assert source_store.list_sources(connection) == ()


def test_where_shows_the_url_of_the_settings_and_never_a_password():
    store = open_store("postgresql://jo:s3cret@host/news")
    assert store.where == "postgresql://jo:***@host/news"


def test_idle_connections_to_sqlite_are_closed_and_a_transaction_goes_on(sqlite_store):
    closed = []
    event.listen(sqlite_store._engine, "close", lambda connection, _record: closed.append(connection))
    with sqlite_store.read() as first, sqlite_store.read() as second:
        assert [first.scalar(text("SELECT 1")), second.scalar(text("SELECT 2"))] == [1, 2]
    with sqlite_store.write() as connection:
        store_values.write_value(connection, "key", "value")
        assert not sqlite_store.release_unused()
        assert len(closed) == 1
        (open_one,) = {connection.connection.dbapi_connection} - {*closed}
    with sqlite_store.read() as connection:
        assert store_values.read_value(connection, "key") == "value"
    sqlite_store.release_unused()
    assert open_one in closed


def test_a_store_that_is_dropped_leaves_no_connection_open(tmp_path: Path, recwarn: pytest.WarningsRecorder):
    """Python warns of an open one since 3.13."""
    store = open_store(f"sqlite:///{tmp_path / 'dropped.db'}")
    pragma(store, "user_version")
    del store
    gc.collect()
    assert list(recwarn) == []
    with pytest.raises(StoreError):
        open_store(f"sqlite:///{tmp_path}").migrate()
