"""Channels: read, try a query, add, change, rename and take down; their articles."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from syndicate.errors import WrongFields, existing
from syndicate.model import Channel
from syndicate.store import Connection
from syndicate.store.output import added_channels
from syndicate.web.api.api_body import Given, Line, Whole
from syndicate.web.api.api_call import ApiCall, Call, ListQuery, Shown, vars_of
from syndicate.web.api.api_router import MATCHED, Resource
from syndicate.web.api.article_resource import ShownArticle, page_of_articles

routes = Resource("channels")


class ShownChannel(Shown):
    """Channel. ``origin`` is ``config`` for a channel of ``config.toml``, else ``added``.

    ``post_to`` are the networks on which its stories are posted; a public read shows none.
    """

    name: str
    title: str
    origin: str
    query: str
    limit: int
    language: str
    description: str
    post_to: list[str]
    feed: str


class ShownMove(Shown):
    """Former name of a channel: its addresses lead to ``channel``, or are gone if that is empty."""

    name: str
    channel: str
    at: datetime


class ShownPreview(Shown):
    """Articles that a query would hold. ``matches`` counts the articles of the last week."""

    matches: int
    items: list[dict[str, Any]]


class ChangedChannel(Given):
    """Fields of a channel to change; a new ``name`` renames it, and its old addresses lead to the new."""

    name: Line | None = None
    title: Line | None = None
    query: Line | None = None
    limit: Annotated[Whole, Field(ge=1, le=1000)] | None = None
    language: Line | None = None
    description: Line | None = None
    post_to: Annotated[tuple[Line, ...], Field(max_length=50)] | None = None


class GivenChannel(ChangedChannel):
    """Channel to add."""

    name: Line


@routes.page("/channels", ShownChannel, public=True)
def list_channels(call: Call, paging: ListQuery) -> Response:
    """List the channels by name."""
    channels = [_shown(call, channel) for channel in call.jobs.channel_views.channels]
    return call.whole(channels, paging, lambda channel: channel.name)


@routes.write("POST", "/channels", "name-taken", status=201)
def add_channel(call: Call, given: GivenChannel) -> Response:
    """Add a channel; the next publishing writes its feeds."""
    result = call.jobs.channels.add(call.change(), given.given())
    return call.done(result, status=201, location=f"/channels/{result.id}")


@routes.read("/channels/preview", ShownPreview)
def preview_channel(
    call: Call,
    query: Annotated[str, Query(max_length=1_000)] = "",
    limit: int = 50,
) -> Response:
    """Return the articles that a query would hold now, each with the clauses that match."""
    preview = call.jobs.channel_views.preview({"query": query, "limit": limit}, call.now)
    if preview.problem:
        raise WrongFields({"query": preview.problem})
    items = [
        {"id": item.article.uid, "title": item.article.title, "source": item.source, "clauses": item.clauses}
        for item in preview.items
    ]
    return call.show(ShownPreview(matches=preview.matches, items=items))


@routes.page("/channels/moves", ShownMove)
def list_moves(call: Call, paging: ListQuery) -> Response:
    """List the former names of channels."""
    with call.store.snapshot() as connection:
        moves = [*map(ShownMove.model_validate, added_channels.channel_moves(connection).values())]
    return call.whole(moves, paging, lambda move: move.name)


@routes.write("DELETE", "/channels/moves/{name}")
def restore_channel(call: Call, name: str) -> Response:
    """Restore a channel that was taken down, or let a former name lead nowhere."""
    return call.done(call.jobs.channels.restore(call.change(), name))


@routes.read("/channels/{name}", ShownChannel, public=True)
def read_channel(call: Call, name: str) -> Response:
    """Return a channel."""
    return call.show(_shown(call, _named(call, name)))


@routes.page("/channels/{name}/items", ShownArticle, public=True, scope="articles:read")
def list_items(call: Call, paging: ListQuery, name: str) -> Response:
    """List the articles that match a channel, first seen last first, without the limit of its feed."""
    return page_of_articles(call, paging, {}, _named(call, name).clauses)


@routes.write("PATCH", "/channels/{name}", "declared-in-config", "name-taken", *MATCHED)
def change_channel(call: Call, name: str, given: ChangedChannel) -> Response:
    """Change or rename a channel that was added."""
    change, values = _change(call, name), given.given()
    new_name = values.pop("name", None)
    if new_name is None:
        return call.done(call.jobs.channels.edit(change, name, values))
    if values:
        raise WrongFields({"name": "Rename the channel in a request of its own."})
    return call.done(call.jobs.channels.rename(change, name, new_name), location=f"/channels/{new_name}")


@routes.write("DELETE", "/channels/{name}", "declared-in-config", *MATCHED)
def remove_channel(call: Call, name: str) -> Response:
    """Take a channel down: its addresses answer 410. DELETE of `/channels/moves/{name}` restores it."""
    return call.done(call.jobs.channels.remove(_change(call, name), name))


def _change(call: ApiCall, name: str) -> Any:
    def current(connection: Connection) -> ShownChannel:
        return _shown(call, call.jobs.channels.stored(connection, name))

    return call.change(current)


def _named(call: ApiCall, name: str) -> Channel:
    channels: Iterable[Channel] = call.jobs.channel_views.channels
    return existing(next((channel for channel in channels if channel.name == name), None), "such channel")


def _shown(call: ApiCall, channel: Channel) -> ShownChannel:
    origin = "config" if channel.name in call.jobs.channel_views.declared else "added"
    feed = f"{call.options.site_url}/feeds/{channel.name}.json"
    post_to = channel.post_to if call.actor else ()
    facts = {"origin": origin, "feed": feed, "post_to": post_to}
    return ShownChannel.model_validate({**vars_of(channel), **facts})
