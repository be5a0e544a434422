"""Matching of entries to known articles, and the stored fields."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import ParseError
from syndicate.ingest.identity import (
    MAX_KEY_CHARACTERS,
    EntryDecision,
    EntryMatch,
    accept,
    edited_fragments,
    entry_key,
    keys_of,
    match_entry,
    uid_of,
    urls_of,
)
from syndicate.model import Entry, Image, KnownArticle, NewArticle, Source, known_since, undated_key

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SOURCE = Source(id=1, name="wire", url="https://wire.example/feed", section="World")
ENTRY = Entry(
    guid="tag:wire.example,2026:1",
    url="https://wire.example/rain?utm_source=feed",
    title="Rain in Bergen",
    published=NOW - timedelta(hours=3),
    html="<p>It rains in Bergen again today.</p>",
    text="It rains in Bergen again today.",
    item_hash="d1",
)


def stored(article: NewArticle, *, row: int = 7) -> KnownArticle:
    names = set(KnownArticle.__dataclass_fields__) - {"id"}
    return KnownArticle(id=row, **{name: getattr(article, name) for name in names})


def first_seen(entry: Entry = ENTRY, now: datetime = NOW) -> KnownArticle:
    return stored(accept(entry, SOURCE, now))


def decided(entry: Entry, *known: KnownArticle, now: datetime = NOW + timedelta(days=1)) -> EntryDecision:
    return match_entry(entry, SOURCE, known, now)


@pytest.mark.parametrize(
    ("guid", "url", "key"),
    [
        ("abc", "https://wire.example/1", "abc"),
        (" abc ", "", "abc"),
        ("https://wire.example/?p=1&utm_source=x", "", "https://wire.example/?p=1&utm_source=x"),
        ("", "https://WIRE.example:443/1?utm_source=x#v1.2", "https://wire.example/1#v1.2"),
        ("", "https://wire.example/1#utm_source=rss", "https://wire.example/1"),
        ("0", "https://wire.example/1", "https://wire.example/1"),
        ("NULL", "https://wire.example/1", "https://wire.example/1"),
        ("--", "https://wire.example/1", "https://wire.example/1"),
    ],
)
def test_R3_the_key_is_the_guid_else_the_canonical_url(guid, url, key):
    assert entry_key(Entry(guid=guid, url=url, title="a")) == key


def test_without_guid_and_url_title_and_date_are_the_key():
    entry = Entry(guid="", url="", title="Rain", published=NOW, text="a")
    assert entry_key(entry) == entry_key(replace(entry, title="RAIN", text="b"))
    assert entry_key(entry) != entry_key(replace(entry, published=NOW + timedelta(hours=1)))
    assert entry_key(entry) != entry_key(replace(entry, title="Wind"))


def test_with_nothing_else_the_text_is_the_key():
    entry = Entry(guid="", url="", title="", text="a")
    assert entry_key(entry) != entry_key(replace(entry, text="b"))


@given(st.text(max_size=3000), st.text(max_size=3000))
def test_a_key_is_never_empty_and_never_too_long(guid, url):
    for key in keys_of(Entry(guid=guid, url=url, title="a")):
        assert 0 < len(key) <= MAX_KEY_CHARACTERS


def test_R3_the_uid_depends_on_source_and_key_only():
    assert uid_of("wire", "1") == uid_of("wire", "1")
    assert len({uid_of("wire", "1"), uid_of("wire", "2"), uid_of("daily", "1")}) == 3


@given(st.text(), st.text())
def test_R3_the_uid_is_a_uuid_of_the_source_and_the_key(source_name, key):
    ours = uuid.UUID("6f1d0a86-6a0e-5d6b-9c58-9a3f0a4b1c77")
    assert uid_of(source_name, key) == str(uuid.uuid5(ours, f"{source_name}\n{key}"))


def test_an_unknown_entry_is_new():
    decision = decided(ENTRY)
    assert decision.kind is EntryMatch.NEW
    assert decision.article is not None
    assert decision.article.entry_key == "tag:wire.example,2026:1"


def test_the_same_bytes_are_the_same_article():
    known = first_seen()
    assert decided(ENTRY, known) == EntryDecision(kind=EntryMatch.SAME, existing=known)


def test_other_bytes_with_the_same_content_only_bring_their_digest():
    known = first_seen()
    decision = decided(replace(ENTRY, item_hash="d2"), known)
    assert decision == EntryDecision(kind=EntryMatch.SAME, existing=known, item_hash="d2")


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Snow in Bergen"},
        {"url": "https://wire.example/snow"},
        {"html": "<p>It snows.</p>", "text": "It snows."},
        {"summary": "Snow"},
        {"authors": ("Kari",)},
        {"tags": ("Weather",)},
        {"image": Image(url="https://wire.example/1.jpg", alt="a")},
        {"language": "nb"},
        {"updated": NOW},
        {"section": "Local"},
        {"read_more": ("Wind",)},
    ],
)
def test_whatever_a_reader_can_see_makes_it_changed(change):
    known = first_seen()
    decision = decided(replace(ENTRY, item_hash="d2", **change), known)
    assert decision.kind is EntryMatch.CHANGED
    assert decision.existing == known
    article = decision.article
    assert article is not None
    assert (article.uid, article.entry_key, article.path) == (known.uid, known.entry_key, known.path)
    assert (article.published, article.first_seen) == (known.published, known.first_seen)


def test_tracking_parameters_are_no_change():
    assert (
        decided(replace(ENTRY, item_hash="d2", url="https://wire.example/rain?fbclid=9"), first_seen()).kind
        is EntryMatch.SAME
    )


def test_R3_a_changed_guid_is_the_same_article():
    known = first_seen()
    decision = decided(replace(ENTRY, guid="https://wire.example/?p=1", item_hash="d2"), known)
    assert (decision.kind, decision.existing) == (EntryMatch.SAME, known)


def test_a_changed_guid_without_a_date_is_the_same_article():
    undated = replace(ENTRY, published=None)
    assert (
        decided(replace(undated, guid="other", item_hash="d2"), first_seen(undated)).kind is EntryMatch.SAME
    )


def test_a_weekly_column_at_one_address_is_a_new_article_each_week():
    column = replace(ENTRY, title="This week", url="https://wire.example/column")
    next_week = replace(column, guid="2", published=NOW + timedelta(days=7), item_hash="d2")
    assert decided(next_week, first_seen(column), now=NOW + timedelta(days=7)).kind is EntryMatch.NEW


def test_R3_a_reused_guid_is_a_new_article_and_stays_known():
    known = first_seen()
    other = replace(
        ENTRY,
        url="https://wire.example/wind",
        title="Wind",
        published=NOW + timedelta(days=9),
        item_hash="d2",
    )
    later = NOW + timedelta(days=10)
    decision = decided(other, known, now=later)
    assert decision.kind is EntryMatch.NEW
    assert decision.article is not None
    assert decision.article.entry_key == "tag:wire.example,2026:1#https://wire.example/wind"
    assert decision.article.uid != known.uid
    second = stored(decision.article, row=8)
    assert decided(replace(other, item_hash="d3"), known, second, now=later).existing == second
    assert second.entry_key in keys_of(other)


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://wire.example/moved", "title": "Rain"},
        {"url": "https://wire.example/moved", "published": NOW + timedelta(days=9)},
        {"title": "Rain", "published": NOW + timedelta(days=9)},
        {"url": "https://wire.example/moved", "title": "Rain", "published": None},
    ],
)
def test_a_correction_is_no_reused_guid(change):
    decision = decided(replace(ENTRY, item_hash="d2", **change), first_seen(), now=NOW + timedelta(days=10))
    assert decision.kind is EntryMatch.CHANGED


@pytest.mark.parametrize(
    ("published", "updated", "expected"),
    [
        (NOW - timedelta(days=2), None, (NOW - timedelta(days=2), NOW - timedelta(days=2))),
        (None, None, (undated_key(NOW), NOW)),
        (None, NOW - timedelta(days=1), (NOW - timedelta(days=1), NOW - timedelta(days=1))),
        (NOW + timedelta(hours=23), None, (NOW, NOW)),
        (NOW + timedelta(days=300), None, (undated_key(NOW), NOW)),
        (NOW + timedelta(minutes=9), None, (NOW + timedelta(minutes=9), NOW + timedelta(minutes=9))),
        (datetime(1, 1, 1, tzinfo=UTC), None, (undated_key(NOW), NOW)),
        (
            datetime(1970, 1, 1, tzinfo=UTC),
            NOW - timedelta(days=1),
            (NOW - timedelta(days=1), NOW - timedelta(days=1)),
        ),
        (NOW, NOW - timedelta(days=5), (NOW, NOW)),
        (
            NOW - timedelta(days=5),
            NOW + timedelta(days=5),
            (NOW - timedelta(days=5), NOW - timedelta(days=5)),
        ),
    ],
    ids=[
        "date",
        "none",
        "only-updated",
        "wrong-zone",
        "far-future",
        "clock-skew",
        "year-1",
        "epoch",
        "updated-first",
        "future-update",
    ],
)
def test_dates_are_plausible(published, updated, expected):
    article = accept(replace(ENTRY, published=published, updated=updated), SOURCE, NOW)
    assert (article.published, article.updated) == expected


def test_an_undated_entry_is_dated_by_first_sight_only_where_that_is_sound():
    bare = replace(ENTRY, published=None)
    assert accept(bare, SOURCE, NOW, date_by_first_seen=True).published == NOW
    archived = accept(bare, SOURCE, NOW)
    assert not archived.dated
    assert known_since(archived.published) == archived.first_seen == NOW
    assert archived.path.startswith("site/articles/2026/03/")


def test_an_undated_article_takes_the_first_date_it_gets():
    known = first_seen(replace(ENTRY, published=None))
    decision = decided(replace(ENTRY, item_hash="d2"), known)
    assert decision.kind is EntryMatch.CHANGED
    assert decision.article is not None
    assert (decision.article.published, decision.article.uid) == (ENTRY.published, known.uid)


def test_a_guid_that_moves_and_gets_a_date_is_no_reused_guid():
    known = first_seen(replace(ENTRY, published=None))
    moved = replace(ENTRY, url="https://wire.example/moved", title="Snow", item_hash="d2")
    assert decided(moved, known).existing == known


def test_a_future_date_is_not_moved_by_every_poll():
    future = replace(ENTRY, published=NOW + timedelta(days=300))
    known = first_seen(future)
    assert (
        decided(replace(future, item_hash="d2"), known, now=NOW + timedelta(hours=1)).kind is EntryMatch.SAME
    )


def test_A8_a_change_without_a_date_of_its_own_was_made_now():
    later = NOW + timedelta(days=1)
    decision = decided(replace(ENTRY, title="Snow", item_hash="d2"), first_seen(), now=later)
    assert decision.article is not None
    assert (decision.article.published, decision.article.updated) == (ENTRY.published, later)


def test_A8_a_change_takes_the_date_it_declares():
    updated = NOW + timedelta(hours=2)
    decision = decided(replace(ENTRY, title="Snow", updated=updated, item_hash="d2"), first_seen())
    assert decision.article is not None
    assert decision.article.updated == updated


def test_the_stored_article():
    article = accept(replace(ENTRY, tags=("Weather",)), SOURCE, NOW)
    assert article.url == "https://wire.example/rain"
    assert article.path == f"site/articles/2026/03/rain-in-bergen-{article.uid[:8]}.html"
    assert (article.section, article.tags, article.minutes, article.words) == ("World", ("Weather",), 1, 6)
    assert article.summary == "It rains in Bergen again today."
    assert (article.html, article.text, article.item_hash) == (ENTRY.html, ENTRY.text, "d1")
    assert article.first_seen == NOW


def test_an_entry_s_own_section_beats_the_source_s():
    assert accept(replace(ENTRY, section="Local"), SOURCE, NOW).section == "Local"


def test_a_title_that_is_missing_is_the_beginning_of_the_text():
    article = accept(replace(ENTRY, title="", text="Rain fell. " * 40), SOURCE, NOW)
    assert article.title.startswith("Rain fell.")
    assert len(article.title) <= 80


def test_a_title_in_another_script_has_a_path_that_can_be_read():
    article = accept(replace(ENTRY, title="東京の天気"), SOURCE, NOW)
    assert article.path == f"site/articles/2026/03/dong-jingno-tian-qi-{article.uid[:8]}.html"


def test_nothing_to_read_or_follow_is_refused_with_a_reason():
    empty = Entry(guid="1", url="", title="")
    with pytest.raises(ParseError, match="no title") as refused:
        accept(empty, SOURCE, NOW)
    assert decided(empty) == EntryDecision(kind=EntryMatch.REFUSED, reason=str(refused.value))


@pytest.mark.parametrize(
    ("entry", "title"),
    [
        (Entry(guid="1", url="https://wire.example/1", title=""), SOURCE.name),
        (
            Entry(
                guid="1", url="https://wire.example/1", title="", published=datetime(2026, 3, 4, tzinfo=UTC)
            ),
            f"{SOURCE.name}, 2026-03-04",
        ),
        (
            Entry(
                guid="1", url="", title="", image=Image(url="https://wire.example/p.jpg", alt="A red kite")
            ),
            "A red kite",
        ),
    ],
)
def test_a_photo_post_or_a_bare_link_still_gets_a_title(entry, title):
    assert accept(entry, SOURCE, NOW).title == title


ARABIC = "هطلت الأمطار اليوم على المدينة وتوقفت حركة المرور في الشوارع الرئيسية لعدة ساعات"


@pytest.mark.parametrize(
    ("declared", "of_source", "text", "expected"),
    [
        ("nb", "", "It rains", ("nb", "ltr")),
        ("", "nb", "It rains", ("nb", "ltr")),
        ("ar", "", ARABIC, ("ar", "rtl")),
        ("en-us", "", ARABIC, ("ar", "rtl")),
        ("", "", ARABIC, ("ar", "rtl")),
        ("", "", "The ministers met on Tuesday to discuss the budget for the coming year.", ("en", "ltr")),
    ],
)
def test_language_is_declared_unless_the_text_runs_the_other_way(declared, of_source, text, expected):
    entry = replace(ENTRY, language=declared, title=text, text=text)
    article = accept(entry, replace(SOURCE, language=of_source), NOW)
    assert (article.language, article.direction) == expected


def test_an_article_of_a_store_that_hashed_otherwise_is_still_the_same():
    # Its BLAKE2 hash.
    before = replace(first_seen(), content_hash="a5b3b9917c9d818d252c44c7e1e74c44")
    assert decided(replace(ENTRY, item_hash="d2"), before).kind is EntryMatch.SAME
    assert decided(replace(ENTRY, item_hash="d2", title="Sun in Bergen"), before).kind is EntryMatch.CHANGED


def changelog(version: str, title: str = "", date: datetime | None = None) -> Entry:
    url = f"https://wire.example/log{'#' + version if version else ''}"
    return Entry(guid="", url=url, title=title or f"Version {version}", published=date, item_hash=version)


def test_entries_of_a_changelog_are_articles_of_their_own_and_keep_their_links():
    first, second = changelog("v1", "Fixes"), changelog("v2", "Fixes")
    known = first_seen(first)
    decision = decided(second, known)
    assert decision.kind is EntryMatch.NEW
    assert decision.article
    assert decision.article.url == "https://wire.example/log#v2"
    assert decided(replace(first, item_hash="other", text="More."), known).existing == known


def test_an_entry_stored_before_fragments_counted_is_found_by_its_title():
    known = first_seen(changelog("", "Version v1"))
    assert set(keys_of(changelog("v1"))) >= {known.entry_key}
    assert set(urls_of(changelog("v1"))) >= {known.url}
    assert decided(changelog("v1"), known).existing == known
    assert decided(changelog("v2"), known).kind is EntryMatch.NEW


def test_two_unread_entries_of_one_page_and_date_are_not_an_article_stored_before_fragments_counted():
    date = NOW - timedelta(days=2)
    known = replace(first_seen(changelog("", "Fixes", date)), item_hash="as it was")
    entries = [changelog("v1", "More fixes", date), changelog("v2", "Other fixes", date)]
    assert edited_fragments(entries[:1], [known], frozenset()) == {"v1": known}
    assert edited_fragments(entries, [known], frozenset()) == {}
    assert edited_fragments(entries[:1], [known], {"as it was"}) == {}
    assert edited_fragments([changelog("v1", "Fixes", NOW)], [known], frozenset()) == {}


def test_a_guid_reused_for_another_entry_of_a_changelog_is_a_new_article():
    known = first_seen(replace(changelog("v1", date=NOW - timedelta(days=9)), guid="log"))
    entry = replace(changelog("v2", date=NOW), guid="log")
    assert decided(entry, known).kind is EntryMatch.NEW
    assert keys_of(entry)[1] == "log#https://wire.example/log#v2"
