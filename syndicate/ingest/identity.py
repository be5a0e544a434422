"""Match an entry of a document to a known article, and build the article to store. Pure.

``docs/identity.md`` has the rules: which entry is which article, which dates count, and what has changed.
``content_hash`` covers everything a reader can see, with the dates as declared. Articles with equal hashes
are the same, even if the item's bytes differ (comment counts, tracking tokens).
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from uuid import UUID, uuid5

from syndicate.errors import ParseError
from syndicate.groups import grouped
from syndicate.ingest.article_rules import hidden_tags
from syndicate.model import EARLIEST, Entry, KnownArticle, NewArticle, Source, known_since, undated_key
from syndicate.model.articles import FUTURE_TOLERANCE
from syndicate.text.hashes import hash_of
from syndicate.text.language import detect_language, direction_of
from syndicate.text.names import slug
from syndicate.text.plain import excerpt
from syndicate.text.reading_time import measure_reading
from syndicate.text.urls import canonical_link, canonical_url

FUTURE_LIMIT = timedelta(days=1)
"""Wrong clocks and time zones shift a date by less than this."""
SAME_DATE = timedelta(days=1)
"""Dates of one article differ by less than this."""
MAX_KEY_CHARACTERS = 500
SHARED_MARK = "#http"
"""Begins the address of a key ``guid#address``, of an article whose guid names another article as well."""
MAX_TITLE_CHARACTERS = 80
"""Length of a title made from the article's text."""
_CUT_FROM = 150
_END = 40
# Length of the end in which ``_STUB`` and ``_ODD_END`` are looked for: both are tried at each space.
_SEARCHED_END = 100
# The last characters end no sentence, open no list and hold no address. Thai and Lao write no full stops.
_BROKEN_OFF = re.compile(r"[^.!?…:/@。！？؟۔।॥։።။។\n]{39}(?:[^\Wก-๛ກ-ໟ]|[,–—(-]|(?<![\u0370-\u03ff]);)\Z")
# One or two words of a sentence, behind one that ended with a word of three letters or more: no "Mr.".
_STUB = re.compile(r"(?<=\w{3}[.!?])\s+\w+(?: \w+)?\s?(?:…|\.{3})\Z")
# "end....", "end. …" and "end. ." of sentences that ended, and "end ..." of others.
_ODD_END = re.compile(r"(?:([.!?])\s*(?:\.{3,}|…|(?<=\s)\.)|\s+(?:\.{3}|…))\Z")
# Ends of all that ``_STUB`` and ``_ODD_END`` match.
_ODD_MARKS = ("…", "...", " .")
_NO_WORDS = re.compile(r"(?:\[[^\[\]]*+\]|[\W_])*+")

_UID_NAMESPACE = UUID("6f1d0a86-6a0e-5d6b-9c58-9a3f0a4b1c77")
# Placeholders that broken generators write as a guid.
_EMPTY_GUIDS = frozenset(
    {"0", "-1", "null", "none", "nil", "undefined", "n/a", "guid", "id", "false", "true"}
)

# Fields that an article takes from its entry.
_TAKEN = ("authors", "image", "enclosures", "read_more", "item_hash", "html", "text")


