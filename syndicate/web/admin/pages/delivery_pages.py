"""Pages of deliveries: what is being sent, editions, uncertain and failed mail, bounces, providers."""

from syndicate.errors import ActionRefused, NotFound
from syndicate.jobs.admin.mailing import delivery_views
from syndicate.store.mail import delivery_figures, edition_figures, edition_store
from syndicate.web.admin.admin_request import AdminRequest, Answer, Redirect, Show, read_number

TABS = ("now", "editions", "uncertain", "failed", "bounces", "providers")
_PAGE = 25


def deliveries(request: AdminRequest) -> Answer:
    """Show a tab of deliveries; ``state=uncertain`` and ``state=failed`` name theirs, too."""
    tab = request.query.get("state") or request.query.get("tab") or "now"
    if tab not in TABS:
        raise NotFound("There is no such list of deliveries.")
    jobs, now = request.jobs, request.now
    with request.jobs.store.snapshot() as connection:
        content: object
        match tab:
            case "editions":
                reports = edition_store.report_editions(connection, limit=_PAGE, counted=False)
                figures = edition_figures.read_figures(connection, [item.edition.id for item in reports])
                content = [(report, figures[report.edition.id]) for report in reports]
            case "uncertain":
                content = delivery_views.uncertain(connection, jobs.mail_domain)
            case "failed":
                content = delivery_views.failed_groups(delivery_figures.failed_replies(connection))
            case "bounces":
                content = delivery_views.bounce_plots(connection, now)
            case "providers":
                content = jobs.providers.read(connection, now)
            case _:
                local = now.astimezone(request.jobs.options.zone)
                content = delivery_views.under_way(connection, local, jobs.mail_rate)
        counts = delivery_views.tabs(connection)
    return Show("admin/deliveries/list.html", {"tab": tab, "tabs": counts, "content": content})


def decide(request: AdminRequest) -> Answer:
    """Send the chosen deliveries or a group of failed deliveries again, or mark them as sent."""
    do, actions = request.fields.get("do", ""), request.jobs.deliveries
    page = "/admin/deliveries?state=" + ("uncertain" if do != "resend-group" else "failed")
    if do == "resend-group":
        with request.jobs.store.snapshot() as connection:
            failed = delivery_views.failed_groups(delivery_figures.failed_replies(connection))
        groups = {group.key: group.ids for group in failed}
        ids = groups.get(request.fields.get("group", ""), ())
    else:
        ids = tuple(number for text in request.lists.get("id", []) if (number := read_number(text)))
    if not ids:
        raise ActionRefused("nothing-chosen", "No delivery was chosen. Tick at least one.", status=422)
    act = actions.mark_sent if do == "mark-sent" else actions.resend
    return Redirect(page, act(request.change(), ids).message)


def pause(request: AdminRequest) -> Answer:
    """Pause sending of all mail, or of an edition."""
    reason = request.fields.get("reason", "")
    result = request.jobs.deliveries.pause(request.change(), reason, _edition(request))
    return Redirect("/admin/deliveries", result.message)


def resume(request: AdminRequest) -> Answer:
    """Resume sending of all mail, or of an edition."""
    result = request.jobs.deliveries.resume(request.change(), _edition(request))
    return Redirect("/admin/deliveries", result.message)


def _edition(request: AdminRequest) -> int:
    return read_number(request.fields.get("edition", "")) or 0
