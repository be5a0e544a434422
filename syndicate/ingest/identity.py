"""Identity of entries: the article an entry is, and the row it becomes. Pure; ``now`` is an argument.

**Key.** An article is known inside its source by a key: the guid if it says anything, else the canonical
URL with its fragment, else a hash of title and date (of the text, when there is neither). The public ``uid``
is derived from the source's name and the key of the first sight, and never changes.

==============================================  ==================================================
what we meet                                    what it is
==============================================  ==================================================
same key                                        the same article
same key, but another URL, title *and* date     a reused guid: a new article, key ``guid#url``
unknown key, URL and title of a known article,  a changed guid: the same article keeps uid and key
  dates less than a day apart or one missing
same URL but another fragment than a known      another article: an entry of a changelog; where one
  article's                                       of both has no fragment, title and date decide,
                                                  or the date alone (``edited_parts``)
unknown key and URL, title and moment of a      it has moved (``reappearing``): the same article
  known article that is listed no longer
no guid, no URL                                 title and date identify it
no title                                        the first words of its text are its title
no title and no text                            what its picture shows, else its source and date
nothing at all, not even an address             refused, with a reason
==============================================  ==================================================

**Dates.** Before 1990 (year 1717, the epoch) or more than a day in the future is no date. Between ten
minutes and a day in the future is cut to ``now``. No published date: ``updated``. Neither: the article is
undated (``undated_key``), unless the caller says that first sight is a sound date. The published date of a
known article stays, whatever the feed says later; an undated article takes the first date it gets.
``updated`` is never before ``published``; a changed article without a new date was updated ``now``.

**Same or changed.** ``content_hash`` covers everything a reader can see, with the dates as declared;
equal hashes are the same article even if the item's bytes differ (comment counts, tracking tokens).
"""

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b, sha1
from uuid import UUID

from syndicate.errors import ParseError
from syndicate.model import EARLIEST, Entry, KnownArticle, NewArticle, Source, known_since, undated_key
from syndicate.text.hashes import hash_of
from syndicate.text.language import detect_language, direction_of
from syndicate.text.names import slug
from syndicate.text.plain import excerpt
from syndicate.text.reading_time import measure_reading
from syndicate.text.urls import canonical_link, canonical_url

FUTURE_TOLERANCE = timedelta(minutes=10)
FUTURE_LIMIT = timedelta(days=1)
"""Clocks and zones are wrong by less; a date further ahead says nothing."""
SAME_DATE = timedelta(days=1)
MAX_KEY = 500
MAX_TITLE_FROM_TEXT = 80

_UIDS = UUID("6f1d0a86-6a0e-5d6b-9c58-9a3f0a4b1c77").bytes
# What broken generators write where a guid should be.
_EMPTY_GUIDS = frozenset(
    {"0", "-1", "null", "none", "nil", "undefined", "n/a", "guid", "id", "false", "true"}
)


