"""Pages of newsletters: table, calendar, the next edition in six views, add and edit."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from syndicate.audience.mailbox_address import normalise_address
from syndicate.errors import ActionRefused, InvalidAddress, NotFound, SyndicateError
from syndicate.jobs.admin.outgoing.newsletter_reader import WEEKS, NewsletterLine
from syndicate.jobs.newsletter.edition_preview import PreviewedMail
from syndicate.model import Newsletter
from syndicate.newsletter.preview_views import as_source, in_the_dark, without_images
from syndicate.store import Connection
from syndicate.web.admin.admin_request import (
    AdminRequest,
    Answer,
    Download,
    MailFrame,
    Redirect,
    Show,
    form_status,
    read_number,
)

VIEWS = {
    "desktop": "Desktop",
    "phone": "Phone",
    "dark": "Dark",
    "plain": "Pictures off",
    "text": "Text",
    "source": "Source",
}
"""Views of a mail by their part of the address."""
GMAIL_LIMIT = 102 * 1024
"""Bytes of HTML after which Gmail clips a mail."""
_TEXTS = (
    *("name", "title", "schedule", "time_zone", "query", "language", "description", "images"),
    *("intro", "footer", "address"),
)
_NUMBERS = ("stories", "trending")
_FIELDS = (*_TEXTS, *_NUMBERS, "approval", "subject_name")
_DEFAULTS = dict.fromkeys((*_TEXTS, "subject_name"), "") | {
    "schedule": "daily 07:00", "stories": "10", "trending": "5", "images": "lead", "approval": "0"
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterPage:
    """Newsletter and its next mail in a view; ``problem`` is the error of its rendering.

    ``is_composed`` is false as long as the page stands without the mail, which takes longer than the page.
    """

    line: NewsletterLine
    view: str
    is_composed: bool
    mail: PreviewedMail | None = None
    problem: str = ""
    declared_at: str = ""
    views: Mapping[str, str] = field(default_factory=lambda: VIEWS)
    limit: int = GMAIL_LIMIT // 1024

    @property
    def size(self) -> int:
        """Size of the HTML part in kB, rounded up."""
        return -(-len(self.mail.html.encode()) // 1024) if self.mail else 0

    @property
    def source(self) -> str:
        """The text or the raw message, for the views that show them."""
        if self.mail is None:
            return ""
        return as_source(self.mail.message if self.view == "source" else self.mail.text.encode())


def newsletters(request: AdminRequest) -> Answer:
    """List the newsletters, with the calendar of four weeks."""
    views = request.jobs.newsletter_views
    return _listed(request, views.lines(request.now), views.unusable())


def calendar(request: AdminRequest) -> Answer:
    """Show four weeks of the calendar."""
    return _listed(request, ())


def newsletter(request: AdminRequest) -> Answer:
    """Show a newsletter, its next mail and the findings of lint."""
    views, name = request.jobs.newsletter_views, request.path["name"]
    (line,) = views.lines(request.now, name)
    view, mail, problem = request.query.get("view", "desktop"), None, ""
    is_composed = request.is_live or "view" in request.query
    try:
        mail = views.preview(name, request.now) if is_composed else None
    except SyndicateError as error:
        problem = str(error)
    view = view if view in VIEWS else "desktop"
    return Show(
        "admin/outgoing/newsletter.html",
        NewsletterPage(
            line=line,
            view=view,
            is_composed=is_composed,
            mail=mail,
            problem=problem,
            declared_at=request.jobs.newsletters.places.get(name, "config.toml"),
        ),
    )


def mail(request: AdminRequest) -> Answer:
    """Return the HTML of the next mail for the frame, in a view; ``eml`` saves the whole mail."""
    name = request.path["name"]
    found = request.jobs.newsletter_views.preview(name, request.now)
    if request.path["form"] == "eml" and found:
        return Download(f"{name}.eml", "message/rfc822", found.message)
    changed = {"dark": in_the_dark, "plain": without_images}.get(request.path["form"], str)
    return MailFrame(changed(found.html) if found else "")


def add_newsletter(request: AdminRequest) -> Answer:
    """Show the form of a new newsletter, or add it."""
    if not request.is_post:
        return _form(_DEFAULTS)
    entered = request.edited(_FIELDS)
    try:
        result = request.jobs.newsletters.add(request.change(), _typed(entered))
    except ActionRefused as error:
        return _form({**_DEFAULTS, **entered}, refused=error)
    return Redirect(f"/admin/newsletters/{quote(result.id)}?view=desktop", result.message)


def edit(request: AdminRequest) -> Answer:
    """Show the form of an added newsletter, or save it."""
    actions, name = request.jobs.newsletters, request.path["name"]

    def shown(connection: Connection) -> dict[str, str]:
        return _filled(*actions.stored(connection, name))

    entered, refused = request.edited(_FIELDS[1:]) if request.is_post else {}, None
    if request.is_post:
        try:
            change = request.edit("newsletter", name, entered, shown)
            result = actions.edit(change, name, _typed(entered))
            return Redirect(f"/admin/newsletters/{quote(name)}?view=desktop", result.message)
        except ActionRefused as error:
            refused = error
    with request.jobs.store.snapshot() as connection:
        stored = shown(connection)
    seen = {} if form_status(refused) == 409 else request.seen(entered)
    return _form({**stored, **entered}, name, {**stored, **seen}, refused)


def change(request: AdminRequest) -> Answer:
    """Pause, resume or remove a newsletter."""
    actions, name = request.jobs.newsletters, request.path["name"]
    work = {"pause": actions.pause, "resume": actions.resume, "remove": actions.remove}
    chosen = request.fields.get("do", "")
    if chosen not in work:
        raise NotFound("There is no such action.")
    return Redirect("/admin/newsletters", work[chosen](request.change(), name).message)


def send_test(request: AdminRequest) -> Answer:
    """Send the next mail to the user, or for an admin to another address."""
    name = request.path["name"]
    typed = request.fields.get("to", "").strip() or request.viewer.address
    try:
        recipient = normalise_address(typed).display
    except InvalidAddress as error:
        raise ActionRefused("wrong-fields", str(error), status=422) from error
    views = request.jobs.newsletter_views
    mail = views.previewer.next(views.find(name), request.now, recipient, sample=True)
    if mail is None:
        raise ActionRefused("no-edition", "There is no edition to send yet.")
    result = request.jobs.newsletters.send_test(request.change(), mail, recipient)
    return Redirect(f"/admin/newsletters/{quote(name)}?view=desktop", result.message)


def _listed(
    request: AdminRequest, lines: Sequence[NewsletterLine], unusable: Mapping[str, str] = {}
) -> Answer:
    views = request.jobs.newsletter_views
    today = request.now.astimezone(views.zone).date()
    first = today - timedelta(days=today.weekday(), weeks=WEEKS // 2)
    with suppress(ValueError):
        asked = date.fromisoformat(request.query.get("from", ""))
        first = asked - timedelta(days=asked.weekday()) if abs((asked - today).days) < 1000 else first
    step = timedelta(weeks=WEEKS)
    page = {"lines": lines, "days": views.calendar(first, request.now), "today": today}
    page |= {"before": first - step, "after": first + step, "unusable": unusable}
    return Show("admin/outgoing/newsletters.html", page)


def _filled(newsletter: Newsletter, own_address: str) -> dict[str, str]:
    """Return the texts that the form of a newsletter is filled with."""
    texts = {key: str(getattr(newsletter, key, "")) for key in (*_TEXTS[1:], *_NUMBERS)}
    ticked = "yes" if newsletter.subject_name else ""
    hours = f"{newsletter.approval / 3600:g}"
    return texts | {"address": own_address, "approval": hours, "subject_name": ticked}


def _typed(entered: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields as the actions take them."""
    values: dict[str, Any] = dict(entered)
    for key in values.keys() & {*_NUMBERS}:
        values[key] = entered[key] if (number := read_number(entered[key])) is None else number
    if "approval" in values:
        values["approval"] = f"{entered['approval'] or 0}h"
    if "subject_name" in values:
        values["subject_name"] = bool(entered["subject_name"])
    return values


def _form(
    texts: Mapping[str, str],
    name: str = "",
    seen: Mapping[str, str] = {},
    refused: ActionRefused | None = None,
) -> Answer:
    """Show the form of a newsletter; ``name`` is ``""`` for a new newsletter."""
    view = {"typed": texts, "name": name, "seen": seen, "errors": refused.fields if refused else {}}
    return Show("admin/outgoing/newsletter_form.html", view, form_status(refused))
