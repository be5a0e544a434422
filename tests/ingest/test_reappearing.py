"""An archive that comes back under other ids is the old one; what merely looks alike is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from syndicate.ingest.reappearing import ARCHIVE, reappeared
from syndicate.model import Entry, KnownArticle

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
        digest=f"old-digest-{number}",
        path="",
    )


def entry(number: int, title: str = "", published: datetime | None = None) -> Entry:
    return Entry(
        guid=f"new-{number}",
        url=f"https://new.example/{number}",
        title=title or f"Title {number}",
        published=published or NOW - timedelta(hours=number),
        digest=f"new-digest-{number}",
    )


def found(entries, candidates, listed=frozenset()) -> dict[str, int]:
    matches = reappeared(entries, candidates, listed)
    return {digest.removeprefix("new-digest-"): article.id for digest, article in matches.items()}


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
    twins = [entry(1), replace(entry(1), digest="new-digest-1b")]
    assert found(twins, [known(1)]) == {"1": 1}


def test_a_whole_archive_with_new_dates_is_known_by_its_titles():
    numbers = range(1, ARCHIVE + 1)
    written_anew = [entry(number, published=NOW) for number in numbers]
    assert found(written_anew, [known(number) for number in numbers]) == {str(n): n for n in numbers}


def test_a_few_titles_among_many_new_ones_prove_nothing():
    entries = [entry(number, published=NOW) for number in range(1, 2 * ARCHIVE + 1)]
    assert found(entries, [known(number) for number in range(1, ARCHIVE)]) == {}


def test_titles_that_repeat_are_matched_one_to_one_oldest_first():
    entries = [entry(number, "Daily briefing", NOW) for number in range(1, ARCHIVE + 1)]
    candidates = [known(number, "Daily briefing") for number in range(1, ARCHIVE)]
    matches = found(entries, candidates)
    assert sorted(matches.values()) == list(range(1, ARCHIVE))
    assert matches["1"] == ARCHIVE - 1
