"""Tree of all errors that users can meet.

A message says which operation failed, where, why, and how to fix it. Any other exception is a bug and keeps
its traceback.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


class SyndicateError(Exception):
    """Root of the tree: an error that a person can understand and act on."""

    exit_code = 1


class ConfigError(SyndicateError):
    """Mistake in ``config.toml``, the environment, a template or a channel query."""

    exit_code = 3


class MissingExtra(ConfigError):
    """Setting that needs a package of an optional extra."""


@contextmanager
def needs_extra(extra: str, purpose: str) -> Iterator[None]:
    """Raise ``MissingExtra`` when ``purpose`` imports a package that is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"{purpose} needs the package {error.name}, which the extra {extra} brings. "
            f"In a checkout: pipx install --force '.[{extra}]' (or pip, or uv)"
        ) from error


class StoreError(SyndicateError):
    """Unusable store: missing, unreadable, full, or newer than the program."""

    exit_code = 4


class StoreBusy(StoreError):
    """Store or lease that another process holds."""


class StoreGone(StoreError):
    """Database server that cannot be reached or closed the connection in a transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Facts about the last response to a request; ``status`` is 0 without a response.

    ``seconds`` is the time of the request with its redirects, without waits for locks and slots. ``size`` is
    that of the body as sent, in bytes; ``fields`` are the header fields as sent. ``body`` is the beginning of
    the body of an error.
    """

    status: int = 0
    seconds: float = 0.0
    size: int = 0
    fields: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""


NO_EXCHANGE = Exchange()


class FetchError(SyndicateError):
    """Failed fetch of a source.

    ``retry_after`` is the server's ``Retry-After`` in seconds, or ``None``. ``gone`` is true if the URL or
    its permanent redirect answered 410; the caller should not request it again. ``busy`` is the origin
    (scheme, host and port) that asked for a pause, or ``""``. Its other URLs are not requested for
    ``busy_for`` seconds. ``exchange`` has the facts about the response, also without a response its duration.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        gone: bool = False,
        busy: str = "",
        busy_for: float = 0.0,
        exchange: Exchange | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.gone = gone
        self.busy = busy
        self.busy_for = busy_for
        self.exchange = exchange or Exchange(status=status or 0)


PAUSE = "its server asked for a pause (Retry-After)"
"""Message for a request that was not sent because the server asked for a pause."""


class NotAsked(FetchError):
    """Request that was not sent: the server has just answered another request with ``Retry-After``."""


class FetchStopped(FetchError):
    """Fetch that ended because the program is stopping; no fault of the server."""


class AnswerLost(FetchError):
    """Request that may have reached the server, without a complete response."""


class ForbiddenAddress(FetchError):
    """Address that the address guard refuses (loopback, private, link-local, multicast, …)."""


class TooLarge(FetchError):
    """Body larger than the limit, before or after decompression."""


class ParseError(SyndicateError):
    """Bytes that are not a valid feed, page or article."""


class ParserDied(ParseError):
    """Crash of a worker process, or its end at a time or memory limit, while it parsed a document."""


class ParserClosed(ParserDied):
    """End of a worker process because the program is stopping; no fault of the document."""


class RenderError(SyndicateError):
    """Template or output document that could not be rendered or written."""


class RenderStopped(SyndicateError):
    """Template that was not rendered because the program is stopping; no fault of the template."""


class InvalidAddress(SyndicateError):
    """Text that is not a mail address; the message says why."""


class InvalidField(SyndicateError):
    """Text that is no value of a subscriber's field, or no tag; the message says why."""


class MailError(SyndicateError):
    """Failed mail. ``code`` is the SMTP reply code, or ``None``."""

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class Deferred(MailError):
    """A 4xx reply: the message may be sent later."""


class SenderDeferred(Deferred):
    """A 4xx reply to the sender of a message: the mailbox may be fine."""


class Refused(MailError):
    """A 5xx reply: permanent for this message and recipient."""


class SenderRefused(Refused):
    """A 5xx reply to the sender of a message, permanent for the message or for the sender."""


class TransportDown(MailError):
    """No connection, no TLS or a failed login: nothing was sent, and nothing can be sent for now."""


class Uncertain(MailError):
    """Message whose body was sent without a reply: it may have been delivered."""


class ActionRefused(SyndicateError):
    """Action that the state of its object does not allow.

    ``problem`` is its name in docs/api.md, such as ``name-taken``. ``status`` is the HTTP status that says
    the same. ``fields`` has a sentence for each wrong field by name; ``facts`` are further JSON values.
    """

    def __init__(
        self,
        problem: str,
        message: str,
        *,
        status: int = 409,
        fields: Mapping[str, str] | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.problem = problem
        self.status = status
        self.fields = dict(fields or {})
        self.facts = dict(facts or {})


class NotAllowed(ActionRefused):
    """Action for which the actor lacks a permission."""

    def __init__(self, message: str) -> None:
        super().__init__("not-allowed", message, status=403)


class NotFound(ActionRefused):
    """Object that does not exist, or that the actor may not know of."""

    def __init__(self, message: str) -> None:
        super().__init__("not-found", message, status=404)


def existing(value: T | None, what: str) -> T:
    """Return a value that exists. Raises ``NotFound``, which says that there is no ``what``."""
    if value is None:
        raise NotFound(f"There is no {what}.")
    return value


class WrongFields(ActionRefused):
    """Fields of a form or a request that cannot be saved; ``fields`` has a sentence for each by name.

    The name ``""`` stands for several fields together.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        text = "; ".join(f"{name}: {problem}" if name else problem for name, problem in fields.items())
        super().__init__("wrong-fields", text, status=422, fields=fields)
