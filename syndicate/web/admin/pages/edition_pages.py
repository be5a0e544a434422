"""Pages of an edition: review in one form, approval, take-back, correction, and one-off issues."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from syndicate.errors import ActionRefused, ConfigError, NotFound, SyndicateError, WrongFields
from syndicate.jobs.admin.mailing.delivery_views import progress_of
from syndicate.jobs.admin.mailing.edition_views import Typed, edition_view, find_stories, press
from syndicate.jobs.newsletter.issue_writer import IssueDraft
from syndicate.model import EditionContent
from syndicate.newsletter.edition_form import EditionForm
from syndicate.newsletter.periods import read_zone
from syndicate.store.mail import edition_store
from syndicate.store.subscribers import audience_store, segment_store
from syndicate.web.admin.admin_request import AdminRequest, Answer, Download, MailFrame, Redirect, Show

_OPEN = edition_store.OPEN
_LATER = ("approve", "withdraw")


def edition(request: AdminRequest) -> Answer:
    """Show an edition (GET), or save its form and do what the button says (POST)."""
    if not request.is_post:
        return _show(request, Typed(words=request.query.get("words", "")))
    number, page = request.path["id"], f"/admin/editions/{request.path['id']}"
    order = request.lists.get("story", [])
    verb = request.fields.get("do", "").partition(":")[0]
    if verb == "hold" and not request.may("editions:send"):
        raise NotFound("There is no such button.")
    fields = request.fields if verb not in _LATER else {**request.fields, "do": "save"}
    try:
        result, key = press(request.jobs.editions, request.change(), number, fields, order)
        if verb == "test":
            request.jobs.editions.test(request.change("test"), number, request.viewer.address)
    except SyndicateError as error:
        return _refused(request, error, EditionForm.read(request.fields, order))
    if verb in _LATER:
        return Redirect(f"{page}/{verb}")
    said = f"Saved, and sent to {request.viewer.address}." if verb == "test" else result.message
    if verb == "find":
        return Redirect(f"{page}?words={quote(request.fields.get('words', ''))}#find-{number}")
    return Redirect(f"{page}#s-{key}" if key and verb != "add" else page, said)


def _refused(request: AdminRequest, error: SyndicateError, form: EditionForm) -> Answer:
    """Show the page with the typed texts: what was saved meanwhile stands beside them."""
    fields = error.fields if isinstance(error, WrongFields) else {}
    status = error.status if isinstance(error, ActionRefused) else 409
    if isinstance(error, ActionRefused) and error.problem == "not-found":
        raise error
    return _show(request, Typed(form=form, problems=fields), problem=str(error), status=status)


def _show(request: AdminRequest, typed: Typed, *, problem: str = "", status: int = 200) -> Answer:
    view = _page(request, typed, problem)
    return Show("admin/editions/edition.html", view, status)


def _page(request: AdminRequest, typed: Typed, problem: str = "") -> dict[str, Any]:
    """Return the page of an edition; ``goes_at`` is set while the approval can be taken back."""
    review = request.jobs.editions.review
    view = edition_view(review, request.path["id"], typed)
    reviewed = view.reviewed
    until = reviewed.approve_by if reviewed.state not in _OPEN else None
    newsletter = review.newsletter(reviewed.edition.newsletter)
    local = request.now.astimezone(request.jobs.options.zone)
    with request.jobs.store.snapshot() as connection:
        counts = audience_store.count_subscriptions_by_state(connection).get(newsletter.name, {})
        recipients = counts.get("confirmed", 0)
        if reviewed.edition.segment:
            try:
                clauses = review.segment(reviewed.edition.segment)
                recipients = segment_store.count_members(connection, clauses, request.now, newsletter.name)
            except ConfigError as error:
                recipients, problem = 0, problem or str(error)
        ids = [reviewed.edition.id] if reviewed.state not in _OPEN else []
        progress = next(iter(progress_of(connection, ids, local, request.jobs.mail_rate)), None)
    goes_at = until if until and until > request.now else None
    page = {"edition": view, "newsletter": newsletter, "recipients": recipients, "goes_at": goes_at}
    return {**page, "problem": problem, "progress": progress, "is_open": reviewed.state in _OPEN}


def edition_mail(request: AdminRequest) -> Answer:
    """Show the mail as it would be sent now; ``as=text`` shows its text, ``as=eml`` saves it."""
    try:
        found = request.jobs.editions.previewer.stored(request.path["id"], request.now)
    except SyndicateError as error:
        # An edition without contents, such as a discarded draft, has no mail.
        raise NotFound(str(error)) from error
    if request.query.get("as") == "text":
        return Show("admin/editions/text.html", found.text)
    if request.query.get("as") == "eml":
        return Download(f"edition-{request.path['id']}.eml", "message/rfc822", found.message)
    return MailFrame(found.html)


def approve(request: AdminRequest) -> Answer:
    """Show whom an approval reaches (GET), or approve (POST)."""
    number = request.path["id"]
    view = _page(request, Typed())
    if not view["is_open"]:
        return Redirect(f"/admin/editions/{number}")
    if not request.is_post:
        return Show("admin/editions/approve.html", view)
    try:
        result = request.jobs.editions.approve(
            request.change(), number, seen=request.fields.get("seen") or "none"
        )
    except SyndicateError as error:
        status = error.status if isinstance(error, ActionRefused) else 409
        return Show("admin/editions/approve.html", view | {"problem": str(error)}, status)
    return Redirect(f"/admin/editions/{number}", result.message)


def withdraw(request: AdminRequest) -> Answer:
    """Ask before an edition is never sent (GET), or withdraw it (POST)."""
    number = request.path["id"]
    if not request.is_post:
        return Show("admin/editions/withdraw.html", _page(request, Typed()))
    seen = request.fields.get("seen") or "none"
    result = request.jobs.editions.withdraw(request.change(), number, seen=seen)
    return Redirect(f"/admin/editions/{number}", result.message)


def take_back(request: AdminRequest) -> Answer:
    """Take an approval back."""
    result = request.jobs.editions.undo_approval(request.change(), request.path["id"])
    return Redirect(f"/admin/editions/{result.id}", result.message)


def correct(request: AdminRequest) -> Answer:
    """Begin the correction of a sent edition."""
    text = request.fields.get("text", "")
    try:
        result = request.jobs.editions.correct(request.change(), request.path["id"], text)
    except SyndicateError as error:
        return _show(request, Typed(), problem=str(error), status=422)
    return Redirect(f"/admin/editions/{result.id}", result.message)


def issue(request: AdminRequest) -> Answer:
    """Show the form of a one-off issue (GET), search stories, or write it (POST)."""
    fields, do = request.fields, request.fields.get("do", "")
    chosen = [name.partition("|")[::2] for name in request.lists.get("chosen", [])]
    if do.startswith("add:"):
        chosen.append(do.removeprefix("add:").partition("|")[::2])
    if do.startswith("leave:"):
        chosen = [pair for pair in chosen if pair[0] != do.removeprefix("leave:")]
    problems: dict[str, str] = {}
    if request.is_post and do == "write":
        try:
            draft = _draft(request, [name for name, _ in chosen])
            result = request.jobs.editions.write_issue(request.change(), draft)
            return Redirect(f"/admin/editions/{result.id}", result.message)
        except WrongFields as error:
            problems = dict(error.fields)
        except SyndicateError as error:
            problems = {"text": f"{str(error)[:1].upper()}{str(error)[1:]}"}
    jobs, words = request.jobs, fields.get("words", "").strip()
    results = find_stories(request.jobs.editions.review, EditionContent(stories=()), words) if words else ()
    view = {
        "options": [*jobs.newsletter_views.titles.items()],
        "segments": jobs.segments,
        "fields": fields if request.is_post else {"newsletter": request.query.get("newsletter", "")},
        "problems": problems,
        "results": results,
        "chosen": [*dict(chosen).items()],
    }
    return Show("admin/editions/issue.html", view, 422 if problems else 200)


def _draft(request: AdminRequest, stories: list[str]) -> IssueDraft:
    """Return the issue of a form: its text, then a block for each story that was picked."""
    fields, wrong = request.fields, dict[str, str]()
    known = {newsletter.name: newsletter for newsletter in request.jobs.newsletter_views.newsletters}
    newsletter = known.get(fields.get("newsletter", ""))
    if newsletter is None:
        wrong["newsletter"] = "Choose a newsletter."
    send_at = None
    if written := fields.get("at", "").strip():
        try:
            at = datetime.fromisoformat(written)
            zone = read_zone(newsletter.time_zone if newsletter else "UTC")
            send_at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
            if send_at <= request.now:
                wrong["at"] = "This moment is in the past."
        except ValueError:
            wrong["at"] = "Write a date and a time, such as 2026-12-01T18:00."
    subject, segment = fields.get("subject", "").strip(), fields.get("segment", "").strip()
    if not subject:
        wrong["subject"] = "The mail needs a subject."
    if wrong or newsletter is None:
        raise WrongFields(wrong)
    text = "\n\n".join((fields.get("text", ""), *(f"{{{{ story {name} }}}}" for name in stories)))
    # Front matter is for files; a form has fields of its own.
    text = f"\n{text}" if text.startswith("---") else text
    is_public = bool(fields.get("public"))
    return IssueDraft(
        newsletter=newsletter.name,
        text=text,
        subject=subject,
        segment=segment,
        public=is_public,
        send_at=send_at,
    )
