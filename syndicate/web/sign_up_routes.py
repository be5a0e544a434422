"""Sign-up form, and the confirmation page behind the link in the confirmation mail.

The response and its duration do not depend on whether a mailbox is known: the request is only recorded. GET
changes nothing, so programs that open every link in a mail cause no subscription.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from syndicate.audience.networks import network_of
from syndicate.errors import InvalidAddress
from syndicate.jobs.audience.sign_up_job import SignUpJob
from syndicate.web.negotiation import fields_of
from syndicate.web.request_body import read_fields
from syndicate.web.server_pages import ServerPages

_MAX_ADDRESS_LENGTH = 320
# Name of a hidden field that only bots fill in.
_TRAP = "website"


@dataclass(frozen=True, slots=True)
class SignUpHandler:
    """Sign-up form at ``/subscribe``."""

    sign_ups: SignUpJob
    pages: ServerPages

    async def respond(self, request: Request) -> Response:
        """Show the form, or record a request; the response is the same for every well-formed address.

        A form on another site only fills in this form: otherwise its visitors, each from another network,
        could be made to request mail for other people.
        """
        if request.method != "POST":
            return self._form(request.query_params.getlist("newsletter"))
        fields = await read_fields(request)
        address, titles = first_value(fields, "address"), self.sign_ups.newsletter_titles()
        # Without a choice, as in a form without boxes, the only newsletter is meant.
        names = fields.get("newsletter", []) or (list(titles) if len(titles) == 1 else [])
        chosen = [name for name in titles if name in names]
        if request.headers.get("sec-fetch-site") == "cross-site":
            return self._form(chosen, address=address)
        if not chosen:
            return self._form([], address=address, problem="choose")
        if first_value(fields, "agree") != "yes":
            return self._form(chosen, address=address, problem="agree")
        if len(address) > _MAX_ADDRESS_LENGTH:
            return self._form(chosen, address=address, problem="address")
        if first_value(fields, _TRAP):
            return self._done(chosen, address)
        try:
            taken = await run_in_threadpool(self.sign_ups.request, chosen, address, client_network(request))
        except InvalidAddress:
            return self._form(chosen, address=address, problem="address")
        return self._done(chosen, address) if taken else self.pages.problem(429, {"Retry-After": "3600"})

    def _form(self, names: Sequence[str], *, address: str = "", problem: str = "") -> Response:
        newsletter_titles = self.sign_ups.newsletter_titles()
        selected = [name for name in newsletter_titles if name in names or len(newsletter_titles) == 1]
        return self.pages.page(
            "pages/subscribe.html",
            422 if problem else 200,
            newsletters=tuple(newsletter_titles.items()),
            consent=self.sign_ups.options.consent,
            selected=selected,
            chosen=selected[0] if selected else "",  # Former variable, for templates of operators.
            address=address[:_MAX_ADDRESS_LENGTH],
            problem=problem,
            done=False,
        )

    def _done(self, chosen: Sequence[str], address: str) -> Response:
        return self.pages.page("pages/subscribe.html", done=True, selected=chosen, address=address)


@dataclass(frozen=True, slots=True)
class ConfirmHandler:
    """Confirmation page at ``/confirm/TOKEN``; tokens are never logged."""

    sign_ups: SignUpJob
    pages: ServerPages
    has_preferences: bool

    async def respond(self, request: Request) -> Response:
        """Show the button, or subscribe; all unusable links get the same response.

        The owner of the mailbox, who has the unused link, is led to their preferences.
        """
        token = request.path_params["token"]
        if request.method != "POST":
            if request.query_params.get("done"):
                return self._done(await run_in_threadpool(self.sign_ups.confirmed, token))
            pending_consent = await run_in_threadpool(self.sign_ups.pending_consent, token)
            if pending_consent is None:
                return self.pages.problem(410)
            newsletter, agreed = pending_consent
            return self.pages.page(
                "pages/confirm.html", newsletter=newsletter, agreed=agreed, reader_token="", done=False
            )
        fields = await read_fields(request)
        if first_value(fields, "confirm") != "yes":
            return self.pages.problem(400)
        done = await run_in_threadpool(self.sign_ups.confirm, token, client_network(request))
        if done is None:
            return self.pages.problem(410)
        if done[1] and self.has_preferences:
            return self.pages.see(f"../preferences/{done[1]}?done=subscribed")
        return self.pages.see("?done=yes")

    def _done(self, newsletter: str | None) -> Response:
        if newsletter is None:
            return self.pages.problem(410)
        return self.pages.page(
            "pages/confirm.html", newsletter=newsletter, agreed="", reader_token="", done=True
        )


def first_value(fields: dict[str, list[str]], name: str) -> str:
    """Return the first value of a field, ``""`` if it was not sent."""
    return fields.get(name, [""])[0].strip()


def client_network(request: Request) -> str:
    """Return the network of a request's client."""
    peer = request.client.host if request.client else ""
    return network_of(peer, fields_of(request.scope).get("x-forwarded-for", ""))
