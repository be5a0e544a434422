"""Pages of stories, articles and decisions."""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlencode

from syndicate.errors import ActionRefused, NotFound, WrongFields
from syndicate.jobs.admin.stories.admin_story_views import TABS
from syndicate.jobs.admin.stories.story_actions import SCOPE
from syndicate.model import EditorAction
from syndicate.model.actors import ActionResult
from syndicate.store import Connection
from syndicate.store.ingest import article_store
from syndicate.text.phrases import plural
from syndicate.web.admin.admin_request import AdminRequest, Answer, Redirect, Show, form_status, read_number

# Validity of a decision in hours, by the name in the form.
PERIODS = {"": "until undone", "12": "12 hours", "24": "a day", "72": "three days", "168": "a week"}
_DECIDED = (EditorAction.RETITLE.value, EditorAction.PIN.value, EditorAction.BOOST.value)
_REGROUPED = {"merge": "Merge", "split": "Make a story of their own", "move": "Move to another story"}


def stories(request: AdminRequest) -> Answer:
    """Show a list of stories with the places by hour and the latest decisions."""
    tab = request.query.get("list", "top")
    return _list(request, tab if tab in TABS else "top", "/admin/stories")


def articles(request: AdminRequest) -> Answer:
    """Show the newest articles."""
    return _list(request, "articles", "/admin/articles")


def _list(request: AdminRequest, tab: str, path: str) -> Answer:
    views, query = request.jobs.story_views, request.query.get("q", "").strip()
    with request.jobs.store.snapshot() as connection:
        found = views.stories(
            connection, request.now, tab=tab, query=query, after=request.query.get("after", "")
        )
        is_top = tab in ("top", "trending") and not query
        figure = views.trending(connection, request.now) if is_top else None
        log = views.decisions(connection, request.now)[:4] if is_top else ()

    def address(name: str, **more: str) -> str:
        if name == "articles":
            values, below = more, "/admin/articles"
        else:
            values, below = {"list": name, **more}, "/admin/stories"
        given = {key: value for key, value in {"q": query, **values}.items() if value}
        return f"{below}?{urlencode(given)}" if given else below

    view = {
        "found": found,
        "path": path,
        "address": request.address,
        "tabs": [(address(name), text) for name, text in TABS.items()],
        "tab_address": address(tab),
        "next": address(tab, after=found.next) if found.next else "",
        "figure": figure,
        "log": log,
        "may_decide": request.may(SCOPE),
    }
    return Show("admin/stories/list.html", view, status=422 if found.wrong else 200)


def decisions(request: AdminRequest) -> Answer:
    """Show the editor's log."""
    below = read_number(request.query.get("below", ""))
    with request.jobs.store.snapshot() as connection:
        log = request.jobs.story_views.decisions(connection, request.now, below=below)
    view = {"log": log, "may_decide": request.may(SCOPE), "address": request.address}
    return Show("admin/stories/decisions.html", view)


def decide(request: AdminRequest) -> Answer:
    """Pin, drop or undo, by a button of a row or for the chosen stories; then show the list again."""
    name, uids = request.fields.get("do", ""), request.lists.get("uid", [])
    if name not in (EditorAction.PIN, EditorAction.DROP):
        message = _by_button(request, "").message
    elif not uids:
        raise ActionRefused("nothing-chosen", "Choose stories first.", status=422)
    else:
        texts = {uid: str(place) if name == EditorAction.PIN else "" for place, uid in enumerate(uids, 1)}
        request.jobs.stories.decide_several(request.change(), texts, EditorAction(name))
        done = "pinned in this order" if name == EditorAction.PIN else "dropped"
        message = f"{plural(len(uids), 'story')} {done}. Lists change within a minute."
    return Redirect(request.fields.get("back", "/admin/stories"), message)


def searches(request: AdminRequest) -> Answer:
    """Show the saved searches with their feeds (GET), add or end a search (POST)."""
    errors: dict[str, str] = {}
    if request.is_post:
        name, _, number = request.fields.get("do", "").partition("-")
        try:
            if name == "end":
                done = request.jobs.searches.end(request.change(), read_number(number) or 0)
            else:
                done = request.jobs.searches.add(request.change(), request.fields.get("query", ""))
            return Redirect("/admin/stories/searches", done.message)
        except WrongFields as wrong:
            errors = wrong.fields
    with request.jobs.store.snapshot() as connection:
        every = request.jobs.searches.list(connection)
    found = [(search, feed) for search, feed in every if search.subscription_id is None]
    view = {"searches": found, "errors": errors, "typed": request.fields}
    return Show("admin/stories/searches.html", view, status=422 if errors else 200)


