"""Looking up which known articles came back under other ids and addresses."""

from collections.abc import Sequence

from syndicate.ingest.identity import keys_of
from syndicate.ingest.reappearing import Reappeared, is_archive, reappeared
from syndicate.model import KnownArticle, ParsedSource
from syndicate.store import Connection, tombstones
from syndicate.store import articles as article_store
from syndicate.text.names import title_hash
from syndicate.text.urls import canonical_url


def moved_articles(
    connection: Connection, source_id: int, parsed: ParsedSource, known: Sequence[KnownArticle]
) -> Reappeared:
    """Known articles, and pruned ones, among the entries whose keys and addresses say nothing to us."""
    keys, urls = {one.entry_key for one in known}, {one.url for one in known}
    strangers = [
        entry
        for entry in parsed.entries
        if entry.digest and keys.isdisjoint(keys_of(entry)) and canonical_url(entry.url) not in urls - {""}
    ]
    titles = [one.title for one in strangers if one.title] if is_archive(strangers) else []
    candidates = article_store.similar_articles(
        connection,
        source_id,
        published=[moment for one in strangers if (moment := one.published or one.updated)],
        titles=titles,
    )
    pruned = tombstones.pruned_titles(connection, source_id, [title_hash(title) for title in titles])
    if not candidates and not pruned:
        return Reappeared(moved={})
    return reappeared(strangers, candidates, keys | set(parsed.digests), pruned)
