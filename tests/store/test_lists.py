"""Long lists: their articles between two places, the marks of their pages, and the bounds of cut pages."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from syndicate.store import schema
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.core.migration import add_authors
from syndicate.store.output import paged_lists, stale
from syndicate.store.output.paged_lists import END, START, Place
from tests import factories
from tests.factories import NOW, declared, new_article

HOUR = timedelta(hours=1)


def report(number: int, **changes):
    """An article that is ``number`` hours old."""
    at = NOW - number * HOUR
    facts = {"tags": ("Tides",), "authors": ("Ada Moor",), "published": at, "updated": at}
    return new_article(number, **facts | changes)


@pytest.fixture
def connection(store):
    with store.write() as connection:
        harbour, hills = factories.add_sources(connection, declared("Harbour"), declared("Hills"))
        factories.add_articles(connection, harbour.id, *(report(number) for number in (1, 2, 3)))
        yield connection
    assert hills


def source_ids(connection) -> dict[str, int]:
    table = schema.sources
    return {row.name: row.id for row in connection.execute(select(table.c.name, table.c.id))}


def listed(connection, kind: str, key: str, after: Place = START, until: Place = END) -> list[int]:
    return [place.article_id for place in paged_lists.places(connection, kind, key, after=after, until=until)]


def hour(number: int) -> int:
    return to_microseconds(NOW - number * HOUR) // stale.HOUR


def test_each_kind_of_list_has_its_articles_from_the_oldest_on(connection):
    newest, second, oldest = connection.scalars(select(schema.articles.c.id).order_by(schema.articles.c.id))
    keys = {"section": "world", "tag": "tides", "author": "ada moor", "source": "1"}
    keys["source"] = str(source_ids(connection)["Harbour"])
    for kind, key in keys.items():
        assert listed(connection, kind, key) == [oldest, second, newest]
        bound = Place(to_microseconds(NOW - 2 * HOUR), second)
        assert listed(connection, kind, key, after=bound) == [newest]
        assert listed(connection, kind, key, until=bound) == [oldest, second]
    assert listed(connection, "undated", "") == []


def test_a_list_shows_each_text_once_and_its_marks_name_the_copies(connection):
    hills = source_ids(connection)["Hills"]
    (original,) = connection.scalars(select(schema.articles.c.id).where(schema.articles.c.uid.endswith("3")))
    (copy,) = factories.add_unplaced(connection, hills, [report(9, tags=("Boats",))])
    factories.place(connection, copy, same_text=original)
    assert copy in listed(connection, "section", "world")
    assert original not in listed(connection, "section", "world")
    assert original in listed(connection, "tag", "tides")
    marks = stale.list_marks(connection, [original])
    assert {f"section@{hour(3)}:world", f"section@{hour(9)}:world"} <= marks
    assert {f"tag@{hour(3)}:tides", f"tag@{hour(9)}:boats", f"source@{hour(9)}:{hills}"} <= marks
    assert {f"day@{hour(3)}:", f"day@{hour(9)}:", f"author@{hour(9)}:ada moor"} <= marks


def test_marks_name_an_hour_only_on_pages_that_were_cut(connection):
    bound = Place(to_microseconds(NOW - 2 * HOUR), 2)
    paged_lists.save_bounds(connection, "section:world", {}, {1: bound})
    marks = {
        f"section@{hour(1)}:world",
        f"section@{hour(3)}:world",
        f"tag@{hour(3)}:tides",
        f"day@{hour(3)}:",
    }
    assert paged_lists.without_cut_pages(connection, marks) == {
        "section:world",
        f"section@{hour(3)}:world",
        "tag:tides",
        f"day@{hour(3)}:",
    }


def test_marks_of_an_earlier_version_name_the_first_page_of_their_list(connection):
    stale.mark_lists(connection, ["section:World News", "tag:tides", "source:7", "edit:4", "section@5:sport"])
    found = stale.lists_by_name(stale.stale_lists(connection))
    assert found == {
        "section:world news": {"section:World News": 1},
        "section:sport": {"section@5:sport": 1},
        "tag:tides": {"tag:tides": 1},
        "source:7": {"source:7": 1},
        "sitemap:articles-0": {"sitemap:articles-0": 1},
    }
    assert stale.marked_hours(found["section:sport"]) == {5}
    assert stale.marked_hours(found["tag:tides"]) == set()


def test_bounds_are_replaced_as_a_whole(connection):
    first, second, third = (Place(number, number) for number in (10, 20, 30))
    paged_lists.save_bounds(connection, "tag:tides", {}, {1: first, 2: second})
    before = paged_lists.bounds(connection, "tag:tides")
    assert before == {1: first, 2: second}
    paged_lists.save_bounds(connection, "tag:tides", before, {2: third})
    assert paged_lists.bounds(connection, "tag:tides") == {2: third}
    assert paged_lists.bounds(connection, "tag:boats") == {}


def test_a_name_has_a_page_with_two_texts_or_a_pruned_article(connection):
    harbour = source_ids(connection)["Harbour"]
    (single,) = factories.add_articles(connection, harbour, report(5, tags=("Boats",), authors=("Bo Reed",)))
    ids = list(connection.scalars(select(schema.articles.c.id)))
    assert paged_lists.with_two_texts(connection, "tag", ids) == {"tides"}
    assert paged_lists.with_two_texts(connection, "author", ids) == {"ada moor"}
    names = [
        {"tag": paged_lists.pruned_name(kind, key)} for kind, key in (("tag", "boats"), ("author", "bo reed"))
    ]
    connection.execute(schema.pruned_tags.insert(), names)
    assert paged_lists.with_two_texts(connection, "tag", [single]) == {"boats"}
    assert paged_lists.with_two_texts(connection, "author", [single]) == {"bo reed"}


def test_facts_of_lists_count_placed_articles(connection):
    harbour = source_ids(connection)["Harbour"]
    factories.add_unplaced(connection, harbour, [report(4)])
    start, end = (to_microseconds(NOW - number * HOUR) for number in (5, 1))
    assert paged_lists.texts_between(connection, start, end) == 2
    assert [row.section for row in paged_lists.rows_between(connection, start, end)] == ["world", "world"]
    rows = paged_lists.newest_rows(connection, "tag", "tides", since=start, limit=2)
    assert [row.tags for row in rows] == [["Tides"], ["Tides"]]
    assert paged_lists.newest_of_sources(connection) == {harbour: end}
    assert len(paged_lists.newest_places(connection, 2)) == 2
    assert paged_lists.count_of_source(connection, harbour) == (
        4,
        to_microseconds(NOW - 4 * HOUR),
    )


def test_stored_articles_get_the_keys_of_their_authors(connection):
    table = schema.article_authors
    before = set(map(tuple, connection.execute(select(table))))
    assert {row[0] for row in before} == {"ada moor"}
    connection.execute(delete(table))
    add_authors(connection)
    assert set(map(tuple, connection.execute(select(table)))) == before
