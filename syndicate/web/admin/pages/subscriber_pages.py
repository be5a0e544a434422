"""Pages of subscribers: list, add, import, export, and the record of a subscriber."""

import json
from typing import Any

from syndicate.audience.importing.list_rows import ImportChoices
from syndicate.errors import ActionRefused, NotFound, SyndicateError, WrongFields, existing
from syndicate.jobs.admin.mailing import subscriber_views
from syndicate.jobs.admin.mailing.subscriber_actions import NewSubscriber
from syndicate.jobs.admin.mailing.subscriber_views import MOST_REFUSED
from syndicate.store.subscribers import audience_store, subscriber_rows
from syndicate.store.subscribers.subscriber_rows import SubscriberFilter
from syndicate.web.admin.admin_request import AdminRequest, Answer, Download, Redirect, Show, read_time

LIST = "/admin/subscribers"
MAX_CSV = 20 * 1024 * 1024
READ = "subscribers:read"


def subscribers(request: AdminRequest) -> Answer:
    """Show the list; editors see numbers only."""
    query, zone = request.query, request.jobs.options.zone
    chosen = SubscriberFilter(
        words=query.get("words", ""),
        newsletter=query.get("newsletter", ""),
        state=query.get("state", ""),
        since=read_time(query.get("since", ""), zone),
    )
    with request.jobs.store.snapshot() as connection:
        if not request.may(READ):
            confirmed = subscriber_rows.confirmed_by_newsletter(connection)
            days = subscriber_rows.changes_by_day(connection, request.now, zone, {})
            growth = subscriber_views.SubscriberGrowth(confirmed, days)
            return Show("admin/subscribers/numbers.html", growth)
        view = subscriber_views.subscriber_list(connection, chosen, query.get("after", ""), request.now, zone)
    return Show("admin/subscribers/list.html", {"list": view})


def add(request: AdminRequest) -> Answer:
    """Add a subscriber."""
    fields = request.fields
    if not request.is_post:
        return Show("admin/subscribers/add.html", _form(request))
    new = NewSubscriber(
        **{name: fields.get(name, "") for name in ("address", "newsletter", "agreed", "name", "language")},
        has_agreed=fields.get("has_agreed") == "yes",
    )
    try:
        result = request.jobs.subscribers.add(request.change(), new)
    except WrongFields as error:
        return Show("admin/subscribers/add.html", _form(request, problems=error.fields), 422)
    except ActionRefused as error:
        return Show("admin/subscribers/add.html", _form(request, problem=str(error)), error.status)
    return Redirect(f"{LIST}/{result.id}" if result.id else LIST, result.message)


def import_file(request: AdminRequest) -> Answer:
    """Take the file of an import."""
    if not request.is_post:
        return Show("admin/subscribers/import.html", _form(request))
    upload = request.files.get("file")
    problem = ""
    if upload is None or not upload.body:
        problem = "Choose a file."
    elif len(upload.body) > MAX_CSV:
        problem = "The file has more than 20 MB. Import it in parts, or with `syndicate subscribers import`."
    if problem or upload is None:
        return Show("admin/subscribers/import.html", _form(request, problems={"file": problem}), 422)
    key = request.jobs.held_files.hold(request.session.id_hash, upload.name, upload.body)
    return Redirect(f"{LIST}/import/{key}")


