"""Pages of channels: list, editor with preview, rename, taking down and restoring."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from syndicate.errors import ActionRefused, WrongFields
from syndicate.jobs.admin.outgoing.channel_views import ChannelLine, ChannelPreview
from syndicate.model import Channel
from syndicate.plots import Figure, Series, stacked_columns
from syndicate.store import Connection
from syndicate.web.admin.admin_request import AdminRequest, Answer, Redirect, Show, form_status, read_number

_TEXTS = ("name", "title", "query", "limit", "language", "description", "post_to")
CLAUSES = ("section:", "tag:", "source:", "language:", "word:", "top", "trending", "-tag:")
"""Beginnings of clauses that buttons append to a query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelEditor:
    """Editor of a channel; ``line`` is ``None`` for a new channel.

    ``seen`` is what its form is filled with. ``missing`` are networks of the channel that the file lost.
    """

    values: Mapping[str, Any]
    preview: ChannelPreview
    line: ChannelLine | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    readers: Mapping[str, int] = field(default_factory=dict)
    clauses: tuple[str, ...] = CLAUSES
    by_day: Figure | None = None
    declared_at: str = ""
    seen: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def most(self) -> int:
        """Largest number of readers of a program."""
        return max(self.readers.values(), default=1)

    @property
    def marked(self) -> tuple[str, str]:
        """The query before and from the place of its mistake."""
        query, place = str(self.values.get("query", "")), self.preview.position or 0
        return query[:place], query[place:] or "(the end)"

    @property
    def block(self) -> str:
        """The values as a block of ``config.toml``."""
        lines = ["[[channels]]"]
        for name in _TEXTS:
            value = self.values.get(name)
            if value not in ("", None):
                lines.append(f"{name} = {_toml_value(name, value)}")
        return "\n".join(lines)


def channels(request: AdminRequest) -> Answer:
    """List the channels and the former names."""
    return Show("admin/outgoing/channels.html", request.jobs.channel_views.lines(request.now))


def channel(request: AdminRequest) -> Answer:
    """Show, try and save a channel, or forward its former name."""
    name = request.path["name"]
    line = request.jobs.channel_views.line(name, request.now)
    if line.channel is None:
        return Show("admin/outgoing/former_channel.html", line)
    entered, refused = _entered(request), None
    if request.is_post and request.fields.get("do") == "save":

        def shown(connection: Connection) -> dict[str, str]:
            return _saved(request.jobs.channels.stored(connection, name))

        try:
            change = request.edit("channel", name, entered, shown)
            result = request.jobs.channels.edit(change, name, _typed(entered))
            return Redirect(f"/admin/channels/{quote(name)}", result.message)
        except ActionRefused as error:
            refused = error
    return _editor(request, entered, refused, line)


def add_channel(request: AdminRequest) -> Answer:
    """Try and add a channel."""
    entered, refused = _entered(request), None
    if request.is_post and request.fields.get("do") == "save":
        try:
            result = request.jobs.channels.add(request.change(), _typed(entered))
            return Redirect(f"/admin/channels/{quote(result.id)}", result.message)
        except ActionRefused as error:
            refused = error
    return _editor(request, entered, refused, None)


def rename_channel(request: AdminRequest) -> Answer:
    """Rename a channel, or lead a former name to a channel."""
    name, new_name = request.path["name"], request.fields.get("new_name", "").strip()
    try:
        result = request.jobs.channels.rename(request.change(), name, new_name)
    except ActionRefused as error:
        if not error.fields:
            raise
        line = request.jobs.channel_views.line(name, request.now)
        if line.channel is None:
            raise
        return _editor(request, {}, WrongFields({"new_name": error.fields["name"]}), line)
    return Redirect(f"/admin/channels/{quote(result.id)}", result.message)


def remove_channel(request: AdminRequest) -> Answer:
    """Ask, then take a channel down."""
    name = request.path["name"]
    line = request.jobs.channel_views.line(name, request.now)
    if not request.is_post:
        return Show("admin/outgoing/remove_channel.html", line)
    result = request.jobs.channels.remove(request.change(), name)
    return Redirect(f"/admin/channels/{quote(name)}", result.message)


def restore_channel(request: AdminRequest) -> Answer:
    """Undo the taking down of a channel, or forget where a former name leads."""
    result = request.jobs.channels.restore(request.change(), request.path["name"])
    return Redirect("/admin/channels", result.message)


def _editor(
    request: AdminRequest, entered: Mapping[str, str], refused: ActionRefused | None, line: ChannelLine | None
) -> Answer:
    views, channel = request.jobs.channel_views, line.channel if line else None
    errors, status = refused.fields if refused else {}, form_status(refused)
    stored = _saved(channel) if channel else {**dict.fromkeys(_TEXTS, ""), "limit": "50"}
    seen = {} if status == 409 else request.seen(entered)
    values = {**stored, **entered}
    tried = {key: values[key] for key in ("query", "limit", "language")}
    saved = line.name if line else ""
    preview = views.preview(_typed(tried), request.now, saved)
    if preview.problem and "query" not in errors and request.is_post:
        errors = {**errors, "query": preview.problem}
    readers, days = views.readers(saved, request.now) if line else ({}, {})
    editor = ChannelEditor(
        values=values,
        preview=preview,
        line=line,
        errors=errors,
        readers=readers,
        by_day=_by_day(days, request.now) if days else None,
        declared_at=request.jobs.channels.places.get(saved, "config.toml"),
        seen={name: seen.get(name, stored[name]) for name in _TEXTS[1:]} if channel else {},
        missing=request.jobs.channels.missing(channel) if channel else (),
    )
    return Show("admin/outgoing/channel.html", editor, status if refused or not errors else 422)


def _saved(channel: Channel) -> dict[str, str]:
    return {**{key: str(getattr(channel, key)) for key in _TEXTS}, "post_to": ", ".join(channel.post_to)}


def _by_day(counts: Mapping[datetime, int], now: datetime) -> Figure:
    """Return the plot of the readers by day (UTC) in 30 days."""
    last = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [last - timedelta(days=back) for back in range(29, -1, -1)]
    found = [counts.get(day, 0) for day in days]
    finding = f"At least {max(found):,} on the best day, {found[-1]:,} so far today."
    labels = [f"{day:%-d %b}" for day in days]
    return stacked_columns("Readers by day, 30 days", finding, labels, [Series("readers", found)])


def _entered(request: AdminRequest) -> dict[str, str]:
    """Return what was typed; a button of a clause appends it to the query."""
    given = request.fields if request.is_post else request.query
    linked = {name: given[name].strip() for name in _TEXTS if name in given}
    found = request.edited(_TEXTS) if request.is_post else linked
    if clause := given.get("clause", ""):
        found["query"] = f"{given.get('query', '')} {clause}".strip()
    return found


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields as the action takes them: a limit of digits is a number, ``post_to`` a list."""
    limit, typed = read_number(str(values.get("limit", ""))), dict(values)
    if limit is not None:
        typed["limit"] = limit
    if "post_to" in values:
        typed["post_to"] = str(values["post_to"]).replace(",", " ").split()
    return typed


def _toml_value(name: str, value: object) -> str:
    """Return a value in TOML, which writes texts and lists as JSON does, but for the delete character."""
    shown = str(value).replace(",", " ").split() if name == "post_to" else str(value)
    return str(value) if name == "limit" else json.dumps(shown, ensure_ascii=False).replace("\x7f", "\\u007f")
