"""Stories, related links, and articles that wait for a place in a story."""

import json
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from sys import intern
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    union,
    update,
)

from syndicate.groups import grouped
from syndicate.model import Article, RelatedLink, ScoredLink, Story, StoryLinks, reader_link
from syndicate.store import schema
from syndicate.store.core.batches import in_batches, rows_with
from syndicate.store.core.column_types import from_microseconds, to_json, to_microseconds
from syndicate.store.core.compiled_sql import CompiledInsert, CompiledStatement
from syndicate.store.core.counts import count_rows
from syndicate.store.core.upsert import replacing
from syndicate.store.output.stale import STORY, mark_lists, mark_stale, mark_stories
from syndicate.store.stories.same_text import NEWEST_FIRST, first_of_text
from syndicate.text.names import tag_key
from syndicate.text.plain import plain_text

# The text must equal that of the partial index: otherwise SQLite does not use the index.
_UNPLACED = text("NOT articles.placed")
_BODIES = schema.article_bodies.c
_LINES = schema.source_lines.c
_LINKED = ("uid", "path", "published", "language", "direction", "same_text")
_COUNT = CompiledStatement(select(func.count()).select_from(schema.articles).where(_UNPLACED))
_PLACE = CompiledStatement(
    update(schema.articles)
    .where(schema.articles.c.id == bindparam("article"))
    .values(placed=True, story_id=bindparam("story"), same_text=bindparam("label"))
)
_PUT_TERMS = replacing(schema.article_terms)
_PUT_LINES = replacing(schema.source_lines)
_LED = (schema.stories.c.lead_id, schema.stories.c.id)
_ADD = CompiledInsert(lambda _dialect, rows: insert(schema.stories).values(rows).returning(*_LED))
_LINKS = schema.related.c
_LINKED_FROM = CompiledStatement(
    select(_LINKS.article_id, _LINKS.related_id, _LINKS.score, _LINKS.parts_json)
    .where(_LINKS.article_id.in_(bindparam("ids", expanding=True)))
    .order_by(_LINKS.article_id, _LINKS.position)
)
_UNLINK = CompiledStatement(delete(schema.related).where(_LINKS.article_id == bindparam("article")))
_LINK = CompiledStatement(insert(schema.related))
# Only needed columns: converting the others to dates and lists costs time.
_OF_WAITING = ("id", "source_id", "published", "title", "language", "story_id", "same_text")
_WAITING, _REQUEUED = (
    CompiledStatement(
        select(
            *(schema.articles.c[name] for name in (*_OF_WAITING, "read_more_json")), _BODIES.html, _LINES.seen
        )
        .join(schema.article_bodies, _BODIES.article_id == schema.articles.c.id)
        .outerjoin(schema.source_lines, _LINES.source_id == schema.articles.c.source_id)
        .where(condition)
        .order_by(schema.articles.c.published, schema.articles.c.id)
        .limit(bindparam("most"))
    )
    for condition in (_UNPLACED, schema.articles.c.id.in_(bindparam("ids", expanding=True)))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnplacedArticle:
    """Article that is new to the stories job or has changed since.

    ``seen_lines`` is what is remembered of the lines of its source, see ``stories.without_repeated``.
    """

    id: int
    source_id: int
    published: datetime
    title: str
    text: str
    language: str
    read_more: tuple[str, ...]
    story_id: int | None
    same_text: int | None
    seen_lines: bytes


class StoryArticleRow(NamedTuple):
    """Article of a story, with the facts for ranking and the choice of a lead."""

    story_id: int
    lead_id: int
    article_id: int
    source_id: int
    section: str
    words: int
    same_text: int
    weight: float
    has_image: bool
    published: datetime
    first_seen: datetime
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlePlacement:
    """Story, text label and packed terms of an article; without terms it is unknown to the story index."""

    article_id: int
    story_id: int
    same_text: int
    terms: bytes | None


def unplaced_articles(
    connection: Connection, limit: int, *, ids: Collection[int] | None = None
) -> list[UnplacedArticle]:
    """Return articles without a place, or the articles ``ids``, the oldest publication first."""
    most, found = {"most": limit}, []
    rows = _WAITING.rows(connection, most) if ids is None else _REQUEUED.rows_of(connection, ids, **most)
    for *values, listed, html, seen in rows:
        facts = dict(zip(_OF_WAITING, values, strict=True))
        facts |= {"published": from_microseconds(facts["published"]), "text": plain_text(html)}
        facts |= {"read_more": tuple(json.loads(listed)), "seen_lines": bytes(seen or b"")}
        found.append(UnplacedArticle(**facts))
    return sorted(found, key=attrgetter("published", "id"))


def count_unplaced(connection: Connection) -> int:
    """Return the number of articles without a place."""
    return int(_COUNT.rows(connection, {})[0][0])


def add_stories(connection: Connection, lead_ids: Sequence[int], now: datetime) -> list[int]:
    """Insert stories, each led by its first article; return their ids in order."""
    if not lead_ids:
        return []
    new = {"created": (at := to_microseconds(now)), "updated": at, "articles": 0, "coverage": 0}
    ids = dict(_ADD.execute(connection, [{"lead_id": lead_id, **new} for lead_id in lead_ids]))
    return [ids[lead_id] for lead_id in lead_ids]


def place_articles(
    connection: Connection, placed: Sequence[ArticlePlacement], lines: Iterable[tuple[int, bytes]] = ()
) -> None:
    """Store the stories and packed terms of articles, and what is remembered of the ``lines`` of sources."""
    terms = schema.article_terms
    labels = [
        {"article": placement.article_id, "story": placement.story_id, "label": placement.same_text}
        for placement in placed
    ]
    _PLACE.execute_many(connection, labels)
    if without := [place.article_id for place in placed if place.terms is None]:
        connection.execute(delete(terms).where(terms.c.article_id.in_(without)))
    rows = [
        {"article_id": placement.article_id, "terms": placement.terms}
        for placement in placed
        if placement.terms is not None
    ]
    _PUT_TERMS.execute_many(connection, rows)
    _PUT_LINES.execute_many(connection, [{"source_id": source_id, "seen": seen} for source_id, seen in lines])


def requeue_articles(connection: Connection, article_ids: Sequence[int]) -> None:
    """Queue articles for placing again; they keep their stories until then."""
    table = schema.articles
    for batch in in_batches(article_ids):
        connection.execute(update(table).where(table.c.id.in_(batch)).values(placed=False))


def save_related(connection: Connection, lists: Mapping[int, Sequence[ScoredLink]]) -> list[int]:
    """Replace articles' related links; mark and return the articles whose links changed."""
    before: dict[int, list[int]] = grouped(row[:2] for row in _LINKED_FROM.rows_of(connection, lists))
    after = {article_id: [row.article_id for row in rows] for article_id, rows in lists.items()}
    changed = [article_id for article_id in lists if before.get(article_id, []) != after[article_id]]
    _UNLINK.execute_many(connection, [{"article": number} for number in changed if number in before])
    values = [
        {"article_id": article_id, "position": position, "related_id": row.article_id}
        | {"score": row.score, "parts_json": to_json(dict(row.parts))}
        for article_id in changed
        for position, row in enumerate(lists[article_id])
    ]
    _LINK.execute_many(connection, values)
    mark_stale(connection, changed)
    return changed


def links_to_others(
    connection: Connection, article_ids: Collection[int], known: Container[int]
) -> dict[int, list[ScoredLink]]:
    """Return the stored links of each article to articles that are not ``known``, best first."""
    rows = _LINKED_FROM.rows_of(connection, article_ids)
    return grouped(
        (article, ScoredLink(article_id=number, score=score, parts=json.loads(parts)))
        for article, number, score, parts in rows
        if number not in known
    )


def linking_articles(connection: Connection, article_ids: Sequence[int]) -> set[int]:
    """Return the articles whose related links lead to any of these."""
    table = schema.related
    query = select(table.c.article_id).where(table.c.related_id.in_(article_ids)).distinct()
    return set(connection.scalars(query))


def remove_repeated_links(connection: Connection, article_ids: Sequence[int]) -> None:
    """Delete links to an article's own text or to an earlier link's text; mark the pages that show them."""
    table, own, other = schema.related, schema.articles.alias("own"), schema.articles.alias("other")
    query = (
        select(table.c.article_id, table.c.position, own.c.same_text.label("own"), other.c.same_text)
        .join(own, own.c.id == table.c.article_id)
        .join(other, other.c.id == table.c.related_id)
        .where(table.c.article_id.in_(article_ids))
        .order_by(table.c.article_id, table.c.position)
    )
    seen: set[tuple[int, int]] = set()
    repeated = list[dict[str, int]]()
    for row in connection.execute(query):
        text = (row.article_id, row.same_text)
        if row.same_text == row.own or text in seen:
            repeated.append({"article": row.article_id, "place": row.position})
        seen.add(text)
    here = (table.c.article_id == bindparam("article")) & (table.c.position == bindparam("place"))
    if repeated:
        connection.execute(delete(table).where(here), repeated)
    mark_stale(connection, [link["article"] for link in repeated])


def story_articles(
    connection: Connection,
    *,
    since: datetime | None = None,
    besides: Sequence[int] = (),
    ids: Collection[int] | None = None,
) -> list[StoryArticleRow]:
    """Return the articles of all stories, or of the stories with these ``ids``.

    ``since`` leaves out stories not updated since then, except the stories ``besides``.
    """
    values = {"since": 0 if since is None else to_microseconds(since), "besides": [*besides, 0]}
    if ids is None:
        return [_story_article(row) for row in MEMBERS.rows(connection, values)]
    return [_story_article(row) for row in MEMBERS_OF.rows_of(connection, ids, **values)]


def _story_article(row: tuple[Any, ...]) -> StoryArticleRow:
    *ids, section, words, label, weight, image, published, seen, tag = row
    at = from_microseconds(published), from_microseconds(seen)
    facts = intern(section), words, label, weight, bool(image)
    return StoryArticleRow._make((*ids, *facts, *at, intern(tag)))


def group_by_story(rows: Iterable[StoryArticleRow]) -> dict[int, list[StoryArticleRow]]:
    """Group articles by story id, in their order."""
    return grouped((row.story_id, row) for row in rows)


def save_stories(connection: Connection, stories: Sequence[Story]) -> None:
    """Store leads and counts of stories; mark changed stories' pages and, by coverage, their articles'."""
    before = {row[0]: row[1:] for row in COUNTS.rows_of(connection, [story.id for story in stories])}
    rows = [
        {name: getattr(story, name) for name in ("lead_id", "articles", "coverage")}
        | {"story": story.id, "updated": to_microseconds(story.updated)}
        for story in stories
    ]
    SAVING.execute_many(connection, rows)
    after = {story.id: (story.coverage, story.articles, story.lead_id) for story in stories}
    # The last value is the path of the story's page, "" without one.
    pages = [number for number, new in after.items() if before[number][-1] and before[number][:-1] != new]
    mark_lists(connection, (f"{STORY}{number}" for number in pages))
    mark_stories(connection, [story.id for story in stories if before[story.id][0] != story.coverage])


def get_stories(connection: Connection, ids: Iterable[int]) -> dict[int, Story]:
    """Return stories by id."""
    table = schema.stories
    query = rows_with(connection, select(table), table.c.id, sorted(set(ids)))
    return {row.id: Story(**row._asdict()) for row in query}


def count_stories(connection: Connection) -> tuple[int, int]:
    """Return the number of stories, and of stories told by at least two sources."""
    table = schema.stories
    return count_rows(connection, table), count_rows(connection, table, table.c.coverage > 1)


def related_links(
    connection: Connection, ids: Sequence[int], *, site_url: str
) -> dict[int, list[RelatedLink]]:
    """Return the stored "Read more" links of each article, best first."""
    table = schema.related
    query = (
        _link_query()
        .add_columns(table.c.article_id.label("of"), table.c.score, table.c.parts_json)
        .join(table, table.c.related_id == schema.articles.c.id)
        .where(table.c.article_id.in_(ids))
        .order_by(table.c.article_id, table.c.position)
    )
    rows = connection.execute(query).all()
    return grouped((row.of, _link(row, site_url, score=row.score, parts=row.parts_json)) for row in rows)


def links_to(connection: Connection, ids: Sequence[int], *, site_url: str) -> dict[int, RelatedLink]:
    """Return a link to each article, by article id."""
    rows = rows_with(connection, _link_query(), schema.articles.c.id, ids)
    return {row.id: _link(row, site_url) for row in rows}


def story_links(connection: Connection, story_ids: Sequence[int], *, site_url: str) -> dict[int, StoryLinks]:
    """Return the page and the links to all articles of each story with a page or several articles."""
    links: dict[int, StoryLinks] = {}
    found = connection.execute(_STORY_LINKS, {"ids": story_ids}).all()
    for story_id, (first, *others) in groupby(found, lambda row: row.story_id):
        reports = tuple(_link(row, site_url) for row in (first, *others))
        links[story_id] = StoryLinks(path=first.story_path, links=reports)
    return links


def same_text_links(connection: Connection, article: Article, *, site_url: str) -> list[RelatedLink]:
    """Return links to the other articles with an article's text, the first published first."""
    table = schema.articles
    query = _link_query().where(table.c.same_text == article.same_text, table.c.id != article.id)
    return [_link(row, site_url) for row in connection.execute(query.order_by(table.c.published, table.c.id))]


def section_articles(connection: Connection, section: str, *, limit: int) -> Sequence[int]:
    """Return the ids of the latest articles of a section, each text once."""
    of_section = first_of_text(lambda rows: [rows.c.section_key == tag_key(section)])
    query = select(schema.articles.c.id).where(*of_section).order_by(*NEWEST_FIRST).limit(limit)
    return connection.scalars(query).all()


def _link_query() -> Select[Any]:
    table, sources = schema.articles, schema.sources
    return select(
        *(table.c[name] for name in ("id", "url", *_LINKED)),
        func.coalesce(func.nullif(table.c.headline, ""), table.c.title).label("title"),
        sources.c.name.label("source_name"),
        sources.c.own,
    ).join(sources, sources.c.id == table.c.source_id)


def _link(
    row: Row[Any], site_url: str, *, score: float = 0.0, parts: Mapping[str, float] | None = None
) -> RelatedLink:
    url = reader_link(own=row.own, url=row.url, path=row.path, site_url=site_url)
    facts = {name: getattr(row, name) for name in (*_LINKED, "title", "source_name")}
    return RelatedLink(article_id=row.id, url=url, score=score, parts=parts or {}, **facts)


_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_ARTICLES, _LEADS, _STORIES = schema.articles.c, schema.story_leads.c, schema.stories.c
_LEADING = (_LEADS.story_id == _ARTICLES.story_id) & (_LEADS.article_id == _ARTICLES.id)
# Built once: lists of the site and their days each read few stories.
_STORY_LINKS = (
    _link_query()
    .add_columns(_ARTICLES.story_id, _STORIES.path.label("story_path"))
    .join(schema.stories, _STORIES.id == _ARTICLES.story_id)
    .outerjoin(schema.story_leads, _LEADING)
    .where(_ARTICLES.story_id.in_(_IDS), (_STORIES.articles > 1) | (_STORIES.path != ""))
    .order_by(_ARTICLES.story_id, _LEADS.story_id.is_(None), _ARTICLES.published, _ARTICLES.id)
)
_BESIDES: BindParameter[int] = bindparam("besides", expanding=True)
_MEMBERS_QUERY = (
    select(
        *(schema.articles.c.story_id, schema.stories.c.lead_id),
        *(schema.articles.c[name] for name in ("id", "source_id", "section", "words", "same_text")),
        (schema.sources.c.weight * schema.articles.c.boost).label("weight"),
        schema.articles.c.image_json.is_not(None),
        *(schema.articles.c[name] for name in ("published", "first_seen", "language")),
    )
    .join(schema.stories, schema.stories.c.id == schema.articles.c.story_id)
    .join(schema.sources, schema.sources.c.id == schema.articles.c.source_id)
    .order_by(schema.articles.c.story_id, schema.articles.c.published, schema.articles.c.id)
)
_MOVED, _NAMED = schema.stories.c.updated >= bindparam("since"), schema.stories.c.id.in_(_BESIDES)
# A union: SQLite reads the whole table for an OR of the two conditions.
_SINCE = union(*(select(schema.stories.c.id).where(condition) for condition in (_MOVED, _NAMED)))
MEMBERS = CompiledStatement(_MEMBERS_QUERY.where(schema.articles.c.story_id.in_(_SINCE)))
MEMBERS_OF = CompiledStatement(_MEMBERS_QUERY.where(_MOVED | _NAMED, schema.articles.c.story_id.in_(_IDS)))
_COUNTED = (schema.stories.c[name] for name in ("id", "coverage", "articles", "lead_id", "path"))
COUNTS = CompiledStatement(select(*_COUNTED).where(schema.stories.c.id.in_(_IDS)))
SAVING = CompiledStatement(
    update(schema.stories)
    .where(schema.stories.c.id == bindparam("story"))
    .values({name: bindparam(name) for name in ("lead_id", "articles", "coverage", "updated")})
)
