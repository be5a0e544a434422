"""Tree of all errors that users can meet.

A message says which operation failed, where, why, and how to fix it. Any other exception is a bug and keeps
its traceback.
"""


class SyndicateError(Exception):
    """Root of the tree: an error that a person can understand and act on."""

    exit_code = 1


class ConfigError(SyndicateError):
    """Mistake in ``config.toml``, the environment, a template or a channel query."""

    exit_code = 3


class StoreError(SyndicateError):
    """Unusable store: missing, unreadable, full, or newer than the program."""

    exit_code = 4


class StoreBusy(StoreError):
    """Store or lease that another process holds."""


class StoreGone(StoreError):
    """Database server that cannot be reached or closed the connection in a transaction."""


class FetchError(SyndicateError):
    """Failed fetch of a source.

    ``retry_after`` is the server's ``Retry-After`` in seconds, or ``None``. ``gone`` is true if the URL or
    its permanent redirect answered 410; the caller should not request it again. ``busy`` is the origin
    (scheme, host and port) that asked for a pause, or ``""``. Its other URLs are not requested for
    ``busy_for`` seconds.
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
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.gone = gone
        self.busy = busy
        self.busy_for = busy_for


PAUSE = "its server asked for a pause (Retry-After)"
"""Message for a request that was not sent because the server asked for a pause."""


class NotAsked(FetchError):
    """Request that was not sent: the server has just answered another request with ``Retry-After``."""


class FetchStopped(FetchError):
    """Fetch that ended because the program is stopping; no fault of the server."""


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
