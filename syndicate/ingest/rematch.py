"""Match entries with unknown ids and URLs to known articles: a new system, a new domain, a rebuilt archive.

Pure. ``identity`` matches by guid and URL. If both have changed, the first rule that applies decides here:

1. Title and time of publication, to the second, are equal to a known article's.
2. In a *retitled* archive the time alone is enough. An archive has at least ``MIN_ARCHIVE`` unknown entries.
   It is retitled if more than half of them share a unique time with a known article, and either title
   contains the other (the publisher appended a name to every title).
3. In a *rebuilt* archive the title alone is enough, since dates may be as wrong as ids. An archive is rebuilt
   if more than half of its titles are known, or at least ``MIN_ARCHIVE`` different titles.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syndicate.groups import grouped
from syndicate.model import Entry, KnownArticle
from syndicate.text.names import title_hash

MIN_ARCHIVE = 20
"""Number of unknown entries in one document that may be a whole archive under new ids."""


def may_be_archive(unknown: Sequence[Entry]) -> bool:
    """Return whether the caller should look up titles as well as dates (see ``rematch_entries``)."""
    return len(unknown) >= MIN_ARCHIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rematch:
    """Known article of each entry, by the entry's hash, and the hashes of entries of pruned articles."""

    moved: Mapping[str, KnownArticle] = field(default_factory=dict)
    pruned_again: frozenset[str] = frozenset()


def rematch_entries(
    unknown: Sequence[Entry],
    candidates: Iterable[KnownArticle],
    listed: Container[str],
    pruned: Container[str] = frozenset(),
) -> Rematch:
    """Match unknown entries to known articles; an article matches a single entry.

    ``unknown`` are the entries whose key and URL are not stored. ``candidates`` are the source's articles
    with the dates or titles of these entries. ``listed`` holds the item hashes and keys in the document: an
    article that is still listed under its old id has not moved. ``pruned`` holds the ``title_hash`` of pruned
    articles; entries of a rebuilt archive with such a title are in ``pruned_again``.
    """
    absent = [
        known for known in candidates if known.item_hash not in listed and known.entry_key not in listed
    ]
    by_title_and_time = {(article.title.casefold(), article.published): article for article in absent}
    by_age = sorted(absent, key=lambda article: article.published)
    by_title = grouped((article.title.casefold(), article) for article in by_age)
    known_titles = {
        entry.item_hash: entry.title.casefold()
        for entry in unknown
        if entry.title.casefold() in by_title or (entry.title and title_hash(entry.title) in pruned)
    }
    is_archive = may_be_archive(unknown)
    is_rebuilt = is_archive and (
        len(known_titles) * 2 > len(unknown) or len(set(known_titles.values())) >= MIN_ARCHIVE
    )
    retitled = _retitled(unknown, absent) if is_archive else {}
    moved: dict[str, KnownArticle] = {}
    matched_ids: set[int] = set()
    for entry in unknown:
        title, at = entry.title.casefold(), _date(entry)
        match = by_title_and_time.get((title, at)) if title and at else None
        match = match or retitled.get(entry.item_hash)
        if is_rebuilt and match is None:
            free = (article for article in by_title.get(title, ()) if article.id not in matched_ids)
            match = next(free, None)
        if match and match.id not in matched_ids:
            matched_ids.add(match.id)
            moved[entry.item_hash] = match
    pruned_again = known_titles.keys() - moved.keys() if is_rebuilt else ()
    return Rematch(moved=moved, pruned_again=frozenset(pruned_again))


def _retitled(unknown: Sequence[Entry], absent: Sequence[KnownArticle]) -> dict[str, KnownArticle]:
    """Match entries to the only article of the same time, if that works for more than half of them."""
    articles_at = Counter(article.published for article in absent)
    entries_at = Counter(map(_date, unknown))
    unique = {article.published: article for article in absent if articles_at[article.published] == 1}
    matches = {
        entry.item_hash: article
        for entry in unknown
        if (at := _date(entry)) and entries_at[at] == 1 and (article := unique.get(at))
        if (title := entry.title.casefold()) and (other := article.title.casefold())
        if title in other or other in title
    }
    return matches if len(matches) * 2 > len(unknown) else {}


def _date(entry: Entry) -> datetime | None:
    return entry.published or entry.updated
