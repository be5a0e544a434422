"""Decisions of editors about stories: a log to which lines are only added."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response

from syndicate.errors import WrongFields
from syndicate.model import EditorAction
from syndicate.store.access import api_lists
from syndicate.web.api.api_body import Given, Id, Line, RowId, Time
from syndicate.web.api.api_call import Call, ListQuery, Shown, stored_as
from syndicate.web.api.api_router import Resource

routes = Resource("decisions")


class ShownDecision(Shown):
    """Line of the log: ``value`` is a position, a factor, a headline or an article, by ``action``."""

    id: Id
    at: datetime = stored_as("recorded")
    who: str
    action: str
    article: str = stored_as("article_uid")
    value: str
    expires: datetime | None
    undoes: Id | None


class GivenDecision(Given):
    """Decision about the story of an article.

    ``pin`` takes the position as ``value``, ``retitle`` the headline, ``boost`` a factor. ``merge`` takes the
    ``articles`` whose stories become one story. ``split`` gives ``articles`` of a story a story of their
    own, or moves them to the story of the article ``value``.
    """

    action: Literal["pin", "drop", "retitle", "boost", "lead", "merge", "split"]
    article: Line = ""
    articles: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    value: Line = ""
    expires: Time | None = None


@routes.page("/decisions", ShownDecision, scope="articles:read")
def list_decisions(
    call: Call, paging: ListQuery, article: str = "", action: str = "", who: str = ""
) -> Response:
    """List the decisions, the last first."""
    return call.page(api_lists.DECISIONS, paging, ShownDecision, article=article, action=action, who=who)


_REGROUPING = ("not-found", "already-together", "nothing-stays", "no-story", "too-old")


@routes.write("POST", "/decisions", *_REGROUPING, status=201, scope="stories:write")
def add_decision(call: Call, given: GivenDecision) -> Response:
    """Pin, drop, retitle or boost a story, let an article lead it, merge stories, or split a story."""
    change, actions = call.change(), call.jobs.stories
    uids = [*given.articles, *([given.article] if given.article else [])]
    if not uids or (given.action not in ("merge", "split") and given.articles):
        raise WrongFields({"article": "Name the article, or for merge and split the articles."})
    if given.action == "merge":
        result = actions.merge(change, uids)
    elif given.action == "split":
        result = actions.split(change, uids, given.value)
    else:
        action = EditorAction(given.action)
        result = actions.decide(change, given.article, action, given.value, given.expires)
    return call.done(result, status=201, location=f"/decisions/{result.id}")


@routes.write("DELETE", "/decisions/{decision_id}", "not-in-force", scope="stories:write")
def undo_decision(call: Call, decision_id: RowId) -> Response:
    """Undo a decision: the log gets a further line."""
    return call.done(call.jobs.stories.undo(call.change(), decision_id))


@routes.read("/decisions/{decision_id}", ShownDecision, scope="articles:read")
def read_decision(call: Call, decision_id: RowId) -> Response:
    """Return a decision."""
    return call.one(api_lists.DECISIONS, ShownDecision, "such decision", id=decision_id)