def _by_button(request: AdminRequest, uid: str) -> ActionResult:
    """Perform the action of a button: ``undo-NUMBER``, ``pin-UID``, or ``pin`` for the article ``uid``."""
    name, _, named = request.fields.get("do", "").partition("-")
    actions, change = request.jobs.stories, request.change()
    if name == "undo":
        return actions.undo(change, read_number(named) or 0)
    if name == "allow" and uid:
        return actions.allow_page(change, uid)
    if name not in (EditorAction.PIN, EditorAction.DROP, EditorAction.LEAD):
        raise NotFound("There is no such action.")
    return actions.decide(change, named or uid, EditorAction(name))


def regroup(request: AdminRequest) -> Answer:
    """Show what a merge, a split or a move changes, or do it after ``confirmed``."""
    name, uids = request.fields.get("do", ""), request.lists.get("uid", [])
    if name == EditorAction.LEAD and len(uids) == 1:
        return Redirect(request.fields.get("back", ""), _by_button(request, uids[0]).message)
    if name not in _REGROUPED or not uids:
        raise ActionRefused("nothing-chosen", "Choose articles or stories first.", status=422)
    text, to = request.fields.get("to", "").strip(), ""
    views = request.jobs.story_views
    with request.jobs.store.snapshot() as connection:
        if text:
            target = article_store.find_article(connection, f"story:{text}" if text.isdecimal() else text)
            if target is None:
                raise ActionRefused("not-found", f"No story or article matches “{text}”.", status=422)
            to = target.uid
        preview = views.preview(connection, request.now, uids, to, merges=name == "merge")
    if "confirmed" in request.fields:
        actions, change = request.jobs.stories, request.change()
        both = [*uids, to] if to else uids
        done = actions.merge(change, both) if name == "merge" else actions.split(change, uids, to)
        return Redirect(f"/admin/stories/{preview['stories'][0].story.id}", done.message)
    if name == "move" and not to:
        raise ActionRefused("nothing-chosen", "Name the story that the articles move to.", status=422)
    view = {"preview": preview, "name": name, "title": _REGROUPED[name], "uids": uids, "to": to}
    return Show("admin/stories/regroup.html", view)


def story(request: AdminRequest) -> Answer:
    """Show a story (GET), or save its headline, place and boost (POST)."""

    def read(connection: Connection) -> tuple[object, str]:
        page = request.jobs.story_views.story(connection, request.now, request.path["number"])
        return page, page.row.lead.uid

    return _decided_page(request, "admin/stories/story.html", read)


def article(request: AdminRequest) -> Answer:
    """Show an article (GET), or save its headline (POST)."""

    def read(connection: Connection) -> tuple[object, str]:
        page = request.jobs.story_views.article(connection, request.now, request.path["uid"])
        return page, page.article.uid

    return _decided_page(request, "admin/stories/article.html", read)


def _decided_page(
    request: AdminRequest, template: str, read: Callable[[Connection], tuple[object, str]]
) -> Answer:
    """Show a page with a form for decisions; after a POST redirect to it, or show what was wrong.

    ``read`` returns the page and the uid of the article that the decisions name.
    """
    with request.jobs.store.snapshot() as connection:
        page, uid = read(connection)
    refused, typed = None, request.edited(name for name in _DECIDED if name in request.fields)
    if request.is_post:
        try:
            return Redirect(request.address, _save(request, uid, typed).message)
        except ActionRefused as error:
            refused = error
    status = form_status(refused)
    view = {
        "page": page,
        "errors": refused.fields if refused else {},
        "typed": {**typed, "for": request.fields.get("for", "")},
        "seen": {} if status == 409 else request.seen(typed),
        "periods": list(PERIODS.items()),
        "may_decide": request.may(SCOPE),
        "address": request.address,
    }
    return Show(template, view, status)


def _save(request: AdminRequest, uid: str, typed: dict[str, str]) -> ActionResult:
    if not request.may(SCOPE):
        raise NotFound("There is no such page.")
    if request.fields.get("do", "save") != "save":
        return _by_button(request, uid)
    return request.jobs.stories.save(request.change(), uid, typed, _expires(request), request.seen(typed))


def _expires(request: AdminRequest) -> datetime | None:
    hours = request.fields.get("for", "")
    return request.now + timedelta(hours=int(hours)) if hours and hours in PERIODS else None
