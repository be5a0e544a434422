"""Articles: read, add own articles, related articles, and the explanation of their place."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from syndicate.errors import ConfigError
from syndicate.jobs.publish.article_views import ArticleViews
from syndicate.jobs.stories.ranking_job import LISTS
from syndicate.model import Article, Clause, PublishedArticle
from syndicate.publish.channel_query import parse_query
from syndicate.store import Connection
from syndicate.store.access import api_lists
from syndicate.store.ingest import article_store, source_store
from syndicate.store.output import channel_store
from syndicate.store.stories import decision_store, ranked_lists, story_store
from syndicate.store.stories.story_moves import story_moves, story_reasons
from syndicate.text.markdown import markdown_html
from syndicate.web.api.api_body import Address, Given, Id, Line, Prose, RowId, Time
from syndicate.web.api.api_call import (
    ApiCall,
    Call,
    ListQuery,
    Paging,
    Shown,
    row_of,
    stored_as,
    vars_of,
    wrong_parameter,
)
from syndicate.web.api.api_router import Resource

routes = Resource("articles")


class ShownImage(Shown):
    """Image of an article."""

    url: str
    width: int | None
    height: int | None
    alt: str


class ShownArticle(Shown):
    """Article. ``html`` is bounded by the source's ``republish``, and only in the answer for one article.

    ``url`` leads readers to the publisher; ``page`` is the page on the site. ``published`` is ``null`` for
    an article without a date.
    """

    id: str
    title: str
    url: str
    page: str
    source: str
    summary: str
    section: str
    language: str
    tags: list[str]
    authors: list[str]
    image: ShownImage | None
    words: int
    published: datetime | None
    updated: datetime
    first_seen: datetime
    revised: datetime | None
    story: Id | None
    html: str | None = None


class ShownRelated(Shown):
    """Related article; ``parts`` are the summands of ``score``."""

    id: str = stored_as("uid")
    title: str
    url: str
    source: str = stored_as("source_name")
    language: str
    published: datetime
    score: float
    parts: Mapping[str, float]


class ShownExplanation(Shown):
    """Explanation of an article's place: its story, related articles, positions and decisions.

    ``joined`` says why the article joined its story: its similarity, the threshold, and the nearest article.
    ``ranks`` has the position, the score and its parts by list; ``moves`` are merges and splits of the story.
    """

    id: str
    story: Id | None
    joined: dict[str, Any] | None
    moves: list[dict[str, Any]]
    copies: list[str]
    related: list[ShownRelated]
    ranks: dict[str, dict[str, Any] | None]
    decisions: list[dict[str, Any]]


class GivenImage(Given):
    """Image of an own article."""

    url: Address
    alt: Line = ""


class GivenArticle(Given):
    """Own article. ``key`` names it inside its source: the same key edits the same article.

    The text is ``html``, or ``markdown``, or plain ``text``. Every text passes the limits and rules of feeds.
    """

    source: Line
    key: Annotated[Line, Field(min_length=1)]
    title: Line = ""
    url: Address = ""
    html: Prose = ""
    markdown: Prose = ""
    text: Prose = ""
    summary: Prose = ""
    authors: tuple[Line, ...] = ()
    tags: tuple[Line, ...] = ()
    language: Line = ""
    image: GivenImage | None = None
    published: Time | None = None
    updated: Time | None = None

    def item(self) -> dict[str, Any]:
        """Return the article as an item of a JSON Feed."""
        item: dict[str, Any] = {
            name: getattr(self, name) for name in ("title", "url", "summary", "tags", "language")
        }
        item |= {"id": self.key, "authors": [{"name": name} for name in self.authors]}
        item["content_html"] = self.html or markdown_html(self.markdown)
        item["content_text"] = self.text
        if self.image:
            item["image"] = self.image.url
        for name, at in (("date_published", self.published), ("date_modified", self.updated)):
            if at:
                item[name] = at.isoformat()
        return item


@routes.page("/articles", ShownArticle, public=True)
def list_articles(
    call: Call,
    paging: ListQuery,
    q: Annotated[str, Query(max_length=500, description="Query in the language of channels")] = "",
    source: str = "",
    section: str = "",
    language: str = "",
    story: RowId | None = None,
    updated_after: Time | None = None,
) -> Response:
    """List the articles, first seen last first."""
    filters: dict[str, object] = {"source": source, "section": section, "language": language}
    filters |= {"story": story, "updated_after": updated_after}
    try:
        clauses = parse_query(q) if q else ()
    except ConfigError as error:
        raise wrong_parameter("q", str(error)) from error
    return page_of_articles(call, paging, filters, clauses)


@routes.write(
    "POST", "/articles", "not-an-api-source", "not-found", "paused", "declared-in-config", status=201
)
def add_article(call: Call, given: GivenArticle) -> Response:
    """Add an own article, or edit the article with the same key."""
    result = call.jobs.articles.add(call.change(), given.source, given.item())
    status = 201 if result.facts["outcome"] == "added" else 200
    return call.done(result, status=status, location=f"/articles/{result.id}" if result.id else "")


@routes.read("/articles/{uid}", ShownArticle, public=True)
def read_article(call: Call, uid: str) -> Response:
    """Return an article with its text."""
    with call.store.snapshot() as connection:
        article = article_of(connection, call, uid)
        views = _views(connection, call, [article])
        (view,) = views.alone(connection, [article])
        shown = ShownArticle.model_validate(_article(view, call.options.site_url) | {"html": view.html})
        return call.show(shown)


@routes.page("/articles/{uid}/related", ShownRelated, public=True)
def list_related(call: Call, paging: ListQuery, uid: str) -> Response:
    """List the articles worth reading after an article, by title."""
    with call.store.snapshot() as connection:
        article = article_of(connection, call, uid)
        return call.whole(_related(connection, call, article), paging, lambda link: f"{link.title} {link.id}")


@routes.read("/articles/{uid}/explain", ShownExplanation)
def explain_article(call: Call, uid: str) -> Response:
    """Explain the place of an article: scores with their parts."""
    with call.store.snapshot() as connection:
        article = article_of(connection, call, uid)
        number = article.story_id or 0
        reason = story_reasons(connection, [article.id]).get(article.id)
        ranks: dict[str, dict[str, Any] | None] = {}
        for name in LISTS:
            ranked = ranked_lists.ranked_stories(connection, name)
            ranks[name] = next((_plain(rank) for rank in ranked if rank.story_id == number), None)
        shown = ShownExplanation(
            id=article.uid,
            story=article.story_id,
            joined=reason and _plain(reason),
            moves=[_plain(move) for move in story_moves(connection, number)],
            copies=[link.uid for link in story_store.same_text_links(connection, article, site_url="")]
            if article.same_text
            else [],
            related=_related(connection, call, article),
            ranks=ranks,
            decisions=[
                _plain(decision)
                for decision in decision_store.decisions(connection, at=call.now, article_uids=[article.uid])
            ],
        )
        return call.show(shown)


def page_of_articles(
    call: ApiCall, paging: Paging, filters: Mapping[str, object], clauses: Sequence[Clause]
) -> Response:
    """Return a page of the articles that meet filters and the clauses of a query."""

    def conditions(connection: Connection) -> Sequence[Any]:
        return channel_store.shown_articles(connection, clauses) if clauses else ()

    values = {**filters, "public": call.is_public}
    shown = partial(_shown, call)
    return call.page(api_lists.ARTICLES, paging, ShownArticle, conditions=conditions, shown=shown, **values)


def article_of(connection: Connection, call: ApiCall, uid: str) -> Article:
    """Return the article with a uid. A public read sees placed articles of public sources."""
    number = row_of(connection, api_lists.ARTICLES, "such article", uid=uid, public=call.is_public)["row_id"]
    return article_store.get_articles(connection, [number])[number]


def _views(connection: Connection, call: ApiCall, articles: Iterable[Article]) -> ArticleViews:
    sources = source_store.get_sources(connection, [article.source_id for article in articles])
    return ArticleViews(sources, call.options.site_url)


def _shown(call: ApiCall, connection: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ids = [row["row_id"] for row in rows]
    articles = article_store.get_articles(connection, ids)
    views = _views(connection, call, articles.values()).bare([articles[number] for number in ids])
    return [_article(view, call.options.site_url) for view in views]


def _article(view: PublishedArticle, site_url: str) -> dict[str, Any]:
    article = view.article
    facts = vars_of(article) | {"id": article.uid, "url": view.link, "source": view.source.name}
    facts |= {"page": f"{site_url}/{article.path}", "html": None, "story": article.story_id}
    # Without text, a source allows the title only.
    summary = "" if view.source.republish == "none" else article.summary
    return facts | {"published": article.published if article.dated else None, "summary": summary}


def _related(connection: Connection, call: ApiCall, article: Article) -> list[ShownRelated]:
    links = story_store.related_links(connection, [article.id], site_url=call.options.site_url)
    return [*map(ShownRelated.model_validate, links.get(article.id, ()))]


def _plain(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass, ids as texts."""
    fields = vars_of(value)
    ids = {name for name in fields if name == "id" or name.endswith(("_id", "_story", "undoes"))}
    return fields | {name: str(fields[name]) for name in ids if isinstance(fields[name], int)}
