"""Caches have bounds, and memory that nobody uses is given back."""

import ast
import gc
from functools import lru_cache
from pathlib import Path

import pytest

from syndicate import memory
from syndicate.cli.operate import stages
from syndicate.publish.feeds.fragments import FragmentCache
from syndicate.stories.terms import vocabulary
from tests.factories import NOW, new_article
from tests.jobs.room import opened_room, source

PACKAGE = Path(memory.__file__).parent
UNBOUNDED = {
    # By the types of an edition's fields, and by languages that have a file of words.
    "edition_content._link_fields": "types",
    "edition_content._reader": "types",
    "edition_content._dataclass_reader": "types",
    "feed_words._files": "no argument",
    "documents._environment": "no argument",
    "passwords._unknown_hash": "no argument",
    "api_app._application": "no argument",
    "table_copy._tables": "no argument",
    "feed_words._read": "languages with a file",
    "environment.words": "no argument",
    "markdown._parser": "no argument",
    # By the number of places of a batch, which the sender's connections bound.
    "delivery_statements.claim": "two values",
    "delivery_statements.begin": "places",
    "delivery_statements.cancel": "places",
    "delivery_statements.sent": "places",
}


def _is_unbounded(decorator: ast.expr) -> bool:
    if isinstance(decorator, ast.Call):
        values = [*decorator.args, *(keyword.value for keyword in decorator.keywords)]
        return "lru_cache" in ast.unparse(decorator.func) and any(
            isinstance(value, ast.Constant) and value.value is None for value in values
        )
    return ast.unparse(decorator) in ("cache", "functools.cache")


def test_every_cache_of_a_function_is_bounded_or_has_a_reason() -> None:
    found = {
        f"{path.stem}.{node.name}"
        for path in PACKAGE.rglob("*.py")
        if "cache" in (text := path.read_text("utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and any(map(_is_unbounded, node.decorator_list))
    }
    assert found == UNBOUNDED.keys()


def test_a_table_is_dropped_only_after_an_interval_without_a_use() -> None:
    @memory.released_when_unused
    @lru_cache(maxsize=1)
    def table() -> list[int]:
        return [1]

    first = table()
    memory.release_unused()
    assert table() is first
    memory.release_unused()
    assert table.cache_info().currsize == 1
    memory.release_unused()
    assert table.cache_info().currsize == 0
    assert table() == [1]


def test_tables_are_dropped_at_once_when_their_memory_is_wanted() -> None:
    @memory.released_when_unused
    @lru_cache(maxsize=1)
    def table() -> list[int]:
        return [1]

    table()
    memory.release_tables()
    assert table.cache_info().currsize == 0


def test_a_backlog_of_articles_leaves_no_tables_to_publishing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "BACKLOG", 2)
    with opened_room(tmp_path) as room:
        room.declare(source("harbour", "https://harbour.example/feed"))
        tasks = {task.name: task for task in stages.Stages(room.services, bool).tasks()}
        room.add(new_article(1))
        tasks["stories"].callback(NOW)
        assert vocabulary._vocabularies.cache_info().currsize == 1
        room.add(new_article(2), new_article(3))
        tasks["stories"].callback(NOW)
    assert vocabulary._vocabularies.cache_info().currsize == 0


def test_an_owner_of_memory_may_end_before_the_process() -> None:
    calls: list[str] = []

    class Owner:
        def release_unused(self) -> bool:
            calls.append("released")
            return False

    owner = Owner()
    memory.register(owner)
    memory.release_unused()
    assert calls == ["released"]
    del owner
    gc.collect()
    memory.release_unused()
    assert calls == ["released"]


def test_written_items_are_bounded_together_with_their_texts() -> None:
    cache = FragmentCache(limit=10_000)
    for number in range(50):
        cache.put((str(number), False, False), ("text" * 200,), (b"item" * 50,))
    kept = [number for number in range(50) if cache.get((str(number), False, False), ("text" * 200,))]
    assert kept == list(range(40, 50))


def test_written_items_are_dropped_when_no_feed_was_written_for_an_interval() -> None:
    cache = FragmentCache()
    key = ("1", False, False)
    cache.put(key, ("text",), (b"item",))
    assert not cache.release_unused()
    assert cache.get(key, ("text",)) == (b"item",)
    assert not cache.release_unused()
    assert cache.release_unused()
    assert cache.get(key, ("text",)) is None
