"""Stories that merge and split, and why each article is where it is.

The older id survives a merge; the other one is remembered here and leads to it, so that whatever
kept the old id (an edition, a note, a link) still finds the story.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, or_, select, update

from syndicate.errors import StoreError
from syndicate.store import schema
from syndicate.store.core.batches import TOGETHER, in_batches
from syndicate.store.output.stale import mark_stale

MERGED = "merged"
SPLIT = "split"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryMove:
    """Articles that went from one story to another.

    ``kind`` is ``merged`` (all of them; ``from_story`` is gone and leads to ``to_story``) or ``split``
    (some of them, into a new story or one that was there).
    ``article_id`` is the article whose arrival showed it; ``similarity`` what was measured then,
    ``threshold`` the limit it was held against, ``articles`` how many went.
    """

    kind: str
    from_story: int
    to_story: int
    article_id: int
    articles: int
    similarity: float
    threshold: float
    moved: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryReason:
    """Reason why an article joined a story, or, if ``similarity`` < ``threshold``, why it did not.

    ``nearest`` is its similarity to article ``nearest_id``, ``mean_similarity`` that to ``n_compared``
    articles of the story, ``similarity`` what was made of both. ``story_id`` is the story as it was called
    then.
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
    """Put all articles of one story into another and let the old id lead there.

    Every page of either is marked, since it lists who else tells the story. Raises ``StoreError``
    when the story is gone already.
    """
    articles, stories = schema.articles, schema.stories
    _mark_pages(connection, (move.from_story, move.to_story))
    connection.execute(
        update(articles).where(articles.c.story_id == move.from_story).values(story_id=move.to_story)
    )
    gone = connection.execute(delete(stories).where(stories.c.id == move.from_story))
    if gone.rowcount != 1:
        raise StoreError(f"story {move.from_story} is gone and cannot be merged: run stories again")
    _forward_ranked(connection, move)
    _record(connection, move)


def split_story(connection: Connection, move: StoryMove, article_ids: Sequence[int]) -> None:
    """Put some articles of a story, with all that share a text with them, into another, which has its row."""
    articles, named = schema.articles, schema.articles.alias("named")
    _mark_pages(connection, (move.from_story, move.to_story))
    for some in in_batches(article_ids):
        texts = select(named.c.same_text).where(named.c.id.in_(some))
        here = articles.c.same_text.in_(texts) & (articles.c.story_id == move.from_story)
        connection.execute(update(articles).where(here).values(story_id=move.to_story))
    _record(connection, move)


def close_empty_stories(connection: Connection, moves: Sequence[StoryMove]) -> list[int]:
    """Let stories without articles lead to where these went; return the stories that still have some."""
    articles, stories = schema.articles, schema.stories
    ids = [move.from_story for move in moves]
    told = select(articles.c.story_id).where(articles.c.story_id.in_(ids)).distinct()
    alive = {story for story in connection.scalars(told) if story is not None}
    for move in moves:
        ended = delete(stories).where(stories.c.id == move.from_story)
        if move.from_story not in alive and connection.execute(ended).rowcount:
            _forward_ranked(connection, move)
            _record(connection, move)
    return sorted(alive)


def current_stories(connection: Connection, story_ids: Iterable[int]) -> dict[int, int]:
    """Return where each of these ids leads now: itself, or the story it was merged into, however often."""
    wanted = sorted(set(story_ids))
    table = schema.story_moves
    leads: dict[int, int] = {}
    waiting = set(wanted)
    while waiting:
        query = select(table.c.from_story, table.c.to_story).where(
            table.c.kind == MERGED, table.c.from_story.in_(sorted(waiting)[:TOGETHER])
        )
        asked = set(sorted(waiting)[:TOGETHER])
        found = {row.from_story: row.to_story for row in connection.execute(query)}
        leads |= found
        waiting = (waiting - asked) | (set(found.values()) - leads.keys())
    return {story_id: _end(story_id, leads) for story_id in wanted}


def story_moves(connection: Connection, story_id: int) -> list[StoryMove]:
    """Everything that was merged into a story, split off from it or into it, oldest first."""
    table = schema.story_moves
    touching = or_(table.c.from_story == story_id, table.c.to_story == story_id)
    names = [table.c[name] for name in StoryMove.__dataclass_fields__]
    query = select(*names).where(touching).order_by(table.c.id)
    return [StoryMove(**row._asdict()) for row in connection.execute(query)]


def save_reasons(connection: Connection, placed: Sequence[int], reasons: Sequence[StoryReason]) -> None:
    """Remember why these placed articles are where they are; what was known of them before is forgotten."""
    table = schema.story_reasons
    connection.execute(delete(table).where(table.c.article_id.in_(placed)))
    if reasons:
        names = list(StoryReason.__dataclass_fields__)
        rows = [{name: getattr(reason, name) for name in names} for reason in reasons]
        connection.execute(insert(table), rows)


def story_reason(connection: Connection, article_id: int) -> StoryReason | None:
    """Return why an article is where it is; ``None`` when nothing was like it, or it is a copy."""
    table = schema.story_reasons
    row = connection.execute(select(table).where(table.c.article_id == article_id)).first()
    return None if row is None else StoryReason(**row._asdict())


def prune_moves(connection: Connection, *, before: datetime) -> int:
    """Forget old moves into stories that are gone themselves; ids that still lead somewhere stay."""
    table, stories = schema.story_moves, schema.stories
    onward = select(table.c.from_story).where(table.c.kind == MERGED)
    dead = table.c.to_story.not_in(select(stories.c.id)) & table.c.to_story.not_in(onward)
    return connection.execute(delete(table).where(table.c.moved < before, dead)).rowcount


def _mark_pages(connection: Connection, story_ids: Sequence[int]) -> None:
    articles = schema.articles
    mark_stale(
        connection, connection.scalars(select(articles.c.id).where(articles.c.story_id.in_(story_ids)))
    )


def _forward_ranked(connection: Connection, move: StoryMove) -> None:
    """A stored list names the story that is left, once, until the list is computed again."""
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
