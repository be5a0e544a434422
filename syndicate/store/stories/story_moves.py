"""Merges and splits of stories, and the reason for each article's place.

A merge keeps the older id. The other id is stored and redirects to it, so that an edition, a note or a link
with the old id still finds the story.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from syndicate.errors import StoreError
from syndicate.store import schema
from syndicate.store.core.batches import TOGETHER, in_batches, rows_with
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement
from syndicate.store.output.stale import STORY, mark_lists, mark_stories

MERGED = "merged"
SPLIT = "split"
_OWN_REASON = schema.story_reasons.c.article_id == bindparam("article")
_FORGET_REASON = CompiledStatement(delete(schema.story_reasons).where(_OWN_REASON))
_ADD_REASON = CompiledStatement(insert(schema.story_reasons))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryMove:
    """Move of articles between two stories.

    ``kind`` is ``merged`` (all articles; ``from_story`` ends and redirects to ``to_story``) or ``split``
    (some articles, into a new or existing story). ``article_id`` is the article that triggered the move,
    ``similarity`` the measured similarity, ``threshold`` its limit, ``articles`` the number of articles
    moved. ``decision`` is the number of the editor's decision behind the move, or 0. ``path``
    is the former page of a merged story, ``""`` if the other story continues that page.
    """

    kind: str
    from_story: int
    to_story: int
    article_id: int
    articles: int
    similarity: float
    threshold: float
    moved: datetime
    path: str = ""
    decision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryReason:
    """Reason why an article joined a story, or, if ``similarity`` < ``threshold``, why it did not.

    ``nearest`` is its similarity to article ``nearest_id``, ``mean_similarity`` that to ``n_compared``
    articles of the story, ``similarity`` the combined value. ``story_id`` is the story's id at that time.
    """

    article_id: int
    story_id: int
    nearest_id: int
    nearest: float
    mean_similarity: float
    n_compared: int
    similarity: float
    threshold: float
    placed: datetime


def merge_story(connection: Connection, move: StoryMove) -> None:
    """Move all articles of a story into another and redirect the old id.

    Marks the pages of both stories, which list their coverage. Raises ``StoreError`` when the story is gone
    already.
    """
    articles = schema.articles
    mark_stories(connection, (move.from_story, move.to_story))
    moving = update(articles).where(articles.c.story_id == move.from_story)
    connection.execute(moving.values(story_id=move.to_story))
    if not _end_story(connection, move):
        raise StoreError(f"story {move.from_story} is gone and cannot be merged: run stories again")


def split_story(connection: Connection, move: StoryMove, article_ids: Sequence[int]) -> None:
    """Move some articles of a story, and all with the same texts, into another existing story."""
    articles, named = schema.articles, schema.articles.alias("named")
    mark_stories(connection, (move.from_story, move.to_story))
    for batch in in_batches(article_ids):
        texts = select(named.c.same_text).where(named.c.id.in_(batch))
        here = articles.c.same_text.in_(texts) & (articles.c.story_id == move.from_story)
        connection.execute(update(articles).where(here).values(story_id=move.to_story))
    _record(connection, move)


def close_empty_stories(connection: Connection, moves: Sequence[StoryMove]) -> list[int]:
    """Redirect stories without articles to the targets of the moves; return the non-empty stories."""
    articles = schema.articles
    ids = [move.from_story for move in moves]
    occupied = select(articles.c.story_id).where(articles.c.story_id.in_(ids)).distinct()
    alive = {story for story in connection.scalars(occupied) if story is not None}
    for move in moves:
        if move.from_story not in alive:
            _end_story(connection, move)
    return sorted(alive)


def current_stories(connection: Connection, story_ids: Iterable[int]) -> dict[int, int]:
    """Return the story that each id leads to now: itself, or the story it was merged into."""
    ids = sorted(set(story_ids))
    table = schema.story_moves
    leads: dict[int, int] = {}
    waiting = set(ids)
    while waiting:
        asked = sorted(waiting)[:TOGETHER]
        merged = select(table).where(table.c.kind == MERGED, table.c.from_story.in_(asked))
        found = {row.from_story: row.to_story for row in connection.execute(merged)}
        leads |= found
        waiting = waiting.difference(asked) | (set(found.values()) - leads.keys())
    return {story_id: _end(story_id, leads) for story_id in ids}


def former_paths(connection: Connection, story_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return the pages of the stories that merged into these, also through several merges."""
    table, paths = schema.story_moves, dict[int, list[str]]()
    targets = {story_id: story_id for story_id in story_ids}
    while targets:
        query = select(table.c.from_story, table.c.to_story, table.c.path).where(table.c.kind == MERGED)
        rows = list(rows_with(connection, query, table.c.to_story, sorted(targets)))
        for row in rows:
            if row.path:
                paths.setdefault(targets[row.to_story], []).append(row.path)
        targets = {row.from_story: targets[row.to_story] for row in rows}
    return paths