class EntryMatch(StrEnum):
    """Result of comparing an entry with the known articles."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDecision:
    """Decision about an entry.

    ``article`` is the article to store (new and changed only), ``existing`` the row that it changes or
    equals. ``item_hash`` is the new item hash of an unchanged article, ``""`` if the hash is already stored:
    the caller stores it with the row, so that the same bytes are not parsed again.
    """

    kind: EntryMatch
    article: NewArticle | None = None
    existing: KnownArticle | None = None
    item_hash: str = ""
    reason: str = ""


def entry_key(entry: Entry) -> str:
    """Return the key of an entry inside its source, at most ``MAX_KEY_CHARACTERS`` long."""
    if _has_guid(entry):
        return _bounded(entry.guid.strip())
    if url := canonical_link(entry.url):
        return _bounded(url)
    date = entry.published.isoformat() if entry.published else ""
    return "hash:" + _hash(entry.title.casefold(), date, "" if entry.title or date else entry.text)


def keys_of(entry: Entry) -> tuple[str, ...]:
    """Return every key under which the entry may be stored; look up these and ``urls_of``."""
    key, link = entry_key(entry), canonical_link(entry.url)
    is_long = len(key) + 1 + len(link) > MAX_KEY_CHARACTERS
    reused_key = _bounded(f"{key}{SHARED_MARK}:hash:{_hash(link)}" if is_long else f"{key}#{link}")
    if "#" in entry.url and key == _bounded(canonical_link(entry.url)):
        # Old stores have a key without fragment.
        return key, reused_key, _bounded(canonical_url(entry.url))
    return key, reused_key


def urls_of(entry: Entry) -> tuple[str, ...]:
    """Return the URLs under which the entry may be stored: without and with its fragment."""
    page, link = canonical_url(entry.url), canonical_link(entry.url)
    return (page,) if page == link else (page, link)


def uid_of(source_name: str, key: str) -> str:
    """Return the public id of an article first seen under ``key``: a version 5 UUID."""
    return str(uuid5(_UID_NAMESPACE, f"{source_name}\n{key}"))


def match_entry(
    entry: Entry,
    source: Source,
    known: Iterable[KnownArticle],
    now: datetime,
    *,
    moved: KnownArticle | None = None,
    date_by_first_seen: bool = False,
    is_shared: bool = False,
) -> EntryDecision:
    """Decide whether an entry is new, changed, the same or refused.

    ``known`` holds the source's articles under ``keys_of(entry)`` or ``urls_of(entry)``. ``moved`` is the
    article that the entry is if it matches no known article. ``date_by_first_seen`` dates an undated entry
    ``now``. The guid of the entry names other articles as well if it ``is_shared``.
    """
    key, existing = _identified(entry, tuple(known), is_shared=is_shared)
    if existing is None and moved:
        key, existing = moved.entry_key, moved
    if existing and existing.item_hash == entry.item_hash != "":
        return EntryDecision(kind=EntryMatch.SAME, existing=existing)
    try:
        article = accept(
            entry, source, now, key=key, existing=existing, date_by_first_seen=date_by_first_seen
        )
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
    date_by_first_seen: bool = False,
) -> NewArticle:
    """Build the article to store; a known article keeps its uid, path and first dates.

    Raises ``ParseError`` for an entry without title, text, image and URL.
    """
    text = entry.text or entry.summary
    title = entry.title or excerpt(text, MAX_TITLE_CHARACTERS) or _fallback_title(entry, source)
    if not title:
        raise ParseError("the item has no title, no text, no image and no URL")
    language = _language(entry, source, f"{title}\n{text}")
    published, updated = _dates(entry, now, existing, date_by_first_seen=date_by_first_seen)
    key = _kept_key(entry, existing) if existing else key or entry_key(entry)
    uid = existing.uid if existing else uid_of(source.name, key)
    summary = tidy_summary(entry.summary or excerpt(entry.text))
    reading = measure_reading(text, language)
    shown = known_since(published)
    month = f"{shown.year:04}/{shown.month:02}"
    hidden = hidden_tags(entry.tags, source)
    fallback = f"site/articles/{month}/{slug(title) or 'article'}-{uid[:8]}.html"
    return NewArticle(
        uid=uid,
        entry_key=key,
        url=canonical_link(entry.url),
        path=existing.path if existing else fallback,
        title=title,
        published=published,
        updated=updated,
        first_seen=existing.first_seen if existing else now,
        language=language,
        direction=direction_of(language, text or title),
        section=entry.section or source.section,
        tags=tuple(tag for tag in entry.tags if tag not in hidden),
        hidden_tags=hidden,
        summary="" if summary == title else summary,
        minutes=entry.minutes or reading.minutes,
        words=reading.words,
        content_hash=hash_of(_content(entry, title, language, source.section)),
        **{name: getattr(entry, name) for name in _TAKEN},
    )


def tidy_summary(summary: str) -> str:
    """Return the summary, which is a single line, with "…" if its source cut it within a sentence.

    Of the summaries of 69 real feeds one in eight ends so, most after 200 characters and some within a word.
    A sentence of which one or two words are left goes, and so does a summary without words.
    """
    if _NO_WORDS.fullmatch(summary):
        return ""
    is_long = len(summary) >= _CUT_FROM and "/" not in summary.rpartition(" ")[2]
    if is_long and _BROKEN_OFF.match(summary, len(summary) - _END):
        summary = summary.rstrip(" ,;–—-(") + "…"
    if not summary.endswith(_ODD_MARKS):
        return summary
    last_words = _STUB.sub("", summary[-_SEARCHED_END:])
    return summary[:-_SEARCHED_END] + _ODD_END.sub(lambda end: end[1] or "…", last_words)


def _fallback_title(entry: Entry, source: Source) -> str:
    """Title a photo post or a bare link with the alternative text, else with source and day."""
    if entry.image and entry.image.alt:
        return excerpt(entry.image.alt, MAX_TITLE_CHARACTERS)
    if not entry.image and not entry.html and not entry.url:
        return ""
    date = entry.published or entry.updated
    return f"{source.name}, {date:%Y-%m-%d}" if date else source.name


def _identified(
    entry: Entry, known: tuple[KnownArticle, ...], *, is_shared: bool
) -> tuple[str, KnownArticle | None]:
    if not known and not is_shared:
        return entry_key(entry), None
    key, reused_key, *_ = keys_of(entry)
    by_key = {article.entry_key: article for article in known}
    if reused_key in by_key:
        return reused_key, by_key[reused_key]
    existing = by_key.get(key)
    if existing and not is_shared:
        return (reused_key, None) if _is_reused(entry, existing) else (key, existing)
    if existing and _same_page(entry, existing):
        return key, existing
    key = reused_key if is_shared else key
    for article in known:
        is_same_text = article.url and _same_page(entry, article) and _same_title(entry, article)
        if is_same_text and _same_date(entry, article):
            return article.entry_key, article
    return key, None


def shared_guids(
    entries: Sequence[Entry], known: Iterable[KnownArticle], listed: Container[str]
) -> frozenset[str]:
    """Return the guids that name several articles of a document, such as ``article`` on every item.

    Two items with one guid are two articles if their pages differ, unless title and date are equal: such
    items are one article, listed twice. An article whose item hash is in ``listed`` still stands unchanged
    in the document.
    """
    by_guid = grouped((entry_key(entry), entry) for entry in entries if _has_guid(entry) and entry.url)
    shared = {
        guid
        for guid, (first, *others) in by_guid.items()
        if any(_is_another(first, entry.url, entry.title, entry.published) for entry in others)
    }
    for article in known:
        if article.item_hash in listed and article.url:
            title, date = (
                article.declared_title or article.title,
                article.published if article.dated else None,
            )
            for entry in by_guid.get(article.entry_key, ()):
                if _is_another(entry, article.url, title, date):
                    shared.add(article.entry_key)
    return frozenset(shared)


def doubtful_guids(
    entries: Iterable[Entry], known: Iterable[KnownArticle], pruned: Container[str]
) -> set[str]:
    """Return the guids that name an article of another page, or a pruned one: each may be a shared guid."""
    by_key = {article.entry_key: article for article in known}
    with_guid = [(entry_key(entry), entry) for entry in entries if _has_guid(entry) and entry.url]
    return {
        guid
        for guid, entry in with_guid
        if guid in pruned or (guid in by_key and not _same_page(entry, by_key[guid]))
    }


def _is_another(entry: Entry, url: str, title: str, date: datetime | None) -> bool:
    says_the_same = entry.title.casefold() == title.casefold() and entry.published == date
    return canonical_url(entry.url) != canonical_url(url) and not says_the_same


def edited_fragments(
    entries: Sequence[Entry], known: Iterable[KnownArticle], listed: Container[str]
) -> dict[str, KnownArticle]:
    """Find edited articles that an old store keeps without their fragment, by the entry's hash.

    Such an article matches the only new entry of its page with the same date. An article whose item hash is
    in ``listed`` still stands unchanged in the document, so no entry is an edit of it.
    """
    fragments = [
        entry
        for entry in entries
        if "#" in entry.url and entry_key(entry) == _bounded(canonical_link(entry.url))
    ]
    if not fragments:
        return {}
    pages = {
        article.url: article
        for article in known
        if article.dated and article.entry_key == _bounded(article.url)
    }
    dated = [(canonical_url(entry.url), entry.published) for entry in fragments]
    count = Counter(dated)
    return {
        entry.item_hash: page
        for entry, (url, date) in zip(fragments, dated, strict=True)
        if (page := pages.get(url)) and page.published == date and count[url, date] == 1
        if page.item_hash not in listed
    }


def _kept_key(entry: Entry, existing: KnownArticle) -> str:
    """Return the stored key, or the entry's key if the store has it without the fragment."""
    key = entry_key(entry)
    lacks_fragment = "#" in key and existing.entry_key == _bounded(canonical_url(entry.url))
    return key if lacks_fragment else existing.entry_key


