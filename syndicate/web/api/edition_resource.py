"""Editions: read, change, findings, mail; approval, hold, correction and tests."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from pydantic import Field
from starlette.responses import Response

from syndicate.errors import WrongFields, existing
from syndicate.jobs.admin.mailing.edition_actions import EditionActions
from syndicate.jobs.admin.mailing.edition_views import edition_view, leave_out
from syndicate.model import ContentStory
from syndicate.model.actors import Change
from syndicate.newsletter import edition_changes
from syndicate.newsletter.edition_form import form_of
from syndicate.store import Connection
from syndicate.store.access import api_lists, user_store
from syndicate.store.mail import archive_store
from syndicate.web.api.api_body import Given, Id, Line, Prose, RowId
from syndicate.web.api.api_call import ApiCall, Call, ListQuery, Shown, row_of, stored_as, vars_of
from syndicate.web.api.api_router import MATCHED, Resource

routes = Resource("editions")


class ShownItem(Shown):
    """Story of an edition; ``key`` names it when the edition is changed."""

    key: str
    story: Id = stored_as("story_id")
    headline: str = stored_as("title")
    summary: str
    note: str
    alt: str
    url: str
    source: str


class ShownEdition(Shown):
    """Edition of a newsletter; ``variant`` is ``edition`` for the main edition.

    ``note``, ``items`` and ``left_out`` are only in the answer for one edition.
    """

    id: Id
    newsletter: str
    variant: str = stored_as("variant_key")
    revision: int
    state: str
    subject: str
    stories: int
    period_start: datetime
    period_end: datetime
    cut_at: datetime
    approve_by: datetime | None
    url: str = stored_as("web_url")
    note: str | None = None
    items: list[ShownItem] | None = None
    left_out: list[ShownItem] | None = None


class ShownFinding(Shown):
    """Finding about an edition; an ``error`` stops its approval."""

    number: int
    severity: str
    text: str


class ChangedItem(Given):
    """Texts of a story to change; absent texts stay."""

    key: Line
    headline: Line | None = None
    summary: Line | None = None
    note: Prose | None = None
    alt: Line | None = None


class ChangedEdition(Given):
    """Changes of an edition. ``items`` are its stories in their new order: absent stories are left out.

    ``add`` are numbers of stories to add, or addresses of articles.
    """

    subject: Line | None = None
    note: Prose | None = None
    items: Annotated[tuple[ChangedItem, ...], Field(max_length=200)] | None = None
    add: Annotated[tuple[Line, ...], Field(max_length=20)] = ()


class GivenCorrection(Given):
    """Correction of a sent edition: its subscribers get a new revision with this text."""

    text: Prose


@routes.page("/editions", ShownEdition, public=True)
def list_editions(call: Call, paging: ListQuery, newsletter: str = "", state: str = "") -> Response:
    """List the editions, the last first; without a token the editions of the archive."""
    filters: dict[str, Any] = {"newsletter": newsletter, "state": state, "public": call.is_public}
    return call.page(api_lists.EDITIONS, paging, ShownEdition, **filters)


@routes.read("/editions/{edition_id}", ShownEdition, public=True)
def read_edition(call: Call, edition_id: RowId) -> Response:
    """Return an edition with its stories."""
    with call.store.snapshot() as connection:
        return call.show(shown_edition(connection, edition_id, public=call.is_public))


@routes.write("PATCH", "/editions/{edition_id}", "not-open", "lint-error", "stale", *MATCHED)
def change_edition(call: Call, edition_id: RowId, given: ChangedEdition) -> Response:
    """Change the subject, the note, and the texts and order of the stories of an open edition."""
    change, actions = _change(call, edition_id), call.jobs.editions
    reviewed, content = actions.review.edition(edition_id)
    form = form_of(content, reviewed.edition.subject)
    texts, order = dict(form.texts), form.order
    for item in given.items or ():
        named = {"headline": item.headline, "summary": item.summary, "own": item.note, "alt": item.alt}
        texts |= {f"{name}-{item.key}": text for name, text in named.items() if text is not None}
    edits = [actions.add(edition_id, name) for name in given.add]
    if given.items is not None:
        order = tuple(item.key for item in given.items)
        known = {story.key for story in (*content.stories, *content.left_out)}
        if unknown := [key for key in order if key not in known]:
            raise WrongFields({"items": f"There is no story with the key {unknown[0]}."})
        edits += [partial(leave_out, key=story.key) for story in content.stories if story.key not in order]
        back = [story.key for story in content.left_out if story.key in order]
        edits += [partial(edition_changes.bring_back, key=key) for key in back]
    for name in ("subject", "note"):
        if (text := getattr(given, name)) is not None:
            texts[name] = text
    form = replace(form, texts=texts, order=order)
    return call.done(actions.edit(change, edition_id, *edits, form=form))


@routes.page("/editions/{edition_id}/findings", ShownFinding)
def list_findings(call: Call, paging: ListQuery, edition_id: RowId) -> Response:
    """List what was noticed about an edition: errors, then warnings."""
    view = edition_view(_edition(call, edition_id).review, edition_id)
    texts = [("error", text) for text in view.errors] + [("warning", text) for text in view.warnings]
    findings = [
        ShownFinding(number=number, severity=kind, text=text) for number, (kind, text) in enumerate(texts, 1)
    ]
    return call.whole(findings, paging, lambda finding: f"{finding.number:06}")


@routes.document("/editions/{edition_id}/mail", "text/html", "text/plain")
def read_mail(call: Call, edition_id: RowId) -> Response:
    """Return the mail of an edition as it would be sent now: HTML, or plain text by `Accept: text/plain`."""
    mail = _edition(call, edition_id).previewer.stored(edition_id, call.now)
    return mail_answer(call, mail.html, mail.text)


@routes.write(
    "PUT",
    "/editions/{edition_id}/approval",
    "lint-error",
    "not-open",
    "stale",
    *MATCHED,
    scope="editions:send",
)
def approve_edition(call: Call, edition_id: RowId) -> Response:
    """Approve an edition. Its mails leave after `[admin] take_back`; DELETE takes the approval back."""
    change = _change(call, edition_id)
    return call.done(_edition(call, edition_id).approve(change, edition_id))


@routes.write("DELETE", "/editions/{edition_id}/approval", "mail-has-left", scope="editions:send")
def take_back_approval(call: Call, edition_id: RowId) -> Response:
    """Take an approval back while no mail has left; the edition is held."""
    return call.done(_edition(call, edition_id).undo_approval(call.change(), edition_id))


@routes.write("PUT", "/editions/{edition_id}/hold", "not-open", "stale", scope="editions:send")
def hold_edition(call: Call, edition_id: RowId) -> Response:
    """Remove the deadline of an edition: it waits for an approval."""
    return call.done(_edition(call, edition_id).hold(call.change(), edition_id))


@routes.write("PUT", "/editions/{edition_id}/withdrawal", "not-open", "stale", scope="editions:send")
def withdraw_edition(call: Call, edition_id: RowId) -> Response:
    """Withdraw an edition: it is never sent."""
    return call.done(_edition(call, edition_id).withdraw(call.change(), edition_id))


@routes.write(
    "PUT", "/editions/{edition_id}/correction", "not-sent", "corrected", status=201, scope="editions:send"
)
def correct_edition(call: Call, edition_id: RowId, given: GivenCorrection) -> Response:
    """Begin a correction of a sent edition: a new revision, which waits for its approval."""
    result = _edition(call, edition_id).correct(call.change(), edition_id, given.text)
    return call.done(result, status=201, location=f"/editions/{result.id}")


@routes.write("POST", "/editions/{edition_id}/tests", "mail-refused", key_required=True, status=202)
def send_test(call: Call, edition_id: RowId) -> Response:
    """Send an edition to the address of the token's owner; no delivery is recorded."""
    actions, change = _edition(call, edition_id), call.change()
    with call.store.read() as connection:
        owner = existing(user_store.find_user(connection, user_id=change.actor.user_id or 0), "such user")
    return call.done(actions.test(change, edition_id, owner.mail_address), status=202)