def import_plan(request: AdminRequest) -> Answer:
    """Show what an import would do (GET and POST), give its report, or import."""
    jobs, session, fields = request.jobs, request.session.id_hash, request.fields
    found = jobs.held_files.read(session, request.path["key"], request.now)
    if found is None:
        return Redirect(
            f"{LIST}/import", "The file is no longer here: it is kept for an hour. Choose it again."
        )
    names = tuple(jobs.newsletter_views.titles)
    meanings = {name.removeprefix("is-"): text for name, text in fields.items() if name.startswith("is-")}
    known = subscriber_views.column_meanings([declared.name for declared in jobs.subscriber_fields])
    choices = ImportChoices(
        newsletter=fields.get("newsletter") or next(iter(names), ""),
        newsletters=names,
        meanings={name: text for name, text in meanings.items() if text in known},
        fields=jobs.subscriber_fields,
    )
    do = fields.get("do", "")
    try:
        plan = subscriber_views.read_import(request.jobs.store, *found, choices, request.now)
        if do == "report":
            return Download("not-imported.csv", "text/csv; charset=utf-8", plan.report)
        if do == "import":
            agreed, ask = fields.get("agreed", ""), fields.get("ask") != "no"
            result = request.jobs.subscribers.import_list(request.change(), plan.rows, agreed, ask=ask)
            jobs.held_files.delete(session, request.path["key"])
            return Redirect(LIST, result.message)
    except WrongFields as error:
        view = _form(request, problems=error.fields, plan=plan, meanings=known)
        return Show("admin/subscribers/import_plan.html", view, 422)
    except SyndicateError as error:
        return Show("admin/subscribers/import.html", _form(request, problem=str(error)), 422)
    return Show("admin/subscribers/import_plan.html", _form(request, plan=plan, meanings=known))


def export(request: AdminRequest) -> Answer:
    """Give out the list as CSV; the audit log keeps the number of rows."""
    with request.jobs.store.snapshot() as connection:
        newsletter = request.fields.get("newsletter") or None
        listed = audience_store.list_subscribers(connection, newsletter=newsletter)
        body, rows = subscriber_views.subscriber_csv(connection, listed)
    request.jobs.subscribers.export(request.change(), rows)
    return Download("subscribers.csv", "text/csv; charset=utf-8", body)


def subscriber(request: AdminRequest) -> Answer:
    """Show the record of a subscriber; the look is audited."""
    number = request.path["id"]
    request.jobs.subscribers.look(request.change(), number)
    with request.jobs.store.snapshot() as connection:
        view = subscriber_views.subscriber_record(connection, number)
    return Show("admin/subscribers/record.html", view)


def act(request: AdminRequest) -> Answer:
    """Do what a button of a record says."""
    number, actions, change = request.path["id"], request.jobs.subscribers, request.change()
    page, fields = f"{LIST}/{number}", request.fields
    match fields.get("do", ""):
        case "end":
            result = actions.end(change, number, fields.get("newsletter", ""))
        case "choices":
            result = actions.mail_choices(change, number)
        case "stop":
            result = actions.stop_mail(change, number)
        case "unsuppress":
            result = actions.unsuppress(change, number, fields.get("reason", ""))
        case _:
            raise NotFound("There is no such button.")
    return Redirect(page, result.message)


def data(request: AdminRequest) -> Answer:
    """Give out everything that is stored about a subscriber."""
    found = request.jobs.subscribers.export_data(request.change(), request.path["id"])
    body = json.dumps(found, ensure_ascii=False, indent=2, default=str) + "\n"
    return Download("subscriber.json", "application/json", body.encode())


def confirm(request: AdminRequest) -> Answer:
    """Ask before all mail stops, or before a subscriber is erased."""
    what = request.path["what"]
    if what not in ("stop", "erase"):
        raise NotFound("There is no such page.")
    with request.jobs.store.snapshot() as connection:
        row = existing(subscriber_rows.subscriber_row(connection, request.path["id"]), "such subscriber")
    return Show("admin/subscribers/confirm.html", {"row": row, "what": what})


def erase(request: AdminRequest) -> Answer:
    """Erase a subscriber."""
    return Redirect(LIST, request.jobs.subscribers.erase(request.change(), request.path["id"]).message)


def _form(request: AdminRequest, **facts: Any) -> dict[str, Any]:
    """Return the variables of a form with the typed texts, and the ``problems`` by field."""
    options = [*request.jobs.newsletter_views.titles.items()]
    form = {"options": options, "fields": request.fields, "shown": MOST_REFUSED}
    return {"problems": {}, "problem": "", "plan": None, "meanings": {}, **form, **facts}
