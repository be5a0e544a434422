"""Figures about many sources at once, on both engines."""

from datetime import timedelta

from syndicate.store.core.column_types import to_microseconds
from syndicate.store.ingest import poll_store, source_figures
from syndicate.store.ingest.poll_store import PollRow, PollTrouble
from tests import factories
from tests.factories import NOW, declared, new_article

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_each_source_comes_with_the_time_of_its_newest_article(store):
    with store.write() as connection:
        harbour, quiet = factories.add_sources(connection, declared("Harbour"), declared("Quiet"))
        factories.add_unplaced(connection, harbour.id, [new_article(1), new_article(2)])
        figures = {row.name: row for row in source_figures.source_figures(connection)}
        newest = source_figures.newest_and_pauses(connection, [harbour.id, quiet.id])
        listed = source_figures.listed_sources(connection, [quiet.id])
    minute = to_microseconds(NOW) - to_microseconds(NOW - timedelta(minutes=1))
    assert newest == {harbour.id: (to_microseconds(NOW) - minute, minute)}
    assert (figures["Quiet"].id, listed[quiet.id].url) == (quiet.id, quiet.url)
    assert not figures["Quiet"].paused


def test_the_longest_of_the_last_pauses_is_found(store):
    times = [NOW - HOUR * hours for hours in (1, 2, 7, 8)]
    articles = [new_article(number, published=at) for number, at in enumerate(times)]
    old = [new_article(100 + number, published=NOW - DAY * 90 * number) for number in (1, 2)]
    with store.write() as connection:
        first, second = factories.add_sources(connection, declared("A"), declared("B"))
        factories.add_unplaced(connection, first.id, articles)
        factories.add_unplaced(connection, second.id, old[:1])
        pauses = source_figures.newest_and_pauses(connection, [first.id, second.id])
    longest = {number: pause for number, (_, pause) in pauses.items()}
    assert longest == {first.id: to_microseconds(NOW + 5 * HOUR) - to_microseconds(NOW), second.id: 0}


def test_only_the_last_thirty_pauses_count(store):
    articles = [new_article(number, published=NOW - HOUR * number) for number in range(31)]
    articles.append(new_article(99, published=NOW - 300 * DAY))
    with store.write() as connection:
        (source,) = factories.add_sources(connection, declared("A"))
        factories.add_unplaced(connection, source.id, articles)
        pauses = source_figures.newest_and_pauses(connection, [source.id])
    hour = to_microseconds(NOW + HOUR) - to_microseconds(NOW)
    assert pauses == {source.id: (to_microseconds(NOW), hour)}


def test_articles_are_counted_by_day_and_since_a_time(store):
    articles = [new_article(number, published=NOW - HOUR * 20 * number) for number in range(1, 4)]
    with store.write() as connection:
        (source,) = factories.add_sources(connection, declared("A"))
        factories.add_unplaced(connection, source.id, articles)
        days = source_figures.article_days(connection, [source.id], since=NOW - 2 * DAY)
        assert source_figures.count_articles(connection, since=NOW) == 3
        assert source_figures.article_span(connection, source.id) == (3, NOW)
        assert source_figures.article_span(connection, 99) == (0, None)
    assert days == {source.id: {0: 1, 1: 1}}


def test_slow_and_failing_sources_are_found_with_all_their_polls(store):
    polls = [PollRow(source_id=1, at=NOW + HOUR * hour, outcome="new", ms=50) for hour in range(9)]
    polls += [PollRow(source_id=1, at=NOW, outcome="failed"), PollRow(source_id=2, at=NOW, outcome="equal")]
    polls += [PollRow(source_id=3, at=NOW + HOUR * hour, outcome="new", ms=10_001) for hour in range(2)]
    polls += [
        PollRow(source_id=3, at=NOW, outcome="put_off"),
        PollRow(source_id=4, at=NOW - DAY, outcome="failed"),
    ]
    with store.write() as connection:
        poll_store.add_polls(connection, polls)
    with store.read() as connection:
        found = poll_store.troubled(connection, since=NOW)
    assert found == {1: PollTrouble(polls=10, failed=1), 3: PollTrouble(polls=2, slow=2)}
    assert (found[1].is_unreliable, found[1].is_slow) == (True, False)
    assert (found[3].is_unreliable, found[3].is_slow) == (False, True)


def test_a_search_of_any_length_is_of_the_shown_addresses(store):
    with store.write() as connection:
        (source, _) = factories.add_sources(
            connection,
            declared("A", url="https://news.example/100%_A"),
            declared("B", url="https://news.example/b?key=100%_", private=True),
        )
        found = [source_figures.sources_at(connection, text) for text in ("/100%_a", "news_", "/" * 60_000)]
    assert found == [{source.id}, set(), set()]