def _is_reused(entry: Entry, existing: KnownArticle) -> bool:
    other_page = bool(canonical_url(entry.url) and existing.url and not _same_page(entry, existing))
    return other_page and not _same_title(entry, existing) and not _same_date(entry, existing)


def _same_page(entry: Entry, existing: KnownArticle) -> bool:
    """Compare URLs; a missing fragment equals any fragment, since old stores do not keep it."""
    link = canonical_link(entry.url)
    if "#" not in link and "#" not in existing.url:
        return link == existing.url
    page, _, fragment = link.partition("#")
    known_page, _, known_fragment = existing.url.partition("#")
    return page == known_page and (fragment == known_fragment or not fragment or not known_fragment)


def _same_title(entry: Entry, existing: KnownArticle) -> bool:
    """Compare with the publisher's title, not with the title that a rule wrote."""
    return entry.title.casefold() == (existing.declared_title or existing.title).casefold()


def _same_date(entry: Entry, existing: KnownArticle) -> bool:
    """Return whether the dates are less than a day apart; a missing date equals any date."""
    return (
        entry.published is None or not existing.dated or abs(entry.published - existing.published) < SAME_DATE
    )


def _has_guid(entry: Entry) -> bool:
    guid = entry.guid.strip()
    return any(map(str.isalnum, guid)) and guid.lower() not in _EMPTY_GUIDS


