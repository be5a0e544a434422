"""Stories, their coverage, and the decisions of editors."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from starlette.responses import RedirectResponse, Response

from syndicate.errors import NotFound
from syndicate.store import Connection
from syndicate.store.access import api_lists
from syndicate.store.stories import ranked_lists, story_store
from syndicate.store.stories.story_moves import current_stories
from syndicate.web.api.api_body import Id, RowId, Time
from syndicate.web.api.api_call import ApiCall, Call, ListQuery, Shown, row_of, stored_as, vars_of
from syndicate.web.api.api_router import Resource

routes = Resource("stories")


class ShownStory(Shown):
    """Story. ``lead`` is the article that represents it; ``position`` and ``score`` are of a ranked list."""

    id: Id
    title: str
    lead: str = stored_as("lead_uid")
    language: str
    section: str
    sources: int = stored_as("coverage")
    articles: int
    created: datetime
    updated: datetime
    page: str | None
    position: int | None = None
    score: float | None = None


class ShownCoverage(Shown):
    """Number of distinct sources and of articles of a story at the time of each article."""

    at: datetime = stored_as("published")
    article: str = stored_as("uid")
    source: str = stored_as("source_name")
    title: str
    sources: int
    articles: int


@routes.page("/stories", ShownStory, public=True, scope="articles:read")
def list_stories(
    call: Call,
    paging: ListQuery,
    ranked: Annotated[Literal["", "top", "trending"], Query(alias="list")] = "",
    min_sources: RowId | None = None,
    updated_after: Time | None = None,
) -> Response:
    """List the stories, the newest first; with `updated_after` in the order of their last change."""
    if ranked:
        return call.whole(_ranked(call, ranked), paging, lambda story: f"{story.position:06}")
    listing = api_lists.STORIES_BY_CHANGE if updated_after else api_lists.STORIES
    filters: dict[str, Any] = {"sources": min_sources, "public": call.is_public}
    filters["updated_after"] = updated_after

    def shown(_: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [_story(row, call.options.site_url) for row in rows]

    return call.page(listing, paging, ShownStory, shown=shown, **filters)


@routes.read("/stories/{story_id}", ShownStory, public=True, scope="articles:read")
def read_story(call: Call, story_id: RowId) -> Response:
    """Return a story; a merged story redirects (308) to the story that has its articles."""
    with call.store.snapshot() as connection:
        chosen = api_lists.STORIES.matching({"id": story_id, "public": call.is_public})
        row = connection.execute(chosen).mappings().first()
        if row is None:
            target = current_stories(connection, [story_id])[story_id]
            if target == story_id:
                raise NotFound("There is no such story.")
            return RedirectResponse(f"{call.request.scope.get('root_path', '')}/stories/{target}", 308)
        return call.show(ShownStory.model_validate(_story(dict(row), call.options.site_url)))


@routes.page("/stories/{story_id}/coverage", ShownCoverage, public=True, scope="articles:read")
def list_coverage(call: Call, paging: ListQuery, story_id: RowId) -> Response:
    """List the articles of a story in the order of their publication, with the growth of its coverage."""
    with call.store.snapshot() as connection:
        row_of(connection, api_lists.STORIES, "such story", id=story_id, public=call.is_public)
        values = {"story": story_id, "public": call.is_public}
        ids = [row.row_id for row in connection.execute(api_lists.ARTICLES.matching(values).limit(2_000))]
        links = sorted(
            story_store.links_to(connection, ids, site_url="").values(),
            key=lambda link: (link.published, link.uid),
        )
        names: set[str] = set()
        steps = []
        for count, link in enumerate(links, start=1):
            names.add(link.source_name)
            facts = vars_of(link) | {"sources": len(names), "articles": count}
            steps.append(ShownCoverage.model_validate(facts))
        return call.whole(steps, paging, lambda step: f"{step.articles:06}")


def _ranked(call: ApiCall, name: Literal["top", "trending"]) -> list[ShownStory]:
    with call.store.snapshot() as connection:
        ranks = {rank.story_id: rank for rank in ranked_lists.ranked_stories(connection, name)}
        chosen = api_lists.STORIES.matching({"public": call.is_public, "any": [*ranks]})
        rows = [dict(row) for row in connection.execute(chosen).mappings()]
    facts = [{"position": rank.position, "score": rank.score} for rank in (ranks[row["id"]] for row in rows)]
    shown = [_story(row, call.options.site_url) | fact for row, fact in zip(rows, facts, strict=True)]
    return [*map(ShownStory.model_validate, shown)]


def _story(row: dict[str, Any], site_url: str) -> dict[str, Any]:
    page = f"{site_url}/{row['path']}" if row["path"] else None
    return row | {"page": page}
