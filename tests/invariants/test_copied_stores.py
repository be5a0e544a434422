"""A store with any history is copied to another engine and back, row by row."""

from collections.abc import Callable
from pathlib import Path

import pytest

from syndicate.store import Store, open_store
from syndicate.store.core.table_copy import copy_store, finish_copy, row_counts
from tests.empty_stores import sqlite_url
from tests.invariants.history import random_history
from tests.invariants.trial import Place

pytestmark = pytest.mark.all


@pytest.mark.parametrize(("seed", "engine"), [(3, "postgres"), (5, "sqlite")])
def test_a_store_with_any_history_is_copied_there_and_back(
    place: Callable[[str], Place], seed: int, engine: str, tmp_path: Path, empty_store_url: str
) -> None:
    with place(engine)() as newsroom:
        for step in random_history(seed):
            newsroom.do(step)
        newsroom.ingest()
        newsroom.place(1)
        target = migrated(empty_store_url)
        with newsroom.store.snapshot() as source:
            counts = copy_store(source, target.write, lambda _done, _total: None)
    assert counts["articles"] > 0
    with target.write() as connection:
        finish_copy(connection)
    (tmp_path / "back").mkdir()
    back = migrated(sqlite_url(tmp_path / "back"))
    with target.snapshot() as source:
        copy_store(source, back.write, lambda _done, _total: None)
    with back.read() as connection:
        assert {**row_counts(connection), "meta": 0} == {**counts, "meta": 0}
    for store in (target, back):
        store.dispose()


def migrated(url: str) -> Store:
    store = open_store(url)
    store.migrate()
    return store
