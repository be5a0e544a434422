"""Error messages of failed requests: the address, the cause, and the remedy."""

import ssl

import aiohttp

from syndicate.errors import FetchError, ForbiddenAddress
from syndicate.net.address_guard import AddressRefused
from syndicate.net.politeness import REFUSED_GAPS
from syndicate.text.urls import origin_of

# RFC 9110 section 15; other statuses get the advice of their class.
_ADVICE = {
    401: "it wants a password: give the source its auth, or check the one it has",
    403: "it refuses access; ask its owner, or set [http] user_agent",
    404: "there is nothing there; check the URL",
    429: "it was asked too often; it will be asked less",
    503: "it is overloaded or under repair; it will be asked again later",
}


def failed_connection(error: Exception, url: str) -> FetchError:
    """Return the error for an exception of the HTTP client."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, AddressRefused):
        return ForbiddenAddress(
            f"{url} was not fetched: {error.os_error.address} is a private or reserved address; "
            "if you trust it, add it to [http] allow_private"
        )
    return FetchError(f"{url} could not be read: {_reason(error)}")


def failed_status(
    url: str, status: int, retry_after: float | None, *, own: bool = True, gap: float = 0.0
) -> FetchError:
    """Return the error for a response that is neither a body, a 304 nor a redirect to follow.

    ``own``: the response is for the requested address, or for its permanent redirect. A 410 at the target of
    a temporary redirect says nothing about the requested address.
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
        # A 503 is about the server, a 429 about the URL.
        busy_for=gap * REFUSED_GAPS if status == 429 else retry_after or 0.0,
    )


def refused_form(url: str, status: int, body: bytes, retry_after: float | None) -> FetchError:
    """Return the error for a form that the server rejected, perhaps with a plain-text reason as its body."""
    reason = _short(body.decode("utf-8", "replace")) if body.strip() else "without a reason"
    message = f"{url} answered {status} to the form: {reason}"
    return FetchError(message, status=status, retry_after=retry_after)


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
        return f"its answer is not HTTP ({_short(error.message)}); tell its owner"
    if isinstance(error, aiohttp.InvalidURL):
        return f"it is not a valid URL ({_short(error)}); check it"
    return f"{_short(error)}; try again later"


def _short(error: object) -> str:
    """Return a printable line of a foreign error text, which may quote untrusted bytes."""
    words = " ".join(str(error).split()) or type(error).__name__
    line = "".join(character if character.isprintable() else "?" for character in words)
    return line if len(line) <= 160 else line[:159] + "…"
