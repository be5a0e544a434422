"""Database URL and retention settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syndicate.settings import Settings

if TYPE_CHECKING:
    from syndicate.jobs.prune import RetentionOptions


def retention_options(settings: Settings) -> RetentionOptions:
    """Return how long rows stay."""
    from syndicate.jobs.prune import RetentionOptions

    retention = settings.retention
    return RetentionOptions(
        articles=retention.articles,
        deliveries=retention.deliveries,
        tombstones=retention.tombstones,
        sign_ups=retention.sign_ups,
    )


def store_url(settings: Settings) -> str:
    """The store's URL with a relative SQLite file made absolute."""
    url = settings.store.url
    prefix = "sqlite:///"
    if url.startswith(prefix) and url != prefix:
        return prefix + str(settings.path(url.removeprefix(prefix)))
    return url
