"""Order of the list ``top`` after a merge, a split or a move of articles, computed before the decision."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from syndicate.jobs.stories.story_facts import candidates, story_facts
from syndicate.store import Connection
from syndicate.store.ingest import article_store
from syndicate.store.stories import ranked_lists
from syndicate.store.stories.story_store import StoryArticleRow
from syndicate.stories import RankingOptions, rank_top

SHOWN = 20


class NewPlace(NamedTuple):
    """Story with its place in ``top`` now and after a decision; 0 is no place. A new story has no number."""

    story_id: int
    title: str
    before: int
    after: int


def new_order(
    connection: Connection, now: datetime, options: RankingOptions, moved: Collection[int], into: int
) -> list[NewPlace]:
    """Return the places that change, in the new order, when articles and their copies move to a story.

    ``into`` is 0 for a story of their own. Only stories that are listed now and those of the articles are
    ranked, with the links between stories as they are stored.
    """
    members = ranked_lists.stories_of(connection, sorted(moved))
    listed = {story.story_id for story in ranked_lists.ranked_stories(connection, "top")}
    rows = candidates(connection, now, options, ids=listed | set(members) | ({into} if into else set()))
    before = _places(connection, now, options, rows)
    number = into or max((row.story_id for row in rows), default=0) + 1
    lead = next((row.lead_id for row in rows if row.story_id == into), 0)
    texts = {row.same_text for row in rows if row.article_id in moved}
    regrouped = [
        row._replace(story_id=number, lead_id=lead) if row.same_text in texts else row for row in rows
    ]
    # A story without its lead is led by its first article.
    members_of = {(row.story_id, row.article_id) for row in regrouped}
    first = {row.story_id: row.article_id for row in reversed(regrouped)}
    regrouped = [
        row if (row.story_id, row.lead_id) in members_of else row._replace(lead_id=first[row.story_id])
        for row in regrouped
    ]
    after = _places(connection, now, options, regrouped)
    changed = [story for story in {**before, **after} if before.get(story) != after.get(story)]
    leads = {story: (after.get(story) or before[story])[1] for story in changed}
    articles = article_store.get_articles(connection, [*leads.values()])
    found = []
    for story in changed:
        was, becomes = before.get(story, (0, 0))[0], after.get(story, (0, 0))[0]
        if was != becomes and leads[story] in articles:
            is_new = story == number and not into
            found.append(NewPlace(0 if is_new else story, articles[leads[story]].title, was, becomes))
    return sorted(found, key=lambda place: (not place.after, place.after, place.before))[:SHOWN]


def _places(
    connection: Connection, now: datetime, options: RankingOptions, rows: list[StoryArticleRow]
) -> dict[int, tuple[int, int]]:
    """Return the place and the lead of each story in ``top``."""
    ranked = rank_top(story_facts(connection, rows, now, options), now, options)
    return {story.story_id: (story.position, story.article_id) for story in ranked}