def _bounded(key: str) -> str:
    return key if len(key) <= MAX_KEY_CHARACTERS else "hash:" + _hash(key)


def has_date(entry: Entry, now: datetime) -> bool:
    """Return whether the entry has a plausible date of publication or update."""
    return bool(_plausible(entry.published, now) or _plausible(entry.updated, now))


def _dates(
    entry: Entry, now: datetime, existing: KnownArticle | None, *, date_by_first_seen: bool
) -> tuple[datetime, datetime]:
    declared = _plausible(entry.published, now)
    changed = _plausible(entry.updated, now)
    if existing:
        published = existing.published if existing.dated else declared or changed or existing.published
        later = [date for date in (declared, changed) if date and date > published]
        return published, max(later, default=max(now, published))
    published = declared or changed or (now if date_by_first_seen else undated_key(now))
    return published, max(known_since(published), changed or published)


def _plausible(date: datetime | None, now: datetime) -> datetime | None:
    if date is None or date < EARLIEST or date > now + FUTURE_LIMIT:
        return None
    return now if date > now + FUTURE_TOLERANCE else date


def _language(entry: Entry, source: Source, text: str) -> str:
    """Return the declared language unless the text has the other direction, such as Arabic declared "en"."""
    declared = entry.language or source.language
    if declared and direction_of(declared) == direction_of("", text):
        return declared
    return detect_language(text) or declared


def _is_unchanged(existing: KnownArticle, article: NewArticle, entry: Entry, source: Source) -> bool:
    if existing.content_hash == article.content_hash:
        return True
    # Old stores have BLAKE2b hashes.
    parts = _content(entry, article.title, article.language, source.section)
    return existing.content_hash == blake2b(parts, digest_size=16).hexdigest()


def _content(entry: Entry, title: str, language: str, section: str) -> bytes:
    files = [(canonical_url(file.url), file.duration, file.title) for file in entry.enclosures]
    return _joined(
        title,
        canonical_url(entry.url),
        repr((entry.authors, entry.tags, entry.read_more)),
        str(entry.published),
        str(entry.updated),
        language,
        entry.section or section,
        entry.summary,
        repr(entry.image),
        entry.html or entry.text,
        # Nothing without files keeps the hashes of old stores valid.
        *([repr(files)] if files else ()),
        *([str(entry.minutes)] if entry.minutes else ()),
    )


def _hash(*parts: str) -> str:
    return blake2b(_joined(*parts), digest_size=16).hexdigest()


def _joined(*parts: str) -> bytes:
    # Encoding the parts one by one is faster: most are ASCII.
    return b"\0".join([part.encode(errors="replace") for part in parts])