def shown_edition(connection: Connection, edition_id: int, *, public: bool | None = None) -> ShownEdition:
    """Return an edition as GET shows it. Raises ``NotFound``."""
    row = row_of(connection, api_lists.EDITIONS, "such edition", id=edition_id, public=public)
    _, content = archive_store.edition_contents(connection, [edition_id])[edition_id]
    # The public sees what the archive shows.
    left_out = [] if public else [*map(_item, content.left_out)]
    more = {"note": content.note, "items": [*map(_item, content.stories)], "left_out": left_out}
    return ShownEdition.model_validate(row | more)


def mail_answer(call: ApiCall, html: str, text: str) -> Response:
    """Return a mail as HTML that runs and loads nothing, or as plain text."""
    headers = {"Cache-Control": "no-store", "Vary": "Accept", "X-Content-Type-Options": "nosniff"}
    if call.request.headers.get("accept", "").startswith("text/plain"):
        return Response(text, 200, headers, "text/plain")
    policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
    return Response(html, 200, headers | {"Content-Security-Policy": policy}, "text/html")


def _edition(call: ApiCall, edition_id: int) -> EditionActions:
    """Return the actions on an edition that exists. Raises ``NotFound``."""
    with call.store.read() as connection:
        row_of(connection, api_lists.EDITIONS, "such edition", id=edition_id)
    actions: EditionActions = call.jobs.editions
    return actions


def _change(call: ApiCall, edition_id: int) -> Change:
    _edition(call, edition_id)
    return call.change(lambda connection: shown_edition(connection, edition_id))


def _item(story: ContentStory) -> ShownItem:
    more = {"key": story.key, "alt": story.image.alt if story.image else ""}
    return ShownItem.model_validate(vars_of(story) | more)