def story_moves(connection: Connection, story_id: int) -> list[StoryMove]:
    """Return all moves from or to a story, oldest first."""
    table = schema.story_moves
    touching = or_(table.c.from_story == story_id, table.c.to_story == story_id)
    names = [table.c[name] for name in StoryMove.__dataclass_fields__]
    query = select(*names).where(touching).order_by(table.c.id)
    return [StoryMove(**row._asdict()) for row in connection.execute(query)]


def save_reasons(connection: Connection, placed: Sequence[int], reasons: Sequence[StoryReason]) -> None:
    """Replace the reasons for the places of these articles."""
    names = StoryReason.__dataclass_fields__
    rows = [
        {name: getattr(reason, name) for name in names} | {"placed": to_microseconds(reason.placed)}
        for reason in reasons
    ]
    _FORGET_REASON.execute_many(connection, [{"article": article_id} for article_id in placed])
    _ADD_REASON.execute_many(connection, rows)


def story_reasons(connection: Connection, article_ids: Sequence[int]) -> dict[int, StoryReason]:
    """Return the reasons for the places of articles; copies and articles unlike all others have none."""
    rows = rows_with(connection, select(schema.story_reasons), schema.story_reasons.c.article_id, article_ids)
    return {row.article_id: StoryReason(**row._asdict()) for row in rows}


def prune_moves(connection: Connection, *, before: datetime) -> int:
    """Delete old moves into stories that are gone; moves that redirect to a live story stay."""
    table, stories = schema.story_moves, schema.stories
    later = table.alias("later")
    alive = select(stories.c.id).where(stories.c.id == table.c.to_story).exists()
    onward = select(later.c.id).where(later.c.from_story == table.c.to_story, later.c.kind == MERGED).exists()
    return connection.execute(delete(table).where(table.c.moved < before, ~alive, ~onward)).rowcount


def _end_story(connection: Connection, move: StoryMove) -> bool:
    """Delete a merged story, if it still exists, and record the move.

    A story without a page continues the page of the story that merges into it.
    """
    stories = schema.stories
    path = connection.scalar(delete(stories).where(stories.c.id == move.from_story).returning(stories.c.path))
    if path is None:
        return False
    without = (stories.c.id == move.to_story) & (stories.c.path == "")
    inherits = path and connection.execute(update(stories).where(without).values(path=path)).rowcount
    mark_lists(connection, [f"{STORY}{story_id}" for story_id in (move.from_story, move.to_story)])
    _forward_ranked(connection, move)
    _record(connection, replace(move, path="" if inherits else path))
    return True


def _forward_ranked(connection: Connection, move: StoryMove) -> None:
    """Replace a merged story's id in the ranked lists, until they are computed again."""
    table = schema.ranked
    listed = select(table.c.list).where(table.c.story_id == move.to_story)
    old = table.c.story_id == move.from_story
    connection.execute(delete(table).where(old, table.c.list.in_(listed)))
    connection.execute(update(table).where(old).values(story_id=move.to_story))


def _record(connection: Connection, move: StoryMove) -> None:
    values = {name: getattr(move, name) for name in StoryMove.__dataclass_fields__}
    connection.execute(insert(schema.story_moves).values(**values))


def _end(story_id: int, leads: Mapping[int, int]) -> int:
    while story_id in leads:
        story_id = leads[story_id]
    return story_id