class EntryMatch(StrEnum):
    """Result of comparing an entry with the known articles."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDecision:
    """Decision about one entry.

    ``article`` is what to store (new and changed only); ``existing`` the row it changes or
    equals. When the same article came as other bytes, ``item_hash`` is to be stored with the row, so
    that those bytes are not read again; otherwise it is ``""``.
    """

    kind: EntryMatch
    article: NewArticle | None = None
    existing: KnownArticle | None = None
    item_hash: str = ""
    reason: str = ""


def entry_key(entry: Entry) -> str:
    """The key of an entry inside its source; at most ``MAX_KEY`` characters."""
    guid = entry.guid.strip()
    if any(map(str.isalnum, guid)) and guid.lower() not in _EMPTY_GUIDS:
        return _bounded(guid)
    if url := canonical_link(entry.url):
        return _bounded(url)
    date = entry.published.isoformat() if entry.published else ""
    return "hash:" + _hash(entry.title.casefold(), date, "" if entry.title or date else entry.text)


def keys_of(entry: Entry) -> tuple[str, ...]:
    """Return every key under which the entry may be known; ask the store for these and for ``urls_of``."""
    key = entry_key(entry)
    reused_key = _reused_key(entry, key)
    if "#" in entry.url and key == _bounded(canonical_link(entry.url)):
        # Stores from before fragments counted have this key.
        return key, reused_key, _bounded(canonical_url(entry.url))
    return key, reused_key


def urls_of(entry: Entry) -> tuple[str, ...]:
    """Return the URLs under which the store may have the entry: with its fragment, and without."""
    page, link = canonical_url(entry.url), canonical_link(entry.url)
    return (page,) if page == link else (page, link)


def uid_of(source_name: str, key: str) -> str:
    """The public id of an article first seen under ``key``: a UUID (version 5) in text."""
    # What ``uuid.uuid5`` does, in a third of its time.
    digits = sha1(_UIDS + f"{source_name}\n{key}".encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def decide(
    entry: Entry,
    source: Source,
    known: Iterable[KnownArticle],
    now: datetime,
    *,
    moved: KnownArticle | None = None,
    by_sight: bool = False,
) -> EntryDecision:
    """New, changed, same or refused, by the rules above.

    ``known`` holds the source's articles under ``keys_of(entry)`` or under ``urls_of(entry)``; ``moved`` is
    the article that the entry must be if it is none of those. ``by_sight`` dates an undated
    entry ``now``.
    """
    known = tuple(known)
    key, existing = _identified(entry, known) if known else (entry_key(entry), None)
    if existing is None and moved:
        key, existing = moved.entry_key, moved
    if existing and existing.item_hash == entry.item_hash != "":
        return EntryDecision(kind=EntryMatch.SAME, existing=existing)
    try:
        article = accept(entry, source, now, key=key, existing=existing, by_sight=by_sight)
    except ParseError as error:
        return EntryDecision(kind=EntryMatch.REFUSED, existing=existing, reason=str(error))
    if existing is None:
        return EntryDecision(kind=EntryMatch.NEW, article=article)
    if _is_unchanged(existing, article, entry, source):
        return EntryDecision(kind=EntryMatch.SAME, existing=existing, item_hash=entry.item_hash)
    return EntryDecision(kind=EntryMatch.CHANGED, article=article, existing=existing)


def accept(
    entry: Entry,
    source: Source,
    now: datetime,
    *,
    key: str = "",
    existing: KnownArticle | None = None,
    by_sight: bool = False,
) -> NewArticle:
    """The article as we store it; of a known one, uid, key, path and first dates stay.

    Raises ``ParseError`` for an entry that has nothing a reader could see or follow.
    """
    text = entry.text or entry.summary
    title = entry.title or excerpt(text, MAX_TITLE_FROM_TEXT) or _title_without_words(entry, source)
    if not title:
        raise ParseError("the item has no title, no text, no picture and no address")
    language = _language(entry, source, f"{title}\n{text}")
    published, updated = _dates(entry, now, existing, by_sight=by_sight)
    key = _kept_key(entry, existing) if existing else key or entry_key(entry)
    uid = existing.uid if existing else uid_of(source.name, key)
    reading = measure_reading(text, language)
    shown = known_since(published)
    month = f"{shown.year:04}/{shown.month:02}"
    fallback = f"site/articles/{month}/{slug(title) or 'article'}-{uid[:8]}.html"
    return NewArticle(
        uid=uid,
        entry_key=key,
        url=canonical_link(entry.url),
        path=existing.path if existing else fallback,
        title=title,
        authors=entry.authors,
        published=published,
        updated=updated,
        first_seen=existing.first_seen if existing else now,
        language=language,
        direction=direction_of(language, text or title),
        section=entry.section or source.section,
        tags=entry.tags,
        summary=entry.summary or excerpt(entry.text),
        image=entry.image,
        enclosures=entry.enclosures,
        minutes=entry.minutes or reading.minutes,
        words=reading.words,
        read_more=entry.read_more,
        content_hash=hash_of(_content(entry, title, language, source.section)),
        item_hash=entry.item_hash,
        html=entry.html,
        text=entry.text,
    )


def _title_without_words(entry: Entry, source: Source) -> str:
    """A photo post, or a bare link: what the picture shows, else whose it is and of what day."""
    if entry.image and entry.image.alt:
        return excerpt(entry.image.alt, MAX_TITLE_FROM_TEXT)
    if not entry.image and not entry.html and not entry.url:
        return ""
    date = entry.published or entry.updated
    return f"{source.name}, {date:%Y-%m-%d}" if date else source.name


def _identified(entry: Entry, known: tuple[KnownArticle, ...]) -> tuple[str, KnownArticle | None]:
    key, reused_key, *_ = keys_of(entry)
    by_key = {article.entry_key: article for article in known}
    if reused_key in by_key:
        return reused_key, by_key[reused_key]
    existing = by_key.get(key)
    if existing:
        return (reused_key, None) if _is_reused(entry, existing) else (key, existing)
    for article in known:
        same = article.url and _same_page(entry, article) and _same_title(entry, article)
        if same and _same_date(entry, article):
            return article.entry_key, article
    return key, None


def edited_parts(
    entries: Sequence[Entry], known: Iterable[KnownArticle], listed: Container[str]
) -> dict[str, KnownArticle]:
    """Return entries that are edited articles of a store from before fragments counted, by their digest.

    Such an article is known by its page alone. It is the only unread entry of that page with its date, unless
    the document still lists the article as it was (its digest is in ``listed``).
    """
    parts = [
        entry
        for entry in entries
        if "#" in entry.url and entry_key(entry) == _bounded(canonical_link(entry.url))
    ]
    if not parts:
        return {}
    pages = {
        article.url: article
        for article in known
        if article.dated and article.entry_key == _bounded(article.url)
    }
    dated = [(canonical_url(part.url), part.published) for part in parts]
    count = Counter(dated)
    return {
        entry.item_hash: known_page
        for entry, (url, date) in zip(parts, dated, strict=True)
        if (known_page := pages.get(url)) and known_page.published == date and count[url, date] == 1
        if known_page.item_hash not in listed
    }


def _kept_key(entry: Entry, existing: KnownArticle) -> str:
    """Return the key of a known article; one that was stored without its fragment takes the entry's."""
    key = entry_key(entry)
    is_part = "#" in key and existing.entry_key == _bounded(canonical_url(entry.url))
    return key if is_part else existing.entry_key


