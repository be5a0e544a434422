"""Articles that come back under other ids and addresses: a new system, a new domain, a rebuilt archive.

Pure. Identity knows an article by its guid and by its address; when both changed, this is what is left.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from syndicate.model import Entry, KnownArticle
from syndicate.text.names import title_hash

ARCHIVE = 20
"""So many strangers at once may be a whole archive that came back."""


def is_archive(strangers: Sequence[Entry]) -> bool:
    """Return whether titles alone should be looked up too (see ``reappeared``)."""
    return len(strangers) >= ARCHIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Reappeared:
    """Known article of each entry, by the entry's digest, and the entries that were pruned before."""

    moved: Mapping[str, KnownArticle]
    pruned_again: frozenset[str] = frozenset()


def reappeared(
    strangers: Sequence[Entry],
    candidates: Iterable[KnownArticle],
    listed: Container[str],
    pruned: Container[str] = frozenset(),
) -> Reappeared:
    """Return which known article each entry is; an article is one entry at most.

    ``strangers`` have a key and an address we do not know. ``candidates`` are the source's articles with
    their dates or titles. An article that the document still lists under its old id (its digest or key is in
    ``listed``) is another one. ``pruned`` are the titles (``title_hash``) of articles we no longer have.

    Title and moment of publication, to the second, are those of a known article: it has moved. The other
    rules are for an archive, at least ``ARCHIVE`` strangers at once. It was written anew when more than half
    of them, or ``ARCHIVE`` of them with titles of their own, have titles we know: then the title is enough,
    as the dates may be as wrong as the ids, and what was pruned stays away. And when more than half have,
    each alone, the moment of a known article and a title that contains its title or is part of it (a name was
    put behind all of them), the moment is enough.
    """
    absent = [
        candidate
        for candidate in candidates
        if candidate.item_hash not in listed and candidate.entry_key not in listed
    ]
    by_moment = {(article.title.casefold(), article.published): article for article in absent}
    by_title: dict[str, list[KnownArticle]] = {}
    for article in sorted(absent, key=lambda each: each.published):
        by_title.setdefault(article.title.casefold(), []).append(article)
    known = {
        entry.item_hash
        for entry in strangers
        if entry.title.casefold() in by_title or (entry.title and title_hash(entry.title) in pruned)
    }
    titles = {entry.title.casefold() for entry in strangers if entry.item_hash in known}
    rebuilt = is_archive(strangers) and (len(known) * 2 > len(strangers) or len(titles) >= ARCHIVE)
    retitled = _retitled(strangers, absent) if is_archive(strangers) else {}
    moved: dict[str, KnownArticle] = {}
    taken: set[int] = set()
    for entry in strangers:
        title, moment = entry.title.casefold(), _moment(entry)
        match = by_moment.get((title, moment)) if title and moment else None
        match = match or retitled.get(entry.item_hash)
        if rebuilt and match is None:
            match = next((article for article in by_title.get(title, ()) if article.id not in taken), None)
        if match and match.id not in taken:
            taken.add(match.id)
            moved[entry.item_hash] = match
    return Reappeared(moved=moved, pruned_again=frozenset(known.difference(moved) if rebuilt else ()))


def _retitled(strangers: Sequence[Entry], absent: Sequence[KnownArticle]) -> dict[str, KnownArticle]:
    """Strangers that have a moment of publication in common with one known article, if most of them do."""
    ours = Counter(article.published for article in absent)
    theirs = Counter(map(_moment, strangers))
    alone = {article.published: article for article in absent if ours[article.published] == 1}
    found = {
        entry.item_hash: one
        for entry in strangers
        if (moment := _moment(entry)) and theirs[moment] == 1 and (one := alone.get(moment))
        if _contains(entry.title.casefold(), one.title.casefold())
    }
    return found if len(found) * 2 > len(strangers) else {}


def _contains(one: str, other: str) -> bool:
    return bool(one and other) and (one in other or other in one)


def _moment(entry: Entry) -> datetime | None:
    return entry.published or entry.updated
