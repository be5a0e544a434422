"""Answer to "why is this article not in channel X?", from the rows that the publish job reads."""

import json
from bisect import bisect_left
from datetime import datetime

from syndicate.jobs.stories.ranking_job import LISTS
from syndicate.model import Article, Channel, EditorAction, RankedStory
from syndicate.publish.channel_absence import AbsenceReason, ChannelFacts, absence_reasons
from syndicate.published_files import PublishedFiles
from syndicate.store import Connection, Store
from syndicate.store.core import quarantine
from syndicate.store.ingest import article_store, source_store
from syndicate.store.output import channel_archives, channel_store
from syndicate.store.stories import decision_store, ranked_lists, story_store
from syndicate.stories import RankingOptions


def channel_absence(
    store: Store,
    channel: Channel,
    article: Article,
    output: PublishedFiles,
    options: RankingOptions,
    now: datetime,
) -> tuple[AbsenceReason, ...]:
    """Return the reasons that keep an article out of a channel; none if the channel carries it."""
    written = _is_written(output.read(f"{channel.name}.json"), article)
    with store.read() as connection:
        facts = _facts(connection, channel, article, now, written=written)
    return absence_reasons(channel, facts, now=now, window_hours=options.window_hours)


def _facts(
    connection: Connection, channel: Channel, article: Article, now: datetime, *, written: bool
) -> ChannelFacts:
    ids = [article.id]
    failing = tuple(
        clause for clause in channel.clauses if not channel_store.matching_articles(connection, [clause], ids)
    )
    shown = channel_store.channel_articles(connection, channel.clauses, limit=channel.limit)
    twin = None if failing else _shown_instead(connection, channel, article)
    is_shown = any(other.id == article.id for other in shown)
    is_over_limit = not (failing or twin or is_shown) and article.story_id is not None
    bounds = channel_archives.archive_bounds(connection, channel.name)
    page = bisect_left(bounds, article.id)
    story_id = article.story_id or 0
    story = story_store.get_stories(connection, [story_id]).get(story_id)
    decisions = decision_store.story_decisions(connection, at=now).get(story_id, [])
    failures = quarantine.failures(connection, kind="channel")
    source = source_store.get_source(connection, article.source_id)
    return ChannelFacts(
        article=article,
        source=source[0].name if source else "",
        failing=failing,
        ranks={name: story_rank(connection, name, article.story_id) for name in LISTS},
        story_updated=story.updated if story else None,
        dropped_by=next((made.who for made in decisions if made.action is EditorAction.DROP), ""),
        shown_instead=twin,
        oldest=shown[-1] if is_over_limit and shown else None,
        archive_page=page if is_over_limit and 0 < page < len(bounds) else 0,
        failure=next((failure.reason for failure in failures if failure.subject == channel.name), ""),
        written=written,
    )


def story_rank(connection: Connection, name: str, story_id: int | None) -> RankedStory | None:
    """Return a story's place in a list, or ``None``."""
    matches = (story for story in ranked_lists.ranked_stories(connection, name) if story.story_id == story_id)
    return next(matches, None)


def _shown_instead(connection: Connection, channel: Channel, article: Article) -> Article | None:
    """Return the first published placed article of the same text in the query, unless it is the article."""
    twins = [link.article_id for link in story_store.same_text_links(connection, article, site_url="")]
    matching = channel_store.matching_articles(connection, channel.clauses, twins)
    found = article_store.get_articles(connection, matching).values()
    placed = [twin for twin in found if twin.story_id is not None]
    first = min([article, *placed], key=lambda twin: (twin.published, twin.id))
    return None if first.id == article.id else first


def _is_written(feed: bytes | None, article: Article) -> bool:
    try:
        items = json.loads(feed or b"")["items"]
    except (ValueError, LookupError, TypeError):
        return False
    return any(item.get("id") == f"urn:uuid:{article.uid}" for item in items)
