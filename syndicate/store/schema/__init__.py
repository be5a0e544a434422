"""Tables as the statements see them; the SQL in ``migrations/`` creates them.

A test compares these definitions with the migrated tables on both engines.
"""

from syndicate.store.schema.base import leases, meta, metadata, migrations
from syndicate.store.schema.for_ingest import (
    article_bodies,
    article_tags,
    articles,
    hub_subscriptions,
    pushes,
    quarantine,
    source_lists,
    sources,
    tombstones,
)
from syndicate.store.schema.for_mail import (
    bounces,
    consents,
    deliveries,
    edition_articles,
    edition_changes,
    editions,
    newsletters,
    sign_ups,
    subscribers,
    subscriptions,
    suppressions,
)
from syndicate.store.schema.for_output import (
    announcements,
    channel_archives,
    outputs,
    pruned_tags,
    stale_lists,
    stale_pages,
)
from syndicate.store.schema.for_pages import page_reads, robots, sitemap_parts
from syndicate.store.schema.for_ranking import editor_log, reads, source_weights
from syndicate.store.schema.for_stories import (
    article_terms,
    listed_articles,
    ranked,
    related,
    stories,
    story_leads,
    story_moves,
    story_reasons,
)

__all__ = [
    "announcements",
    "article_bodies",
    "article_tags",
    "article_terms",
    "articles",
    "bounces",
    "channel_archives",
    "consents",
    "deliveries",
    "edition_articles",
    "edition_changes",
    "editions",
    "editor_log",
    "hub_subscriptions",
    "leases",
    "listed_articles",
    "meta",
    "metadata",
    "migrations",
    "newsletters",
    "outputs",
    "page_reads",
    "pruned_tags",
    "pushes",
    "quarantine",
    "ranked",
    "reads",
    "related",
    "robots",
    "sign_ups",
    "sitemap_parts",
    "source_lists",
    "source_weights",
    "sources",
    "stale_lists",
    "stale_pages",
    "stories",
    "story_leads",
    "story_moves",
    "story_reasons",
    "subscribers",
    "subscriptions",
    "suppressions",
    "tombstones",
]
