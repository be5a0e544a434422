"""Every function that writes, on an SQLite file locked by another process: busy, and nothing changed."""

import inspect
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest

from syndicate.errors import StoreBusy
from syndicate.store import Store, open_store
from syndicate.store.core import old_rows, quarantine, restored_store, store_identity
from syndicate.store.ingest import (
    article_store,
    declared_sources,
    hub_store,
    known_articles,
    page_store,
    part_store,
    robots_store,
    source_store,
    tombstones,
)
from syndicate.store.leases import leases, worker_store
from syndicate.store.mail import (
    bounce_store,
    corrections,
    delivery_counts,
    delivery_store,
    edition_articles,
    edition_figures,
    edition_store,
    newsletter_store,
    period_store,
    sending_pauses,
)
from syndicate.store.output import (
    added_channels,
    announcements,
    channel_archives,
    channel_store,
    feed_read_store,
    file_hashes,
    private_feed_store,
    stale,
)
from syndicate.store.search import search_store, word_index
from syndicate.store.stories import (
    decision_store,
    index_rows,
    ranked_lists,
    replay_rows,
    story_leads,
    story_moves,
    story_store,
)
from syndicate.store.subscribers import (
    audience_store,
    import_store,
    preference_store,
    sign_up_store,
    subscriber_export,
    suppression_list,
)
from tests.store.write_calls import WRITES, seed

ROOMS = (
    added_channels,
    announcements,
    article_store,
    audience_store,
    bounce_store,
    channel_archives,
    channel_store,
    corrections,
    decision_store,
    declared_sources,
    delivery_counts,
    delivery_store,
    edition_articles,
    edition_figures,
    edition_store,
    feed_read_store,
    file_hashes,
    hub_store,
    import_store,
    index_rows,
    known_articles,
    leases,
    newsletter_store,
    old_rows,
    page_store,
    part_store,
    period_store,
    preference_store,
    private_feed_store,
    quarantine,
    ranked_lists,
    replay_rows,
    restored_store,
    robots_store,
    search_store,
    sending_pauses,
    sign_up_store,
    source_store,
    stale,
    store_identity,
    story_leads,
    story_moves,
    story_store,
    subscriber_export,
    suppression_list,
    tombstones,
    word_index,
    worker_store,
)
READS_BY_MODULE = {
    "added_channels": "added_channels channel_moves",
    "feed_read_store": "days readers",
    "article_store": (
        "count_articles find_article find_articles get_articles get_bodies latest_articles "
        "latest_published lead_texts newest_before pages_showing_article"
    ),
    "audience_store": (
        "any_subscription count_readers count_subscriptions_by_state find_subscriber is_confirmed last_event "
        "list_subscribers subscription_newsletter subscription_of subscription_state suppression "
        "suppression_hash suppression_hashes"
    ),
    "bounce_store": (
        "addressee count_bounces count_by_kind delivery_of has_left subscriber_key subscriptions_of "
        "variant_of"
    ),
    "channel_archives": "has_others open_articles archive_bounds archive_cutoff_id articles_after sources_in",
    "channel_store": (
        "articles_below channel_articles channel_signature count_since filtered_articles usual_languages "
        "latest_sections_and_languages matching_articles newest_articles related_signature "
        "sections shown_articles source_articles"
    ),
    "decision_store": (
        "chosen_articles decision_ids decision_log decisions log_page next_pairs pair_decisions "
        "stories_with_choices story_decisions"
    ),
    "delivery_store": (
        "already_sending count_deliveries count_due count_late count_refused count_uncertain due_shards "
        "is_any_due list_deliveries next_delivery sending_owners"
    ),
    "delivery_counts": "count_by_edition count_deliveries parts_of",
    "edition_articles": (
        "article_editions carried_articles open_editions_with unrecorded_articles waiting_articles"
    ),
    "edition_figures": "read_figures",
    "edition_store": (
        "editions_between get_edition has_edition latest_content latest_states report_editions reports_of"
    ),
    "file_hashes": "file_paths read_hash",
    "hub_store": "count_due_hubs due_shards find_hub_subscription list_hub_subscriptions waiting_pushes",
    "index_rows": (
        "articles_with_titles lead_facts next_text_label nth_newest_published placed_articles "
        "related_articles"
    ),
    "known_articles": (
        "articles_of_titles articles_published_at known_entries known_item_hashes pruned_keys "
        "sources_with_dates"
    ),
    "leases": (
        "delivery_holder ingest_holder lease_holder lease_owners named_leases read_counter read_secret"
    ),
    "newsletter_store": "declarations known_since newsletter_titles paused_newsletters",
    "old_rows": "count_prunable",
    "page_store": (
        "count_pages due_shards failures_in_a_row full_text_words gone_pages has_only_useless_pages "
        "refused_pages"
    ),
    "part_store": "due_shards failing_parts",
    "period_store": "last_period missed_periods unfinished_counts",
    "preference_store": "get_preferences variants",
    "private_feed_store": "feed_choices feed_owner feed_revision",
    "quarantine": "count_failures failures",
    "ranked_lists": (
        "first_published ranked_stories rare_sources linked_sources "
        "section_counts source_records source_weights stories_of stories_updated "
        "story_reads"
    ),
    "replay_rows": "articles_first_seen",
    "robots_store": "latest_origin_pause paused_origins read_robots",
    "sending_pauses": "latest_pause sending_pause",
    "sign_up_store": "find_sign_up waiting_sign_ups",
    "source_store": (
        "declared_weights due_shards due_sources get_source get_sources has_leases list_sources next_check "
        "report_sources source_names sources_in_trouble was_any_read"
    ),
    "search_store": "ids_with search_hits tags_beginning time_limit",
    "stale": "count_stale stale_blocks list_marks published_channels signatures stale_lists stale_pages",
    "store_identity": "database_facts has_subscriptions mail_hold read_identity",
    "story_leads": "language_leads",
    "story_moves": "current_stories former_paths story_moves story_reasons",
    "story_store": (
        "count_stories count_unplaced story_links get_stories linking_articles links_to links_to_others "
        "related_links same_text_links section_articles story_articles unplaced_articles"
    ),
    "subscriber_export": "export_subscriber_data subscription_facts",
    "suppression_list": "last_lifted_at list_suppressions reason_not_liftable",
    "tombstones": "shared_guids count_dropped count_dropped_of pruned_titles",
    "worker_store": "list_workers live_workers",
    "word_index": "latest_ids matches matching_ids",
}
READS = {f"{module}.{name}" for module, names in READS_BY_MODULE.items() for name in names.split()}


