"""Sign-up form, and the confirmation page behind the link in the confirmation mail.

The response and its duration do not depend on whether a mailbox is known: the request is only recorded. GET
changes nothing, so programs that open every link in a mail cause no subscription.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from syndicate.audience.networks import network_of
from syndicate.errors import SyndicateError
from syndicate.jobs.audience.sign_up_job import SignUpJob
from syndicate.text.urls import origin_of
from syndicate.web.readers.negotiation import fields_of
from syndicate.web.readers.server_pages import ServerPages, policy_for
from syndicate.web.readers.sign_up_request import (
    JSON_HEADERS,
    MAX_ADDRESS_LENGTH,
    RETRY_AFTER,
    SignUpProblem,
    SignUpRequest,
    json_problem,
    read_sign_up,
    wants_json,
    with_cors,
)
from syndicate.web.request_body import read_fields

_PAGE, _EMBEDDED = "pages/subscribe.html", "pages/embedded.html"


@dataclass(frozen=True, slots=True)
class SignUpHandler:
    """Sign-up at ``/subscribe``, for people and programs, and its form for frames at ``/subscribe/form``."""

    sign_ups: SignUpJob
    pages: ServerPages

    async def respond(self, request: Request) -> Response:
        """Show the form, or record a request; the response is the same for every well-formed address.

        A form on a site that is not among ``[sign_up] origins`` only fills in this form: otherwise its
        visitors, each from another network, could be made to request mail for other people.
        """
        if request.method == "OPTIONS":
            response = Response(status_code=204, headers={"Vary": "Origin"})
        elif not wants_json(request):
            return await self._page(request, _PAGE)
        else:
            try:
                response = await self._answer(request)
            except (HTTPException, SyndicateError) as error:
                response = json_problem(getattr(error, "status_code", 503))
        return with_cors(response, request, self.sign_ups.options.origins)

    async def embedded(self, request: Request) -> Response:
        """Respond in a frame on a page of ``[sign_up] origins``."""
        return await self._page(request, _EMBEDDED)

    async def _answer(self, request: Request) -> Response:
        """Return the answer to a program: the facts of the form, or the outcome of its request."""
        if request.method != "POST":
            return JSONResponse(await run_in_threadpool(self._facts), 200, JSON_HEADERS)
        status, problems = await self._record(request, await self._read(request))
        if status == 202:
            return JSONResponse({"status": "accepted"}, 202, JSON_HEADERS)
        words = self.sign_ups.templates.words("pages/words.html")["sign_up_problems"]
        return json_problem(
            status,
            [
                {"field": name, "code": code, "detail": detail or words.get(code, "")}
                for name, code, detail in problems
            ],
        )

    def _facts(self) -> dict[str, object]:
        options, titles = self.sign_ups.options, self.sign_ups.newsletter_titles().items()
        challenge = self.sign_ups.challenge() if options.proof_of_work else ""
        return {
            "newsletters": [{"name": name, "title": title} for name, title in titles],
            "fields": [asdict(field) for field in options.fields],
            "consent": options.consent,
            "proof_of_work": {"bits": options.proof_of_work, "challenge": challenge},
        }

    async def _page(self, request: Request, template: str) -> Response:
        origins, asked = self.sign_ups.options.origins, await self._read(request)
        status, problems = 200, list[SignUpProblem]()
        if request.method == "POST":
            status, problems = await self._record(request, asked)
        if status == 429:
            response = self.pages.problem(429, RETRY_AFTER[429])
        elif status != 202:
            response = self._form(template, asked, problems)
        elif template == _PAGE and origin_of(asked.next_url) in (self._own, *origins):
            response = self.pages.see(asked.next_url)
        else:
            selected = self._chosen(asked)
            response = self.pages.page(template, done=True, selected=selected, address=asked.address)
        response.headers["Content-Security-Policy"] = policy_for(origins, framed=template == _EMBEDDED)
        return response

    async def _read(self, request: Request) -> SignUpRequest:
        return await read_sign_up(request, self._own, self.sign_ups.options.fields)

    async def _record(self, request: Request, asked: SignUpRequest) -> tuple[int, list[SignUpProblem]]:
        """Record a request; return the status of an answer for programs, and the problems."""
        job, options, fields = self.sign_ups, self.sign_ups.options, request.headers
        if fields.get("sec-fetch-site") == "cross-site" and fields.get("origin") not in options.origins:
            return 403, []
        chosen = self._chosen(asked)
        values, problems = asked.checked(options.fields)
        problems = ([] if chosen else [("newsletters", "choose", "")]) + problems
        if not (problems or asked.trap or await run_in_threadpool(job.has_proof, asked.work, asked.address)):
            problems = [("work", "work", "")]
        if problems:
            return 422, problems
        record = partial(job.request, source=asked.source, fields=values, trapped=asked.trap)
        taken = await run_in_threadpool(record, chosen, asked.address, client_network(request))
        return 202 if taken else 429, []

    @property
    def _own(self) -> str:
        """Origin of the site."""
        return origin_of(self.sign_ups.options.confirm_url)

    def _chosen(self, asked: SignUpRequest) -> list[str]:
        # Without a choice, as in a form without boxes, the only newsletter is meant.
        titles = list(self.sign_ups.newsletter_titles())
        names = asked.newsletters or (titles if len(titles) == 1 else ())
        return [name for name in titles if name in names]

    def _form(self, template: str, asked: SignUpRequest, problems: Sequence[SignUpProblem]) -> Response:
        titles = self.sign_ups.newsletter_titles()
        selected = list(titles) if len(titles) == 1 else self._chosen(asked)
        return self.pages.page(
            template,
            422 if problems else 200,
            newsletters=tuple(titles.items()),
            consent=self.sign_ups.options.consent,
            selected=selected,
            address=asked.address[:MAX_ADDRESS_LENGTH],
            problem=problems[0][1] if problems else "",
            entered=asked,
            wrong_fields={name.removeprefix("fields.") for name, _, _ in problems},
            done=False,
        )


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
            used = bool(request.query_params.get("done"))
            shown = await run_in_threadpool(partial(self.sign_ups.pending_consent, token, used=used))
            if shown is None:
                return self.pages.problem(410)
            facts = dict(zip(("newsletter", "agreed", "entered", "first"), shown, strict=True))
            return self.pages.page("pages/confirm.html", 200, **facts, reader_token="", done=used)
        if (await read_fields(request)).get("confirm") != ["yes"]:
            return self.pages.problem(400)
        done = await run_in_threadpool(self.sign_ups.confirm, token, client_network(request))
        if done is None:
            return self.pages.problem(410)
        if done[1] and self.has_preferences:
            return self.pages.see(f"../preferences/{done[1]}?done=subscribed")
        return self.pages.see("?done=yes")


def client_network(request: Request) -> str:
    """Return the network of a request's client."""
    peer = request.client.host if request.client else ""
    return network_of(peer, fields_of(request.scope).get("x-forwarded-for", ""))