def _is_reused(entry: Entry, existing: KnownArticle) -> bool:
    other_page = bool(canonical_url(entry.url) and existing.url and not _same_page(entry, existing))
    return other_page and not _same_title(entry, existing) and not _same_date(entry, existing)


def _same_page(entry: Entry, existing: KnownArticle) -> bool:
    """Compare addresses; two fragments differ, but none may be any: it was not stored, or not written."""
    link = canonical_link(entry.url)
    if "#" not in link and "#" not in existing.url:
        return link == existing.url
    page, _, fragment = link.partition("#")
    known_page, _, known_fragment = existing.url.partition("#")
    return page == known_page and (fragment == known_fragment or not fragment or not known_fragment)


def _same_title(entry: Entry, existing: KnownArticle) -> bool:
    """Compare with the publisher's title, not with the title that a rule gave."""
    return entry.title.casefold() == (existing.declared_title or existing.title).casefold()


def _same_date(entry: Entry, existing: KnownArticle) -> bool:
    """Less than a day apart; an entry or article without a date could be of any."""
    return (
        entry.published is None or not existing.dated or abs(entry.published - existing.published) < SAME_DATE
    )


def _reused_key(entry: Entry, key: str) -> str:
    return _bounded(f"{key}#{canonical_link(entry.url)}")


def _bounded(key: str) -> str:
    return key if len(key) <= MAX_KEY else "hash:" + _hash(key)


def has_date(entry: Entry, now: datetime) -> bool:
    """Return whether the entry says when it was published or updated, and can be right."""
    return bool(_plausible(entry.published, now) or _plausible(entry.updated, now))


def _dates(
    entry: Entry, now: datetime, existing: KnownArticle | None, *, by_sight: bool
) -> tuple[datetime, datetime]:
    declared = _plausible(entry.published, now)
    changed = _plausible(entry.updated, now)
    if existing:
        published = existing.published if existing.dated else declared or changed or existing.published
        later = [date for date in (declared, changed) if date and date > published]
        return published, max(later, default=max(now, published))
    published = declared or changed or (now if by_sight else undated_key(now))
    return published, max(known_since(published), changed or published)


def _plausible(date: datetime | None, now: datetime) -> datetime | None:
    if date is None or date < EARLIEST or date > now + FUTURE_LIMIT:
        return None
    return now if date > now + FUTURE_TOLERANCE else date


def _language(entry: Entry, source: Source, text: str) -> str:
    """Declared, unless the text runs the other way: Arabic that says "en" by default is not English."""
    declared = entry.language or source.language
    if declared and direction_of(declared) == direction_of("", text):
        return declared
    return detect_language(text) or declared


def _is_unchanged(existing: KnownArticle, article: NewArticle, entry: Entry, source: Source) -> bool:
    if existing.content_hash == article.content_hash:
        return True
    # Stores of before XXH3 have this one.
    parts = _content(entry, article.title, article.language, source.section)
    return existing.content_hash == blake2b(parts, digest_size=16).hexdigest()


def _content(entry: Entry, title: str, language: str, section: str) -> bytes:
    """All that a reader can see of an entry."""
    image = entry.image
    return _joined(
        title,
        canonical_url(entry.url),
        repr((entry.authors, entry.tags, entry.read_more)),
        str(entry.published),
        str(entry.updated),
        language,
        entry.section or section,
        entry.summary,
        repr(image),
        entry.html or entry.text,
        *_attached(entry),
        *([str(entry.minutes)] if entry.minutes else ()),
    )


def _attached(entry: Entry) -> tuple[str, ...]:
    """Files count by address, duration and title; without any, the hashes of old stores stay valid."""
    files = [(canonical_url(file.url), file.duration, file.title) for file in entry.enclosures]
    return (repr(files),) if files else ()


def _hash(*parts: str) -> str:
    return blake2b(_joined(*parts), digest_size=16).hexdigest()


def _joined(*parts: str) -> bytes:
    # Each is encoded by itself: most are ASCII, which is done at once.
    return b"\0".join([part.encode(errors="replace") for part in parts])
