"""Application of the operator's pages: guards each request, calls its page in a thread, renders."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from hashlib import sha256
from string import punctuation
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from syndicate.access.random_keys import new_key
from syndicate.audience.networks import network_of
from syndicate.errors import ActionRefused, NotAllowed, NotFound, StoreError, SyndicateError
from syndicate.jobs.admin.access.sign_in import DAY, Client, KeptForm, SignedIn
from syndicate.model.actors import ROLES
from syndicate.services.admin_jobs import AdminJobs
from syndicate.templating import Templates
from syndicate.web.admin import request_guard
from syndicate.web.admin.admin_forms import Form, read_form
from syndicate.web.admin.admin_request import (
    PUBLIC,
    AdminRequest,
    AdminRoute,
    Answer,
    Download,
    MailFrame,
    Redirect,
    Show,
)
from syndicate.web.admin.admin_routes import ADMIN_ROUTES
from syndicate.web.admin.menu import menu_of
from syndicate.web.admin.table_csv import MEDIA_TYPE, table_csv

log = logging.getLogger("syndicate.web")

ASSETS = {
    "admin.css": "text/css",
    **dict.fromkeys(("live.js", "guard.js", "order.js"), "text/javascript"),
}
"""Style sheet and scripts with their media types."""
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_MAIL_POLICY = (
    "default-src 'none'; img-src * data:; style-src 'unsafe-inline'; sandbox; base-uri 'none'; "
    "frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
_COOKIE, _STAY_SECONDS, _FORM_SECONDS = "syndicate", 14 * 86400, 15 * 60
_IDS = 2**63
# Addresses for a user who has to set up a second step first.
_OPEN = ("/admin/account", "/admin/confirm", "/admin/again/", "/admin/sign-out")


def create_admin_app(
    jobs: AdminJobs, templates: Templates, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Starlette:
    """Return the application for all addresses below ``/admin``."""
    admin = _Admin(jobs, templates, clock)
    routes = [
        Route(f"/admin{route.path}", admin.endpoint(route), methods=[*route.methods])
        for route in ADMIN_ROUTES
    ]
    home = [Route(path, admin.to_overview) for path in ("/", "/admin")]
    assets = Route("/admin/assets/{version}/{name}", admin.asset)
    errors = dict.fromkeys((HTTPException, SyndicateError, Exception), admin.failed)
    return Starlette(routes=[assets, *home, *routes], exception_handlers=errors)


@dataclass
class _Admin:
    """Handlers of the application."""

    jobs: AdminJobs
    templates: Templates
    clock: Callable[[], datetime]

    def endpoint(self, route: AdminRoute) -> Callable[[Request], Awaitable[Response]]:
        """Return the handler of a route."""

        async def respond(request: Request) -> Response:
            if not request_guard.is_own_host(request.headers.get("host", ""), self.jobs.options):
                raise HTTPException(421)
            if "\0" in request.scope["path"] or b"%00" in request.scope["query_string"]:
                raise HTTPException(400)
            if any(isinstance(value, int) and value >= _IDS for value in request.path_params.values()):
                raise HTTPException(404)
            signed_in = await run_in_threadpool(self._look, request)
            form = Form()
            if request.method == "POST":
                form = await read_form(request, is_user=signed_in is not None)
            return await run_in_threadpool(self._answer, route, request, signed_in, form)

        return respond

    async def to_overview(self, _: Request) -> Response:
        """Redirect to the first page."""
        return Response(status_code=302, headers={**HEADERS, "Location": "/admin/"})

    async def asset(self, request: Request) -> Response:
        """Respond with the style sheet or a script; the address changes with the contents."""
        name = request.path_params["name"]
        if name not in ASSETS:
            raise HTTPException(404)
        body = await run_in_threadpool(self.templates.read, f"admin/{name}")
        headers = {**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
        return Response(body, 200, headers, ASSETS[name])

    async def failed(self, request: Request, error: Exception) -> Response:
        """Respond with the page of an error that no page handled."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        if isinstance(error, StoreError):
            status = 503
        if isinstance(error, SyndicateError):
            log.warning("%s", error)
        return await run_in_threadpool(self._problem, request, status)

    @cached_property
    def _version(self) -> str:
        """Hash of the assets, part of their addresses."""
        return sha256(b"".join(self.templates.read(f"admin/{name}") for name in ASSETS)).hexdigest()[:12]

    def _look(self, request: Request) -> SignedIn | None:
        session_id = request.cookies.get(self._cookie(request), "")
        found = self.jobs.sign_in.look(session_id, self.clock())
        peer = request.client.host if request.client else ""
        name = request_guard.header_user(request.headers, peer, self.jobs.options).casefold()
        # The browser of a person whom the proxy has signed in may keep the cookie of the person before.
        return None if found and name and name != found.user.address_key else found

    def _answer(
        self, route: AdminRoute, request: Request, signed_in: SignedIn | None, form: Form
    ) -> Response:
        asked = self._request(request, signed_in, form)
        try:
            answer = self._refused(route, asked, request) or route.page(asked)
        except ActionRefused as error:
            # Forbidden and unknown are one answer: it says nothing about what exists.
            answer = _problem_page(404 if isinstance(error, NotAllowed) else error.status, str(error))
        except StoreError as error:
            if not asked.is_post or "password" in form.lists:
                raise
            log.warning("%s", error)
            typed = {name: values for name, values in form.lists.items() if name not in ("csrf", "key")}
            view_again = KeptForm(address=asked.address, lists=typed, reason="the store was busy.")
            answer = Show("admin/access/again.html", view_again, 503)
        return self._respond(answer, request, signed_in)

    def _refused(self, route: AdminRoute, asked: AdminRequest, request: Request) -> Answer | None:
        """Return the answer to a request that the page may not see now, or ``None``."""
        signed_in, sign_in = asked.signed_in, self.jobs.sign_in
        if asked.is_post:
            if not request_guard.is_same_origin(request.headers):
                raise ActionRefused("other-site", "The form came from another site.", status=403)
            if signed_in:
                sign_in.count_form(signed_in.session, asked.now)
                if not request_guard.is_token_of(asked.fields.get("csrf", ""), signed_in.session.csrf):
                    text = "The form belongs to a session that has ended. Open the page again."
                    raise ActionRefused("old-form", text, status=403)
        if route.scope == PUBLIC:
            return None
        if signed_in is None:
            return self._entered(asked, request) or _wait_for(asked, "/admin/sign-in")
        # A proxy that signs users in has asked for password and code itself.
        by_proxy = request_guard.header_user(request.headers, asked.peer, self.jobs.options)
        if signed_in.needs_second_step and not by_proxy and not asked.address.startswith(_OPEN):
            return Redirect("/admin/account/second-step", "Set up the second step first.")
        if route.scope and not asked.may(route.scope):
            raise NotFound(_TEXTS[404])
        if asked.method in route.fresh and not by_proxy and not signed_in.is_fresh(asked.now):
            return _wait_for(asked, "/admin/confirm")
        return None

    def _entered(self, asked: AdminRequest, request: Request) -> Answer | None:
        """Return the answer to a user whom a trusted proxy names, or of a site without users."""
        if name := request_guard.header_user(request.headers, asked.peer, self.jobs.options):
            if session_id := self.jobs.sign_in.enter_by_header(name, asked.client, asked.now):
                address = "/admin/" if asked.is_post else asked.address
                return Redirect(address, session_id=session_id)
            raise NotFound("The proxy signed in a user who is not a user here.")
        if not self.jobs.sign_in.has_users():
            return Show("admin/access/no_users.html", None, 403)
        return None

    def _request(self, request: Request, signed_in: SignedIn | None, form: Form) -> AdminRequest:
        query = f"?{request.url.query}" if request.url.query else ""
        peer = request.client.host if request.client else ""
        network = network_of(peer, request.headers.get("x-forwarded-for", ""))
        return AdminRequest(
            jobs=self.jobs,
            now=self.clock(),
            method=request.method,
            address=request.url.path + query,
            path=request.path_params,
            query=dict(request.query_params),
            fields={name: values[0] for name, values in form.lists.items()},
            lists=form.lists,
            files=form.files,
            signed_in=signed_in,
            peer=peer,
            client=Client(browser=_browser(request.headers.get("user-agent", "")), network=network),
            browser_key=request.cookies.get(f"{self._cookie(request)}-form", ""),
            is_live="x-live" in request.headers,
        )

    def _respond(self, answer: Answer, request: Request, signed_in: SignedIn | None) -> Response:
        if isinstance(answer, Redirect):
            return self._redirect(answer, request, signed_in)
        if isinstance(answer, MailFrame):
            return Response(
                answer.html, 200, HEADERS | {"Content-Security-Policy": _MAIL_POLICY}, "text/html"
            )
        if isinstance(answer, Download):
            return self._download(answer)
        return self._page(answer, request, signed_in)

    def _download(self, answer: Download) -> Response:
        headers = {**HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(answer.name)}"}
        if isinstance(answer.body, bytes):
            return Response(answer.body, 200, headers, answer.media_type)
        return StreamingResponse(answer.body, 200, headers, answer.media_type)

    def _redirect(self, answer: Redirect, request: Request, signed_in: SignedIn | None) -> Response:
        if answer.message and signed_in:
            self.jobs.sign_in.say(signed_in.session, answer.message)
        address = request_guard.own_address(answer.address)
        # Names of channels and the like have any letters; a header has ASCII.
        location = quote(address, safe=punctuation)
        response = Response(status_code=303, headers={**HEADERS, "Location": location})
        host, cookie = request.headers.get("host", ""), self._cookie(request)
        secure = request_guard.uses_secure_cookie(host, self.jobs.options)
        set_cookie = partial(response.set_cookie, secure=secure, httponly=True, samesite="lax")
        if answer.browser_key:
            set_cookie(f"{cookie}-form", answer.browser_key, max_age=_FORM_SECONDS)
        if answer.session_id is not None:
            age = 0 if not answer.session_id else _STAY_SECONDS if answer.stay else None
            set_cookie(cookie, answer.session_id, max_age=age)
        return response

    def _page(self, answer: Show, request: Request, signed_in: SignedIn | None) -> Response:
        message = signed_in.session.message if signed_in and request.method == "GET" else ""
        context = self._context(request, signed_in, message)
        html = self.templates.render(answer.template, **context, view=answer.view)
        caption = request.query_params.get("csv", "")
        if caption and request.method == "GET" and answer.status == 200:
            return self._table(html, caption)
        if message and signed_in:
            self.jobs.sign_in.say(signed_in.session, "")
        waits = {"Retry-After": "60"} if answer.status in (429, 503) else {}
        return Response(html, answer.status, HEADERS | waits, "text/html")

    def _table(self, html: str, caption: str) -> Response:
        file = table_csv(html, caption)
        if file is None:
            raise HTTPException(404)
        return self._download(Download(f"{caption}.csv", MEDIA_TYPE, file))

    def _context(self, request: Request, signed_in: SignedIn | None, message: str) -> Mapping[str, object]:
        options, now = self.jobs.options, self.clock()
        role = signed_in.user.role if signed_in else ""
        path = request.url.path
        return {
            "site_title": options.title,
            "site_url": options.site_url,
            "now": now.astimezone(options.zone),
            "zone": options.zone,
            "titles": self.jobs.newsletter_views.titles if signed_in else {},
            "viewer": signed_in.user if signed_in else None,
            "scopes": ROLES.get(role, frozenset()),
            "first_day": role == "admin" and signed_in and now - signed_in.user.created < DAY,
            "csrf": signed_in.session.csrf if signed_in else "",
            "form_key": new_key(),
            "message": message,
            "query": dict(request.query_params),
            "menu": menu_of(role, path, self.jobs.needs.counts(now)) if signed_in else [],
            "address": path,
            "assets": f"/admin/assets/{self._version}",
        }

    def _problem(self, request: Request, status: int) -> Response:
        try:
            return self._page(_problem_page(status), request, self._look(request))
        except SyndicateError as error:
            log.warning("%s", error)
            return Response(f"{status} {_text_of(status)}", status, HEADERS, "text/plain")

    def _cookie(self, request: Request) -> str:
        host = request.headers.get("host", "")
        return f"__Host-{_COOKIE}" if request_guard.uses_secure_cookie(host, self.jobs.options) else _COOKIE


