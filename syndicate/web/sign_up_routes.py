"""Subscribing: a form, and the page behind the link in the mail that it leads to.

Whether a mailbox is known changes neither the answer nor the work: the request is only written down.
``GET`` changes nothing, so programs that open every link in a mail cause no subscription.
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from syndicate.audience.networks import network_of
from syndicate.errors import InvalidAddress
from syndicate.jobs.audience.sign_up_job import SignUpJob
from syndicate.web.request_body import read_fields
from syndicate.web.server_pages import ServerPages

_MAX_ADDRESS_LENGTH = 320
# A field that people do not see; only programs fill it in.
_TRAP = "website"


class SignUpHandler:
    """The form at ``/subscribe``."""

    def __init__(self, sign_ups: SignUpJob, pages: ServerPages) -> None:
        self._sign_ups = sign_ups
        self._pages = pages

    async def __call__(self, request: Request) -> Response:
        """Show the form, or take a request; the answer is the same for every well-formed address.

        A form on another site only fills in ours: its visitors, each from a network of their own, must not
        ask for others without knowing it.
        """
        if request.method != "POST":
            return self._form(request.query_params.get("newsletter", ""))
        fields = await read_fields(request)
        if fields is None:
            return self._pages.problem(413)
        chosen, address = first(fields, "newsletter"), first(fields, "address")
        if request.headers.get("sec-fetch-site") == "cross-site":
            return self._form(chosen, address=address)
        if chosen not in self._sign_ups.newsletter_titles():
            return self._form("", address=address, problem="choose")
        if first(fields, "agree") != "yes":
            return self._form(chosen, address=address, problem="agree")
        if len(address) > _MAX_ADDRESS_LENGTH:
            return self._form(chosen, problem="address")
        if first(fields, _TRAP):
            return self._done()
        try:
            taken = await run_in_threadpool(self._sign_ups.request, chosen, address, client_network(request))
        except InvalidAddress:
            return self._form(chosen, address=address, problem="address")
        return self._done() if taken else self._pages.problem(429, {"Retry-After": "3600"})

    def _form(self, chosen: str, *, address: str = "", problem: str = "") -> Response:
        newsletter_titles = self._sign_ups.newsletter_titles()
        if chosen not in newsletter_titles and len(newsletter_titles) == 1:
            chosen = next(iter(newsletter_titles))
        return self._pages.page(
            "pages/subscribe.html",
            422 if problem else 200,
            newsletters=tuple(newsletter_titles.items()),
            consent=self._sign_ups.consent(),
            chosen=chosen,
            address=address[:_MAX_ADDRESS_LENGTH],
            problem=problem,
            done=False,
        )

    def _done(self) -> Response:
        return self._pages.page("pages/subscribe.html", done=True)


class ConfirmHandler:
    """The page at ``/confirm/TOKEN``; tokens are never logged."""

    def __init__(self, sign_ups: SignUpJob, pages: ServerPages) -> None:
        self._sign_ups = sign_ups
        self._pages = pages

    async def __call__(self, request: Request) -> Response:
        """Show the button, or subscribe; all links that cannot be used get the same answer."""
        token = request.path_params["token"]
        if request.method != "POST":
            pending_consent = await run_in_threadpool(self._sign_ups.pending_consent, token)
            if pending_consent is None:
                return self._pages.problem(410)
            newsletter, agreed = pending_consent
            return self._pages.page(
                "pages/confirm.html", newsletter=newsletter, agreed=agreed, reader_token="", done=False
            )
        fields = await read_fields(request)
        if fields is None:
            return self._pages.problem(413)
        if first(fields, "confirm") != "yes":
            return self._pages.problem(400)
        done = await run_in_threadpool(self._sign_ups.confirm, token, client_network(request))
        if done is None:
            return self._pages.problem(410)
        newsletter, reader_token = done
        return self._pages.page(
            "pages/confirm.html", newsletter=newsletter, agreed="", reader_token=reader_token, done=True
        )


def first(fields: dict[str, list[str]], name: str) -> str:
    """The first value of a field, ``""`` when it was not sent."""
    return fields.get(name, [""])[0].strip()


def client_network(request: Request) -> str:
    """The network a request comes from."""
    peer = request.client.host if request.client else ""
    return network_of(peer, ", ".join(request.headers.getlist("x-forwarded-for")))
