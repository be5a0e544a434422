"""Newsletters: read, preview, add, change, pause; one-off issues."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from starlette.responses import Response

from syndicate.errors import existing
from syndicate.jobs.newsletter.issue_writer import IssueDraft
from syndicate.model import Newsletter
from syndicate.store import Connection
from syndicate.store.mail import newsletter_store
from syndicate.web.api.api_body import Flag, Given, Id, Line, Prose, Whole
from syndicate.web.api.api_call import ApiCall, Call, ListQuery, Shown, vars_of
from syndicate.web.api.api_router import MATCHED, Resource
from syndicate.web.api.edition_resource import mail_answer

routes = Resource("newsletters")


class ShownNewsletter(Shown):
    """Newsletter. ``origin`` is ``config`` for a newsletter of ``config.toml``, else ``added``.

    ``address`` is the postal address in its mail: its own, or that of ``[mail]``.
    """

    name: str
    title: str
    origin: str
    paused: bool
    schedule: str
    time_zone: str
    query: str
    stories: int
    trending: int
    language: str
    description: str
    approval: float
    images: str
    subject_name: bool
    intro: str
    footer: str
    address: str


class ShownState(ShownNewsletter):
    """Newsletter with its subscribers, its next edition, and the edition that waits for an approval."""

    subscribers: int
    next_edition: datetime | None
    waiting: Id | None
    problem: str


class ChangedNewsletter(Given):
    """Fields of a newsletter to change; absent fields stay. ``paused`` alone pauses or resumes any."""

    title: Line | None = None
    schedule: Line | None = None
    time_zone: Line | None = None
    query: Line | None = None
    stories: Annotated[Whole, Field(ge=1, le=100)] | None = None
    trending: Annotated[Whole, Field(ge=0, le=100)] | None = None
    language: Line | None = None
    description: Line | None = None
    approval: Line | None = None
    images: Line | None = None
    subject_name: Flag | None = None
    intro: Prose | None = None
    footer: Prose | None = None
    address: Line | None = None
    paused: Flag | None = None


class GivenNewsletter(ChangedNewsletter):
    """Newsletter to add; ``address`` is its own postal address, empty for that of the site."""

    name: Line
    schedule: Line


class GivenIssue(Given):
    """One-off issue in Markdown; a line ``{{ story 12 }}`` is a story. It waits for its approval."""

    subject: Line
    text: Prose
    segment: Line = ""
    public: Flag = False


@routes.page("/newsletters", ShownState)
def list_newsletters(call: Call, paging: ListQuery) -> Response:
    """List the newsletters by name."""
    lines = call.jobs.newsletter_views.lines(call.now)
    shown = [ShownState.model_validate(_facts(line.newsletter) | vars_of(line)) for line in lines]
    return call.whole(shown, paging, lambda newsletter: newsletter.name)


@routes.write("POST", "/newsletters", "name-taken", status=201)
def add_newsletter(call: Call, given: GivenNewsletter) -> Response:
    """Add a newsletter; its first edition is the next of its schedule."""
    result = call.jobs.newsletters.add(call.change(), given.given())
    return call.done(result, status=201, location=f"/newsletters/{result.id}")


@routes.read("/newsletters/{name}", ShownNewsletter)
def read_newsletter(call: Call, name: str) -> Response:
    """Return a newsletter."""
    with call.store.snapshot() as connection:
        return call.show(_shown(call, connection, name))


@routes.write("PATCH", "/newsletters/{name}", "declared-in-config", *MATCHED)
def change_newsletter(call: Call, name: str, given: ChangedNewsletter) -> Response:
    """Change a newsletter that was added, or pause or resume any."""
    change = call.change(lambda connection: _shown(call, connection, name))
    actions, values = call.jobs.newsletters, given.given()
    if values.keys() == {"paused"} and given.paused is not None:
        act = actions.pause if given.paused else actions.resume
        return call.done(act(change, name))
    return call.done(actions.edit(change, name, values))


@routes.write("DELETE", "/newsletters/{name}", "declared-in-config", "refused", *MATCHED)
def remove_newsletter(call: Call, name: str) -> Response:
    """Remove a newsletter that was added; its subscribers and editions stay."""
    change = call.change(lambda connection: _shown(call, connection, name))
    return call.done(call.jobs.newsletters.remove(change, name))


@routes.document("/newsletters/{name}/preview", "text/html", "text/plain")
def preview_newsletter(call: Call, name: str) -> Response:
    """Return the mail of the next edition: HTML, or plain text by `Accept: text/plain`."""
    mail = existing(call.jobs.newsletter_views.preview(name, call.now), "news for this newsletter")
    return mail_answer(call, mail.edition.html, mail.edition.text)


@routes.write("POST", "/newsletters/{name}/issues", scope="editions:write", key_required=True, status=201)
def write_issue(call: Call, name: str, given: GivenIssue) -> Response:
    """Write a one-off issue of a newsletter; it waits for its approval."""
    call.jobs.newsletter_views.find(name)
    draft = IssueDraft(newsletter=name, **given.model_dump())
    result = call.jobs.editions.write_issue(call.change(), draft)
    return call.done(result, status=201, location=f"/editions/{result.id}")


def _shown(call: ApiCall, connection: Connection, name: str) -> ShownNewsletter:
    paused = name in newsletter_store.paused_newsletters(connection)
    newsletter = call.jobs.newsletters.find(connection, name)
    origin = "config" if name in call.jobs.newsletters.declared else "added"
    return ShownNewsletter.model_validate(_facts(newsletter) | {"origin": origin, "paused": paused})


def _facts(newsletter: Newsletter) -> dict[str, Any]:
    return vars_of(newsletter) | {"address": newsletter.brand.postal_address}
