"""Pages of lists: no row twice and none skipped while rows arrive, on both engines."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.store import Connection, Store
from syndicate.store.access import api_lists
from tests.factories import NOW, add_sources, add_unplaced, declared, new_article


def read_all(connection: Connection) -> list[int]:
    listing = api_lists.ARTICLES
    rows, following = listing.page(connection, listing.matching({}), limit=10_000)
    assert following is None
    return [row["row_id"] for row in rows]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrivals=st.lists(st.lists(st.integers(0, 3), max_size=3), max_size=6), limit=st.integers(1, 4))
def test_pages_neither_skip_nor_repeat_while_articles_arrive(
    store: Store, arrivals: list[list[int]], limit: int
) -> None:
    listing, number = api_lists.ARTICLES, [0]

    def arrive(connection: Connection, seconds: list[int]) -> None:
        # Equal times are common: a poll stores all its articles at one time.
        articles = []
        for second in seconds:
            number[0] += 1
            articles.append(new_article(number[0], first_seen=NOW + timedelta(seconds=second)))
        add_unplaced(connection, source.id, articles)

    with store.dry_run() as connection:
        (source,) = add_sources(connection, declared())
        arrive(connection, [0, 1, 1, 1, 2, 0, 3])
        before, seen, after = read_all(connection), list[int](), None
        for arriving in [*arrivals, *[[]] * 40]:
            rows, after = listing.page(connection, listing.matching({}), limit=limit, after=after)
            assert len(rows) <= limit
            seen += [row["row_id"] for row in rows]
            if after is None:
                break
            arrive(connection, arriving)
        assert [row_id for row_id in seen if row_id in before] == before
        assert len(set(seen)) == len(seen)
