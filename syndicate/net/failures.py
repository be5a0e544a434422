"""One sentence for each way an exchange can fail: what, where, why, and what to do."""

import ssl

import aiohttp

from syndicate.errors import FetchError, ForbiddenAddress
from syndicate.net.address_guard import AddressRefused
from syndicate.net.politeness import REFUSED_GAPS
from syndicate.text.urls import origin_of

# RFC 9110 section 15; what is not here is described by its class.
_ADVICE = {
    401: "it wants a password: give the source its auth, or check the one it has",
    403: "it refuses us; ask its owner, or set [http] user_agent",
    404: "there is nothing there; check the URL",
    429: "we asked too often; it will be asked less",
    503: "it is overloaded or under repair; it will be asked again later",
}


def failed_connection(error: Exception, url: str) -> FetchError:
    """The error a person reads for an exception of the HTTP client."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, AddressRefused):
        return ForbiddenAddress(
            f"{url} was not fetched: {error.os_error.address} is a private or reserved address; "
            "if you trust it, add it to [http] allow_private"
        )
    return FetchError(f"{url} could not be read: {_reason(error)}")


def failed_status(
    url: str, status: int, retry_after: float | None, *, own: bool = True, gap: float = 0.0
) -> FetchError:
    """The error for an answer that is neither a body, a 304 nor a redirect we follow.

    ``own`` is whether it speaks for the address that we asked: a 410 where that only leads for now says
    nothing about what it will lead to tomorrow.
    """
    advice = _ADVICE.get(status, "it will be asked again later" if status >= 500 else "check the URL")
    if status == 410:
        advice = (
            "it is gone for good; remove the source"
            if own
            else "the redirect to it may change; check the URL"
        )
    return FetchError(
        f"{url} answered {status}: {advice}",
        status=status,
        retry_after=retry_after,
        gone=status == 410 and own,
        busy=origin_of(url) if status in (429, 503) and retry_after else "",
        # A 503 speaks for the server, a 429 for one URL of it.
        busy_for=gap * REFUSED_GAPS if status == 429 else retry_after or 0.0,
    )


def refused_form(url: str, status: int, said: bytes, retry_after: float | None) -> FetchError:
    """The error for a form that a server did not take; it may have said why, in plain text."""
    reason = _short(said.decode("utf-8", "replace")) if said.strip() else "without a reason"
    return FetchError(
        f"{url} answered {status} to our form: {reason}", status=status, retry_after=retry_after
    )


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not valid ({_short(error.certificate_error)}); its owner has to renew it"
    if isinstance(error, (aiohttp.ClientConnectorSSLError, ssl.SSLError)):
        return "no encrypted connection is possible; check https:// and the port"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its host name is not known; check the URL and this machine's name server"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "no connection in time; try again later"
    if isinstance(error, TimeoutError):
        return "no complete answer in time; try again later"
    if isinstance(error, aiohttp.ClientConnectorError):
        return (
            f"no connection ({error.os_error.strerror or error.os_error}); check the URL, or try again later"
        )
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server hung up without an answer; try again later"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer broke off before its end; try again later"
    if isinstance(error, aiohttp.ClientResponseError):
        return f"what it answered is not HTTP as we know it ({_short(error.message)}); tell its owner"
    if isinstance(error, aiohttp.InvalidURL):
        return f"it is not a valid URL ({_short(error)}); check it"
    return f"{_short(error)}; try again later"


def _short(error: object) -> str:
    """Return one printable line of a foreign error text, which may quote untrusted bytes."""
    words = " ".join(str(error).split()) or type(error).__name__
    line = "".join(character if character.isprintable() else "?" for character in words)
    return line if len(line) <= 160 else line[:159] + "…"
