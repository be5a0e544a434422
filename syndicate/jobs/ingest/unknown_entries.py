"""Looking up which known articles came back under other ids and addresses."""

from collections.abc import Mapping, Sequence

from syndicate.ingest.identity import keys_of, urls_of
from syndicate.ingest.rematch import Reappeared, is_archive, reappeared
from syndicate.model import Entry, KnownArticle, ParsedSource
from syndicate.store import Connection
from syndicate.store.ingest import known_articles, tombstones
from syndicate.text.names import title_hash


def moved_articles(
    connection: Connection, readings: Mapping[int, ParsedSource], known: Mapping[int, Sequence[KnownArticle]]
) -> dict[int, Reappeared]:
    """Return known and pruned articles among the entries whose keys and addresses are unknown.

    Readings, what is known of their entries, and the answers are by the source's id.
    """
    strangers = {source_id: _strangers(parsed, known[source_id]) for source_id, parsed in readings.items()}
    moments = {
        source_id: [moment for entry in found if (moment := entry.published or entry.updated)]
        for source_id, found in strangers.items()
    }
    candidates = known_articles.articles_published_at(connection, moments)
    return {
        source_id: _reappeared(
            connection, source_id, found, candidates[source_id], readings[source_id], known[source_id]
        )
        for source_id, found in strangers.items()
    }


def _strangers(parsed: ParsedSource, known: Sequence[KnownArticle]) -> list[Entry]:
    keys, urls = {article.entry_key for article in known}, {article.url for article in known} - {""}
    return [
        entry
        for entry in parsed.entries
        if entry.item_hash and keys.isdisjoint(keys_of(entry)) and urls.isdisjoint(urls_of(entry))
    ]


def _reappeared(
    connection: Connection,
    source_id: int,
    strangers: Sequence[Entry],
    of_moments: Sequence[KnownArticle],
    parsed: ParsedSource,
    known: Sequence[KnownArticle],
) -> Reappeared:
    titles = [stranger.title for stranger in strangers if stranger.title] if is_archive(strangers) else []
    of_titles = known_articles.articles_of_titles(connection, source_id, titles)
    candidates = {moment.id: moment for moment in (*of_moments, *of_titles)}
    pruned = tombstones.pruned_titles(connection, source_id, [title_hash(title) for title in titles])
    if not candidates and not pruned:
        return Reappeared(moved={})
    listed = {article.entry_key for article in known}.union(parsed.item_hashes)
    return reappeared(strangers, candidates.values(), listed, pruned)
