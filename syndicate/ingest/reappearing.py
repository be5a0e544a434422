"""Articles that come back under other ids and addresses: a new system, a new domain, a rebuilt archive.

Pure. Identity knows an article by its guid and by its address; when both changed, this is what is left.
"""

from collections.abc import Container, Iterable, Sequence

from syndicate.model import Entry, KnownArticle

ARCHIVE = 20
"""So many strangers at once may be a whole archive that came back."""


def is_archive(strangers: Sequence[Entry]) -> bool:
    """Whether titles alone should be looked up too (see ``reappeared``)."""
    return len(strangers) >= ARCHIVE


def reappeared(
    strangers: Sequence[Entry], candidates: Iterable[KnownArticle], listed: Container[str]
) -> dict[str, KnownArticle]:
    """Which known article each entry is, by the entry's digest; an article is one entry at most.

    ``strangers`` have a key and an address we do not know. ``candidates`` are the source's articles with
    their dates or titles. An article that the document still lists under its old id (its digest or key is in
    ``listed``) is another one.

    Two rules. Title and moment of publication, to the second, are those of a known article: it has moved.
    And when at least ``ARCHIVE`` strangers come at once and more than half of them have titles we know,
    the archive was written anew, with dates as wrong as the ids: then the title is enough.
    """
    absent = [one for one in candidates if one.digest not in listed and one.entry_key not in listed]
    by_moment = {(one.title.casefold(), one.published): one for one in absent}
    by_title: dict[str, list[KnownArticle]] = {}
    for one in sorted(absent, key=lambda each: each.published):
        by_title.setdefault(one.title.casefold(), []).append(one)
    titled = [entry for entry in strangers if entry.title.casefold() in by_title]
    rebuilt = is_archive(strangers) and len(titled) * 2 > len(strangers)
    found: dict[str, KnownArticle] = {}
    taken: set[int] = set()
    for entry in strangers:
        title, moment = entry.title.casefold(), entry.published or entry.updated
        match = by_moment.get((title, moment)) if title and moment else None
        if rebuilt and match is None:
            match = next((one for one in by_title.get(title, ()) if one.id not in taken), None)
        if match and match.id not in taken:
            taken.add(match.id)
            found[entry.digest] = match
    return found
