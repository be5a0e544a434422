"""An archive under new ids matches the old articles; similar articles do not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syndicate.ingest.rematch import MIN_ARCHIVE, rematch_entries
from syndicate.model import Entry, KnownArticle
from syndicate.text.names import title_hash

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def known(number: int, title: str = "", published: datetime | None = None) -> KnownArticle:
    return KnownArticle(
        id=number,
        uid=f"uid-{number}",
        entry_key=f"old-{number}",
        url=f"https://old.example/{number}",
        title=title or f"Title {number}",
        published=published or NOW - timedelta(hours=number),
        first_seen=NOW,
        content_hash="",
        item_hash=f"old-digest-{number}",
        path="",
    )


def entry(number: int, title: str = "", published: datetime | None = None) -> Entry:
    return Entry(
        guid=f"new-{number}",
        url=f"https://new.example/{number}",
        title=title or f"Title {number}",
        published=published or NOW - timedelta(hours=number),
        item_hash=f"new-digest-{number}",
    )


def found(entries, candidates, listed=frozenset()) -> dict[str, int]:
    matches = rematch_entries(entries, candidates, listed).moved
    return {item_hash.removeprefix("new-digest-"): article.id for item_hash, article in matches.items()}


def test_the_same_title_at_the_same_moment_is_the_same_article():
    assert found([entry(1, "title 1"), entry(2)], [known(1), known(3)]) == {"1": 1}


def test_another_moment_or_another_title_is_another_article():
    assert found([entry(1, published=NOW), entry(2, "Other")], [known(1), known(2)]) == {}


def test_an_article_without_a_date_is_not_guessed_at():
    assert found([replace(entry(1), published=None)], [known(1)]) == {}


def test_an_article_that_is_still_listed_is_another_one():
    assert found([entry(1)], [known(1)], {"old-digest-1"}) == {}
    assert found([entry(1)], [known(1)], {"old-1"}) == {}


def test_one_known_article_is_one_entry_at_most():
    twins = [entry(1), replace(entry(1), item_hash="new-digest-1b")]
    assert found(twins, [known(1)]) == {"1": 1}


def test_a_whole_archive_with_new_dates_is_known_by_its_titles():
    numbers = range(1, MIN_ARCHIVE + 1)
    written_anew = [entry(number, published=NOW) for number in numbers]
    assert found(written_anew, [known(number) for number in numbers]) == {str(n): n for n in numbers}


def test_a_few_titles_among_many_new_ones_prove_nothing():
    entries = [entry(number, published=NOW) for number in range(1, 2 * MIN_ARCHIVE + 1)]
    assert found(entries, [known(number) for number in range(1, MIN_ARCHIVE)]) == {}


def test_an_archive_that_now_lists_more_than_we_ever_had_is_known_by_the_titles_we_have():
    entries = [entry(number, published=NOW) for number in range(1, 500)]
    numbers = range(1, MIN_ARCHIVE + 1)
    assert found(entries, [known(number) for number in numbers]) == {str(n): n for n in numbers}


def test_a_title_that_repeats_is_no_archive():
    entries = [entry(number, "Daily briefing", NOW) for number in range(1, MIN_ARCHIVE + 1)]
    entries += [entry(number, published=NOW) for number in range(MIN_ARCHIVE + 1, 3 * MIN_ARCHIVE)]
    assert found(entries, [known(number, "Daily briefing") for number in range(1, MIN_ARCHIVE + 1)]) == {}


@pytest.mark.parametrize(("behind", "before"), [(" | The Harbour", ""), ("", "The Harbour: ")])
def test_an_archive_with_a_name_put_on_every_title_is_known_by_its_moments(behind: str, before: str):
    numbers = range(1, MIN_ARCHIVE + 1)
    entries = [entry(number, f"{before}Title {number}{behind}") for number in numbers]
    assert found(entries, [known(number) for number in numbers]) == {str(n): n for n in numbers}


def test_equal_moments_alone_prove_nothing():
    numbers = range(1, MIN_ARCHIVE + 1)
    old = [known(number) for number in numbers]
    assert found([entry(number, f"Other {number}") for number in numbers], old) == {}
    few = [entry(number, f"Title {number} | H") for number in range(1, 9)]
    assert found(few, old) == {}
    midnight = [entry(number, f"Title {number} | H", NOW) for number in numbers]
    assert found(midnight, [known(number, published=NOW) for number in numbers]) == {}


def test_what_was_pruned_stays_away_when_its_archive_comes_back_and_only_then():
    numbers = range(1, MIN_ARCHIVE + 1)
    pruned = {title_hash(f"Title {number}") for number in range(4, MIN_ARCHIVE + 1)}
    entries = [entry(number, published=NOW) for number in numbers]
    back = rematch_entries(entries, [known(1)], frozenset(), pruned)
    assert {item_hash: one.id for item_hash, one in back.moved.items()} == {"new-digest-1": 1}
    assert back.pruned_again == {f"new-digest-{number}" for number in range(4, MIN_ARCHIVE + 1)}
    assert rematch_entries(entries[: MIN_ARCHIVE - 1], [], frozenset(), pruned).pruned_again == frozenset()


def test_titles_that_repeat_are_matched_one_to_one_oldest_first():
    entries = [entry(number, "Daily briefing", NOW) for number in range(1, MIN_ARCHIVE + 1)]
    candidates = [known(number, "Daily briefing") for number in range(1, MIN_ARCHIVE)]
    matches = found(entries, candidates)
    assert sorted(matches.values()) == list(range(1, MIN_ARCHIVE))
    assert matches["1"] == MIN_ARCHIVE - 1