_TEXTS = {
    400: "The form cannot be read.",
    404: "There is no such page, or you may not open it.",
    405: "This address does not accept that method.",
    413: "The form is too large. OPML files may have 5 MB, CSV files 20 MB.",
    421: "This server does not answer for that host. Add it as [admin] url.",
    429: "Too many requests. Wait a minute and try again.",
    503: "The store is busy or cannot be reached. Try again in a minute.",
}


def _problem_page(status: int, text: str = "") -> Show:
    """Return the error page of a status, with a sentence of its own or of the status."""
    return Show("admin/problem.html", {"status": status, "text": text or _text_of(status)}, status)


def _text_of(status: int) -> str:
    return _TEXTS.get(status, "Something went wrong. The log says more.")


def _wait_for(asked: AdminRequest, address: str) -> Redirect:
    """Return a redirect to a sign-in that leads back to the page, or to the form that was sent."""
    if asked.is_post and asked.files:
        return Redirect(f"{address}?files=lost")
    if asked.is_post:
        browser_key = asked.browser_key or new_key()
        key = asked.jobs.sign_in.keep_form(
            asked.address, dict(asked.lists), asked.client, asked.now, browser_key=browser_key
        )
        target = quote(f"/admin/again/{key}" if key else "/admin/")
        return Redirect(f"{address}?next={target}", browser_key=browser_key)
    return Redirect(f"{address}?next={quote(asked.address)}")


_BROWSERS: Iterable[tuple[str, str]] = (
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("firefox", "Firefox"),
    ("chrom", "Chrome"),
    ("safari", "Safari"),
)


def _browser(user_agent: str) -> str:
    """Return the family of a browser."""
    folded = user_agent.lower()
    return next((name for mark, name in _BROWSERS if mark in folded), "another program")