def functions_on_a_connection(room: ModuleType) -> set[str]:
    name = room.__name__.rpartition(".")[2]
    return {
        f"{name}.{each}"
        for each, function in vars(room).items()
        if inspect.isfunction(function)
        and function.__module__ == room.__name__
        and not each.startswith("_")
        and "connection" in inspect.signature(function).parameters
    }


def test_every_function_of_the_store_is_known_as_reading_or_writing():
    found = set().union(*map(functions_on_a_connection, ROOMS))
    assert found == READS | set(WRITES)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Path]]:
    """A store with one of everything that gives up at once when it is locked."""
    file = tmp_path_factory.mktemp("locked") / "syndicate.db"
    store = open_store(f"sqlite:///{file}", busy_timeout=0)
    store.migrate()
    with store.write() as connection:
        seed(connection)
    yield store, file
    store.dispose()


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.sampled(47)
def test_a_locked_store_is_busy_for_every_function_that_writes(seeded: tuple[Store, Path], name: str):
    store, file = seeded
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        before = list(other.iterdump())
        other.execute("BEGIN IMMEDIATE")
        # Inside `read` the transaction is open already, and the function's own statement meets the lock.
        for transaction in (store.read, store.write):
            with pytest.raises(StoreBusy), transaction() as connection:
                WRITES[name](connection)
        other.execute("ROLLBACK")
        assert list(other.iterdump()) == before
