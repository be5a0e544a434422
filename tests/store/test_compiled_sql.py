"""Statements that are compiled once take lists of every length, on both engines."""

from urllib.parse import urlsplit

import pytest
from sqlalchemy import BindParameter, bindparam, insert, select, text, tuple_
from sqlalchemy.exc import IntegrityError

from syndicate.errors import StoreError, StoreGone
from syndicate.store import schema
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.ingest import declared_sources, source_store
from tests import postgres
from tests.factories import NOW, declared

NAMES = [f"paper{number:02}" for number in range(20)]
_NAMES: BindParameter[str] = bindparam("names", expanding=True)
_PAIRS: BindParameter[tuple[str, str]] = bindparam("pairs", expanding=True)
BY_NAMES = CompiledStatement(select(schema.sources.c.name).where(schema.sources.c.name.in_(_NAMES)))
BY_PAIRS = CompiledStatement(
    select(schema.sources.c.name).where(
        tuple_(schema.sources.c.name, schema.sources.c.kind).in_(_PAIRS),
        schema.sources.c.lease_owner == bindparam("owner"),
    )
)


@pytest.fixture
def papers(store):
    with store.write() as connection:
        declared_sources.sync_sources(connection, [declared(name) for name in NAMES], NOW)
    return store


@pytest.mark.parametrize("count", [1, 2, 4, 5, 16, 17])
def test_a_list_of_any_length_finds_each_row_once(papers, count):
    wanted = NAMES[:count]
    with papers.read() as connection:
        for _ in range(2):
            found = BY_NAMES.execute(connection, {"names": wanted}).scalars().all()
            assert sorted(found) == wanted
            assert sorted(BY_NAMES.rows(connection, {"names": wanted})) == [(name,) for name in wanted]
            pairs = [(name, "feed") for name in wanted]
            found = BY_PAIRS.execute(connection, {"pairs": pairs, "owner": ""}).scalars().all()
            assert sorted(found) == wanted


def test_a_shorter_list_after_a_longer_one_finds_only_its_own(papers):
    with papers.read() as connection:
        BY_NAMES.execute(connection, {"names": NAMES}).all()
        assert sorted(BY_NAMES.execute(connection, {"names": NAMES[3:5]}).scalars()) == NAMES[3:5]
        assert source_store.has_leases(connection, [], owner="us")


def test_a_row_that_is_refused_is_told_as_sqlalchemy_tells_it(store):
    row = {"name": "front page"}
    adding = CompiledStatement(insert(schema.outputs).values(name=bindparam("name"), signature="", built=NOW))
    with pytest.raises(IntegrityError), store.write() as connection:
        adding.execute_many(connection, [row, row])


def test_a_store_that_cannot_answer_is_explained(store):
    unknown = CompiledStatement(select(text("*")).select_from(text("nowhere")))
    with pytest.raises(StoreError, match="cannot be used"), store.read() as connection:
        unknown.rows(connection, {})
    with store.read() as connection:
        assert BY_NAMES.rows(connection, {"names": NAMES}) == []


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_a_server_that_goes_away_is_gone_and_comes_back_by_itself(store, postgres_server, store_url):
    name = urlsplit(store_url).path.strip("/")
    kill = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"

    def read() -> None:
        with store.read() as connection:
            BY_NAMES.rows(connection, {"names": NAMES})
            postgres.execute(postgres_server, kill)
            BY_NAMES.rows(connection, {"names": NAMES})

    with pytest.raises(StoreGone):
        read()
    with store.read() as connection:
        assert BY_NAMES.rows(connection, {"names": NAMES}) == []
