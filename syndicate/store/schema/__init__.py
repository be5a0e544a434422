"""The tables as the statements see them. The SQL that makes them is in ``migrations/``.

A test compares these definitions with what the migrations really build, on both engines.
"""

from syndicate.store.schema.base import leases, meta, metadata, migrations
from syndicate.store.schema.for_ingest import (
    article_bodies,
    article_tags,
    articles,
    hub_subscriptions,
    pushes,
    quarantine,
    sources,
    tombstones,
)
from syndicate.store.schema.for_mail import (
    consents,
    deliveries,
    edition_changes,
    edition_stories,
    editions,
    newsletters,
    subscribers,
    subscriptions,
    suppressions,
)
from syndicate.store.schema.for_output import announcements, outputs, stale_pages
from syndicate.store.schema.for_stories import article_terms, ranked, related, stories

__all__ = [
    "announcements",
    "article_bodies",
    "article_tags",
    "article_terms",
    "articles",
    "consents",
    "deliveries",
    "edition_changes",
    "edition_stories",
    "editions",
    "hub_subscriptions",
    "leases",
    "meta",
    "metadata",
    "migrations",
    "newsletters",
    "outputs",
    "pushes",
    "quarantine",
    "ranked",
    "related",
    "sources",
    "stale_pages",
    "stories",
    "subscribers",
    "subscriptions",
    "suppressions",
    "tombstones",
]
