"""A call of every function of the store that writes, for a store with one of everything (``seed``)."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, false, literal, update

from syndicate.model import (
    DeliveryState,
    EditorAction,
    Hub,
    HubState,
    HubSubscription,
    ImportedSubscriber,
    LeaveReason,
    LeftOut,
    QueuedPage,
    ReadState,
    ScoredLink,
    SitemapPart,
    SourceState,
    Standing,
)
from syndicate.store import schema
from syndicate.store.core import old_rows, quarantine, restored_store, store_identity, store_values
from syndicate.store.ingest import (
    article_store,
    declared_sources,
    hub_store,
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
    delivery_store,
    edition_articles,
    edition_store,
    newsletter_store,
    period_store,
    sending_pauses,
)
from syndicate.store.output import (
    added_channels,
    announcements,
    channel_archives,
    feed_read_store,
    file_hashes,
    private_feed_store,
    stale,
)
from syndicate.store.output.feed_read_store import FeedReads
from syndicate.store.search import word_index
from syndicate.store.stories import (
    decision_store,
    ranked_lists,
    story_leads,
    story_moves,
    story_store,
)
from syndicate.store.stories.story_moves import MERGED, SPLIT, StoryMove
from syndicate.store.subscribers import (
    audience_store,
    import_store,
    preference_store,
    sign_up_store,
    suppression_list,
)
from tests import factories
from tests.factories import NOW, declared, edition_story, new_article, newsletter, subscribe

SAVED_POLL = source_store.SavedPoll(source_id=1, state=SourceState(), title="t", home_url="h", feed_id="f")
GONE = tombstones.Tombstone(entry_key="gone", item_hash="d", rule="adverts")
WORKER = worker_store.WorkerRow(owner="us", stages=("x",), shards=frozenset(), started=NOW, seen=NOW)
EARLY, SOON, LATER = NOW - timedelta(days=2), NOW + timedelta(minutes=1), NOW + timedelta(days=2)


def move(kind: str, story: int, into: int) -> StoryMove:
    facts: dict[str, Any] = {"article_id": 1, "articles": 1, "similarity": 1, "threshold": 1, "moved": NOW}
    return StoryMove(kind=kind, from_story=story, to_story=into, **facts)


def edition_again(connection: Connection) -> None:
    (article,) = article_store.get_articles(connection, [1]).values()
    factories.cut(connection, [edition_story(article)], period=(NOW, LATER))


SIGN_UP = sign_up_store.SignUp(
    id=1,
    newsletter="daily",
    address="new@example.org",
    address_key="new@example.org",
    address_fold="new@example.org",
    network="",
    agreed="",
    state=sign_up_store.MAILED,
    token_hash="",
    requested=NOW,
    expires=LATER,
)


def ask(connection: Connection) -> bool:
    address = ("new@example.org", "new@example.org", "new@example.org")
    return sign_up_store.record_sign_up(
        connection,
        newsletters=["daily"],
        address=address,
        network="",
        agreed="",
        now=NOW,
        expires=LATER,
        limits=(9, 9),
    )


def choose(connection: Connection) -> None:
    preference_store.save_preferences(
        connection, 1, selection="", cadence="edition", hour=7, time_zone="", paused_until=None
    )


def replace(connection: Connection) -> None:
    edition = edition_store.get_edition(connection, 1)
    assert edition is not None
    corrections.replace_deliveries(connection, edition, NOW, factories.WITHIN_A_YEAR)


def issue(connection: Connection) -> None:
    edition = edition_store.get_edition(connection, 1)
    assert edition is not None
    edition_store.add_issue_deliveries(connection, edition, NOW, factories.WITHIN_A_YEAR, [])


def hours_again(connection: Connection) -> None:
    choose(connection)
    preference_store.delay_to_own_hours(connection, 1, lambda _hour, _zone: LATER)


def wait_and_index(connection: Connection) -> None:
    store_values.write_value(connection, "words before", "9")
    word_index.index_waiting(connection, 5)


def retitle(connection: Connection) -> None:
    decision_store.add_decision(
        connection,
        who="jo",
        action=EditorAction.RETITLE,
        article_uid=new_article(1).uid,
        value="Ours",
        now=NOW,
    )


TOPIC = "https://harbour.example/feed"
SUBSCRIPTION = HubSubscription(
    source_id=1,
    hub="https://hub.example/",
    topic=TOPIC,
    callback="callback",
    secret="secret",
    state=HubState.WANTED,
    next_try=NOW,
)


def note_hub(connection: Connection, url: str) -> None:
    hub = Hub(url=url, topic=TOPIC)
    hub_store.save_hubs(connection, {1: hub}, secrets=lambda: ("callback", "secret"), now=NOW)


def lease(owner: str) -> dict[str, Any]:
    return {"owner": owner, "now": SOON, "until": LATER}


STATE = SourceState(next_check=NOW)
IDENTITY = store_identity.StoreIdentity(store_id="x")
FINISHED = DeliveryState.SENT
# The seeded store has one of everything, with number 1, leased by "us".
IMPORTED = ImportedSubscriber(
    file="list.csv",
    line=2,
    text="kim@example.org",
    standing=Standing.SUBSCRIBED,
    address="kim@example.org",
    address_key="kim@example.org",
    newsletter="daily",
)

WRITES: dict[str, Callable[[Connection], object]] = {
    "announcements.record_documents": lambda c: announcements.record_documents(c, {TOPIC: "x"}, NOW),
    "announcements.claim_announcements": lambda c: announcements.claim_announcements(c, now=NOW, until=LATER),
    "announcements.finish_announcement": lambda c: announcements.finish_announcement(
        c, announcements.Announcement(topic=TOPIC, document_hash="x", attempts=0), next_try=None, error=""
    ),
    "announcements.delete_announcements": announcements.delete_announcements,
    "article_store.add_articles": lambda c: article_store.add_articles(c, [(1, [new_article(7)])]),
    "article_store.add_authors": lambda c: article_store.add_authors(c, {1: ["Bo Reed"]}),
    "article_store.change_article": lambda c: article_store.change_article(
        c, 1, 1, new_article(1, title="New")
    ),
    "word_index.index_new": lambda c: word_index.index_new(c, [(2, 1, new_article(2))]),
    "word_index.index_again": lambda c: word_index.index_again(c, [1]),
    "word_index.index_waiting": wait_and_index,
    "word_index.index_later": word_index.index_later,
    "article_store.save_item_hashes": lambda c: article_store.save_item_hashes(c, [(1, "x")]),
    "audience_store.add_subscription": lambda c: subscribe(c, "kim@example.org"),
    "import_store.import_rows": lambda c: list(import_store.import_rows(c, [IMPORTED], agreed="", now=NOW)),
    "audience_store.end_subscription": lambda c: audience_store.end_subscription(c, 1, detail="", now=NOW),
    "audience_store.end_all_subscriptions": lambda c: audience_store.end_all_subscriptions(
        c, "jo@example.org", detail="", now=NOW
    ),
    "audience_store.request_subscription": lambda c: audience_store.request_subscription(
        c, "x@y.org", "x@y.org", "daily", NOW
    ),
    "audience_store.confirm_subscription": lambda c: audience_store.confirm_subscription(
        c, "jo@example.org", "daily", detail="", agreed="", now=NOW
    ),
    "edition_articles.carry_item": lambda c: edition_articles.carry_item(c, 1, 1, [1]),
    "edition_articles.leave_out_items": lambda c: edition_articles.leave_out_items(c, 1, kept=[], reasons={}),
    "edition_articles.replace_stories": lambda c: edition_articles.replace_stories(c, 1, []),
    "edition_articles.save_articles": lambda c: edition_articles.save_articles(
        c, 1, left_out=[LeftOut(article_id=9, reason=LeaveReason.GONE)]
    ),
    "preference_store.save_preferences": choose,
    "preference_store.delay_to_own_hours": hours_again,
    "preference_store.reschedule_waiting": lambda c: preference_store.reschedule_waiting(
        c, 1, lambda _name, _cut: LATER, EARLY
    ),
    "private_feed_store.rotate_feed_address": lambda connection: private_feed_store.rotate_feed_address(
        connection, 1
    ),
    "sign_up_store.record_sign_up": ask,
    "sign_up_store.claim_sign_up": lambda c: sign_up_store.claim_sign_up(c, 1),
    "sign_up_store.confirmation_edition": lambda c: sign_up_store.confirmation_edition(
        c, ["daily"], ("", "", ""), NOW
    ),
    "sign_up_store.prepare_confirmation": lambda c: sign_up_store.prepare_confirmation(
        c, SIGN_UP, 1, ["daily"], per_address=9, now=NOW
    ),
    "sign_up_store.mark_mailed": lambda c: sign_up_store.mark_mailed(c, 1, 1, ["daily"], "x"),
    "sign_up_store.confirm_sign_up": lambda c: sign_up_store.confirm_sign_up(c, SIGN_UP, network="", now=NOW),
    "sign_up_store.prune_sign_ups": lambda c: sign_up_store.prune_sign_ups(c, before=LATER),
    "audience_store.suppress": lambda c: audience_store.suppress(c, "x@example.org", reason="", now=NOW),
    "audience_store.erase_subscriber": lambda c: audience_store.erase_subscriber(c, "jo@example.org", NOW),
    "delivery_store.claim_deliveries": lambda c: delivery_store.claim_deliveries(c, limit=5, **lease("us")),
    "delivery_store.extend_claims": lambda c: delivery_store.extend_claims(c, [1], owner="us", until=LATER),
    "delivery_store.begin_sending": lambda c: delivery_store.begin_sending(c, [1], **lease("us")),
    "delivery_store.finish_delivery": lambda c: delivery_store.finish_delivery(
        c, 1, FINISHED, owner="us", now=NOW
    ),
    "delivery_store.return_to_pending": lambda c: delivery_store.return_to_pending(c, [1], owner="us"),
    "delivery_store.release_deliveries": lambda c: delivery_store.release_deliveries(c, [1], owner="us"),
    "delivery_store.mark_sent": lambda c: delivery_store.mark_sent(c, [1], owner="us", now=NOW),
    "delivery_store.postpone_delivery": lambda c: delivery_store.postpone_delivery(
        c, 1, owner="us", not_before=LATER
    ),
    "sending_pauses.pause_sending": lambda c: sending_pauses.pause_sending(
        c, sending_pauses.SendingPause(until=LATER, reason="", refusals=0)
    ),
    "sending_pauses.resume_sending": sending_pauses.resume_sending,
    "bounce_store.record_bounce": lambda c: bounce_store.record_bounce(
        c, subscription_id=1, delivery_id=1, kind="soft", status="", detail="", now=NOW
    ),
    "bounce_store.record_unsubscription": lambda c: bounce_store.record_unsubscription(c, 1, NOW),
    "bounce_store.forget_other_unsubscription": lambda c: bounce_store.forget_other_unsubscription(c, 1, 1),
    "bounce_store.ignore_bounces": lambda c: bounce_store.ignore_bounces(c, 1),
    "bounce_store.prune_bounces": lambda c: bounce_store.prune_bounces(c, before=NOW),
    "delivery_store.fail_late": lambda c: delivery_store.fail_late(c, now=LATER),
    "delivery_store.mark_stuck_uncertain": lambda c: delivery_store.mark_stuck_uncertain(c, now=LATER),
    "delivery_store.mark_waiting_uncertain": lambda c: delivery_store.mark_waiting_uncertain(c, now=NOW),
    "period_store.delete_void_records": lambda c: period_store.delete_void_records(
        c, NOW - timedelta(days=9)
    ),
    "restored_store.mark_uncertain": lambda c: restored_store.mark_uncertain(
        c, [("daily", "edition", (NOW, LATER))], NOW, restored=NOW
    ),
    "store_identity.write_identity": lambda c: store_identity.write_identity(c, IDENTITY),
    "store_identity.hold_mail": lambda c: store_identity.hold_mail(
        c, store_identity.MailHold(since=NOW, found="")
    ),
    "store_identity.lift_hold": store_identity.lift_hold,
    "store_identity.skip_ids": store_identity.skip_ids,
    "store_identity.settle": store_identity.settle,
    "suppression_list.lift_suppression": lambda c: suppression_list.lift_suppression(
        c, "jo@example.org", why="", now=NOW
    ),
    "suppression_list.import_suppressions": lambda c: suppression_list.import_suppressions(
        c,
        [suppression_list.SuppressionEntry(address_key="jo@example.org", newsletter="", reason="bounced")],
        detail="",
        now=NOW,
    ),
    "audience_store.record_consent": lambda c: audience_store.record_consent(
        c, "jo@example.org", "daily", "said", "", NOW
    ),
    "delivery_store.put_off": lambda c: delivery_store.put_off(c, [1], owner="us", not_before=LATER),
    "delivery_store.resend": lambda c: delivery_store.resend(c, 2, now=NOW),
    "delivery_store.mark_arrived": lambda c: delivery_store.mark_arrived(c, 2, now=NOW),
    "newsletter_store.sync_newsletters": lambda c: newsletter_store.sync_newsletters(
        c, [newsletter("weekly")], NOW
    ),
    "newsletter_store.save_declaration": lambda c: newsletter_store.save_declaration(
        c, newsletter("evening"), {"schedule": "daily 18:00"}, NOW
    ),
    "newsletter_store.remove_declaration": lambda c: newsletter_store.remove_declaration(c, "daily"),
    "added_channels.save_channel": lambda c: added_channels.save_channel(c, "new", {}, NOW),
    "added_channels.rename_channel": lambda c: added_channels.rename_channel(c, "added", "other"),
    "added_channels.mark_removed": lambda c: added_channels.mark_removed(c, "added", NOW),
    "added_channels.save_move": lambda c: added_channels.save_move(c, "old", "news", NOW),
    "added_channels.delete_move": lambda c: added_channels.delete_move(c, "former"),
    "feed_read_store.save_reads": lambda c: feed_read_store.save_reads(
        c, {FeedReads("news", NOW, "Feedly"): 3}
    ),
    "newsletter_store.pause_newsletter": lambda c: newsletter_store.pause_newsletter(c, "daily"),
    "newsletter_store.resume_newsletter": lambda c: newsletter_store.resume_newsletter(c, "daily", NOW),
    "edition_store.record_no_edition": lambda c: edition_store.record_no_edition(
        c, "daily", "edition", (NOW, LATER), "empty", NOW
    ),
    "edition_store.insert_row": lambda c: edition_store.insert_row(
        c, edition_store.edition_values("daily", "edition", (NOW, LATER), NOW) | {"state": "empty"}
    ),
    "edition_store.cut_edition": edition_again,
    "edition_store.add_issue_deliveries": issue,
    "edition_store.insert_deliveries": lambda c: edition_store.insert_deliveries(
        c, 1, "daily", NOW, {"not_before": literal(0)}, [false()]
    ),
    "corrections.cancel_replaced": lambda c: corrections.cancel_replaced(c, [1], NOW),
    "corrections.replace_deliveries": replace,
    "edition_store.add_deliveries": lambda c: edition_store.add_deliveries(
        c, 1, "daily", NOW, factories.WITHIN_A_YEAR
    ),
    "decision_store.add_decision": retitle,
    "decision_store.undo_decision": lambda c: decision_store.undo_decision(c, 1, who="jo", now=NOW),
    "decision_store.sync_headlines": lambda c: decision_store.sync_headlines(c, at=NOW),
    "hub_store.save_hubs": lambda c: note_hub(c, "https://other.example/hub"),
    "hub_store.request_unsubscriptions": lambda c: hub_store.request_unsubscriptions(
        c, now=NOW, everything=True
    ),
    "hub_store.claim_hubs": lambda c: hub_store.claim_hubs(c, now=NOW, until=LATER, limit=9),
    "hub_store.save_attempt": lambda c: hub_store.save_attempt(
        c, SUBSCRIPTION, dataclasses.replace(SUBSCRIPTION, state=HubState.ASKED), next_try=LATER
    ),
    "hub_store.confirm_hub_subscription": lambda c: hub_store.confirm_hub_subscription(
        c, "callback", TOPIC, expires=LATER, next_try=SOON
    ),
    "hub_store.confirm_unsubscription": lambda c: hub_store.confirm_unsubscription(c, "callback", TOPIC),
    "hub_store.deny_hub_subscription": lambda c: hub_store.deny_hub_subscription(
        c, "callback", TOPIC, reason="", next_try=LATER
    ),
    "hub_store.renew_expired_leases": lambda c: hub_store.renew_expired_leases(c, now=LATER),
    "hub_store.add_push": lambda c: hub_store.add_push(c, SUBSCRIPTION, content_type="", body=b"x", now=NOW),
    "hub_store.delete_push": lambda c: hub_store.delete_push(c, 1),
    "hub_store.record_valid_push": lambda c: hub_store.record_valid_push(c, 1, NOW),
    "leases.take_lease": lambda c: leases.take_lease(c, "stories", **lease("us")),
    "leases.renew_lease": lambda c: leases.renew_lease(c, "stories", owner="us", until=LATER),
    "leases.release_lease": lambda c: leases.release_lease(c, "stories", owner="us"),
    "leases.release_implausible_leases": lambda c: leases.release_implausible_leases(c, NOW),
    "leases.release_owner_leases": lambda c: leases.release_owner_leases(c, "us"),
    "leases.ensure_secret": leases.ensure_secret,
    "leases.increment_counter": lambda c: leases.increment_counter(c, "placements"),
    "page_store.allow_gone_page": lambda c: page_store.allow_gone_page(c, 1),
    "page_store.queue_pages": lambda c: page_store.queue_pages(
        c, 1, [QueuedPage(url="u", published=NOW)], NOW
    ),
    "page_store.claim_pages": lambda c: page_store.claim_pages(c, per_poll=5, limit=5, **lease("us")),
    "page_store.finish_page": lambda c: page_store.finish_page(c, 1, ReadState.READ, owner="us", now=NOW),
    "page_store.link_page_to_article": lambda c: page_store.link_page_to_article(c, 1),
    "page_store.release_pages": lambda c: page_store.release_pages(c, [1], owner="us"),
    "page_store.save_full_text": lambda c: page_store.save_full_text(c, 1, new_article(1)),
    "page_store.prune_pages": lambda c: page_store.prune_pages(c, before=LATER),
    "quarantine.record_failure": lambda c: quarantine.record_failure(c, "page", "x", "broken", now=NOW),
    "quarantine.clear_failure": lambda c: quarantine.clear_failure(c, "page", "y"),
    "quarantine.clear_failures": lambda c: quarantine.clear_failures(c, "page", ["y"]),
    "quarantine.forget_failure": lambda c: quarantine.forget_failure(c, "page", "y", 0),
    "quarantine.clear_unlisted": lambda c: quarantine.clear_unlisted(c, {1: ()}),
    "ranked_lists.add_reads": lambda c: ranked_lists.add_reads(c, {new_article(1).path: 1}, hour=NOW),
    "ranked_lists.prune_inputs": lambda c: ranked_lists.prune_inputs(c, before=LATER),
    "ranked_lists.save_neighbours": lambda c: ranked_lists.save_neighbours(c, {1: [2]}),
    "ranked_lists.save_source_weights": lambda c: ranked_lists.save_source_weights(c, {}, now=NOW),
    "ranked_lists.save_ranked": lambda c: ranked_lists.save_ranked(c, "top", []),
    "old_rows.prune_articles": lambda c: old_rows.prune_articles(c, before=LATER, now=NOW, limit=9),
    "old_rows.prune_stories": lambda c: old_rows.prune_stories(c, [1, 2]),
    "old_rows.prune_deliveries": lambda c: old_rows.prune_deliveries(c, before=LATER),
    "old_rows.prune_edition_bodies": lambda c: old_rows.prune_edition_bodies(c, before=LATER),
    "old_rows.prune_tombstones": lambda c: old_rows.prune_tombstones(c, before=LATER),
    "old_rows.prune_failures": lambda c: old_rows.prune_failures(c, before=LATER),
    "robots_store.save_robots": lambda c: robots_store.save_robots(c, "https://a.example", 200, "", LATER),
    "robots_store.delay_next_page": lambda c: robots_store.delay_next_page(c, "https://a.example", LATER),
    "robots_store.set_origin_pause": lambda c: robots_store.set_origin_pause(
        c, "https://a.example", LATER, 6.0
    ),
    "robots_store.prune_robots": lambda c: robots_store.prune_robots(c, before=LATER),
    "part_store.save_parts": lambda c: part_store.save_parts(c, 1, [SitemapPart(url="u")], NOW),
    "part_store.claim_parts": lambda c: part_store.claim_parts(c, limit=5, **lease("us")),
    "part_store.save_part": lambda c: part_store.save_part(c, 1, STATE, NOW, owner="us"),
    "part_store.release_parts": lambda c: part_store.release_parts(c, [1], owner="us"),
    "declared_sources.sync_sources": lambda c: declared_sources.sync_sources(c, [declared("New")], NOW),
    "source_store.make_due": lambda c: source_store.make_due(c, 1, NOW, "asked"),
    "source_store.claim_due_sources": lambda c: source_store.claim_due_sources(c, limit=5, **lease("us")),
    "source_store.claim_source": lambda c: source_store.claim_source(c, 1, **lease("us")),
    "source_store.extend_leases": lambda c: source_store.extend_leases(c, [1], owner="us", until=LATER),
    "source_store.read_again": lambda c: source_store.read_again(c, 1, NOW),
    "source_store.set_next_check": lambda c: source_store.set_next_check(c, 1, STATE),
    "source_store.release_sources": lambda c: source_store.release_sources(c, [1], owner="us"),
    "source_store.save_unchanged_polls": lambda c: source_store.save_unchanged_polls(
        c, [(1, STATE)], owner="us"
    ),
    "source_store.save_polls": lambda c: source_store.save_polls(c, [SAVED_POLL], owner="us"),
    "source_store.forget_future_polls": lambda c: source_store.forget_future_polls(c, NOW),
    "worker_store.save_heartbeat": lambda c: worker_store.save_heartbeat(c, WORKER),
    "worker_store.extend_named_leases": lambda c: worker_store.extend_named_leases(
        c, ["x"], owner="us", until=LATER
    ),
    "worker_store.remove_worker": lambda c: worker_store.remove_worker(c, "us"),
    "worker_store.release_workers": lambda c: worker_store.release_workers(c, seen_before=LATER),
    "worker_store.ensure_queue_tables": lambda c: worker_store.ensure_queue_tables(
        c, "CREATE TABLE queued (id INTEGER)", "1"
    ),
    "source_store.save_poll": lambda c: source_store.save_poll(c, 1, STATE, owner="us"),
    "stale.mark_stale": lambda c: stale.mark_stale(c, [1]),
    "stale.mark_published_since": lambda c: stale.mark_published_since(c, NOW - timedelta(days=1)),
    "stale.mark_all": stale.mark_all,
    "channel_archives.add_archive_page": lambda c: channel_archives.add_archive_page(c, "news", 1, 1),
    "channel_archives.move_archive": lambda c: channel_archives.move_archive(c, "news", None),
    "stale.mark_lists": lambda c: stale.mark_lists(c, ["tag:x"]),
    "stale.mark_lists_with": lambda c: stale.mark_lists_with(c, [1]),
    "stale.clear_lists": lambda c: stale.clear_lists(c, {"tag:x": 1}),
    "file_hashes.record_files": lambda c: file_hashes.record_files(c, {"a": "x", "b": None}, NOW),
    "file_hashes.forget_hashes": file_hashes.forget_hashes,
    "file_hashes.use_place": lambda c: file_hashes.use_place(c, "s3://bucket"),
    "leases.take_part": lambda c: leases.take_part(c, "site", owner="us", now=NOW, until=LATER),
    "stale.mark_sources": lambda c: stale.mark_sources(c, [1]),
    "stale.clear_stale": lambda c: stale.clear_stale(c, [(1, 1)]),
    "stale.save_signatures": lambda c: stale.save_signatures(c, {"opml": "x"}, NOW),
    "stale.clear_signatures": stale.clear_signatures,
    "story_store.add_stories": lambda c: story_store.add_stories(c, [1], NOW),
    "story_store.place_articles": lambda c: factories.place(c, 1, 1),
    "story_store.save_related": lambda c: story_store.save_related(
        c, {1: [ScoredLink(article_id=2, score=1, parts={})]}
    ),
    "story_store.requeue_articles": lambda c: story_store.requeue_articles(c, [1]),
    "story_store.remove_repeated_links": lambda c: story_store.remove_repeated_links(c, [2]),
    "story_store.save_stories": lambda c: factories.save_story(c, 1, lead_id=2),
    "tombstones.save_tombstones": lambda c: tombstones.save_tombstones(c, 1, [GONE], NOW),
    "tombstones.save_tombstone_hashes": lambda c: tombstones.save_tombstone_hashes(c, 1, [("gone", "e")]),
    "story_leads.save_language_leads": lambda c: story_leads.save_language_leads(c, [1], {(1, "en"): 1}),
    "stale.mark_stories": lambda c: stale.mark_stories(c, [1]),
    "story_moves.merge_story": lambda c: story_moves.merge_story(c, move(MERGED, 2, 1)),
    "story_moves.split_story": lambda c: story_moves.split_story(c, move(SPLIT, 1, 2), [1]),
    "story_moves.close_empty_stories": lambda c: story_moves.close_empty_stories(c, [move(MERGED, 999, 1)]),
    "story_moves.save_reasons": lambda c: story_moves.save_reasons(c, [1], []),
    "story_moves.prune_moves": lambda c: story_moves.prune_moves(c, before=LATER),
}


def seed(connection: Connection) -> None:
    """Fill an empty store with rows that the calls change."""
    factories.newsroom(connection, "jo@example.org", "failed@example.org", "free@example.org")
    factories.add_articles(connection, 1, new_article(2))
    story_store.save_related(connection, {2: [ScoredLink(article_id=2, score=1, parts={})]})
    leases.ensure_secret(connection)
    added_channels.save_channel(connection, "added", {"query": "top"}, NOW)
    added_channels.save_move(connection, "former", "added", NOW)
    store_identity.write_identity(connection, IDENTITY)
    retitle(connection)
    worker_store.save_heartbeat(connection, WORKER)
    note_hub(connection, SUBSCRIPTION.hub)
    quarantine.record_failure(connection, "entry", "item_hash", "broken", now=NOW, source_id=1)
    delivery_store.claim_deliveries(connection, now=NOW, owner="us", until=SOON, limit=1)
    table = schema.deliveries
    connection.execute(update(table).where(table.c.id == 2).values(state="failed"))
