"""Every error a user can meet, as one tree.

A message says what went wrong, where, why, and what to do about it. Anything that is not a
``SyndicateError`` is a bug and keeps its traceback.

::

    SyndicateError                 exit code 1
    ├── ConfigError                exit code 3: config.toml, environment, a template, a channel query
    ├── StoreError                 exit code 4: the store is missing, locked, newer than us, full
    │   ├── StoreBusy              another process holds it
    │   └── StoreGone              its server is not there at the moment
    ├── FetchError                 a source could not be read; try again later
    │   ├── NotAsked               its server had asked for a pause
    │   ├── ForbiddenAddress       the address guard refused to connect
    │   └── TooLarge               a body beyond its limit (bombs included)
    ├── ParseError                 bytes that are not what they claim to be
    │   └── ParserDied             the worker process crashed, ran out of time or out of memory
    │       └── ParserClosed       the program is stopping
    ├── RenderError                a template or a feed could not be rendered
    ├── RenderStopped              a template was not rendered because the program stops
    ├── InvalidAddress             a text that is no mail address
    └── MailError                  the mail server said no, for this message or for all of them
        ├── Deferred               a 4xx reply: try again later
        │   └── SenderDeferred     a 4xx reply to the sender: it says nothing about the mailbox
        ├── Refused                a 5xx reply: this recipient or message will never go
        │   └── SenderRefused      a 5xx reply to the sender: about that message, or about us
        ├── TransportDown          no connection, bad login: nothing can go for now
        └── Uncertain              the body was sent and no reply came: outcome unknown
"""


class SyndicateError(Exception):
    """The root: something a person can understand and act on."""

    exit_code = 1


class ConfigError(SyndicateError):
    """``config.toml``, the environment, a template or a channel query is wrong."""

    exit_code = 3


class StoreError(SyndicateError):
    """The store cannot be used: missing, unreadable, newer than this program, or full."""

    exit_code = 4


class StoreBusy(StoreError):
    """Another process holds the store or a lease in it."""


class StoreGone(StoreError):
    """The database server is not there at the moment, or went away with the transaction."""


class FetchError(SyndicateError):
    """A source could not be read this time.

    ``retry_after`` is what the server asked for, in seconds, or ``None``; ``gone`` is true when the
    address, or the one it has moved to for good, answered 410: it should not be asked again.
    ``busy`` is the origin (scheme, host and port) that asked to be left alone, ``""`` if none did; its other
    URLs are not requested for ``busy_for`` seconds.
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
"""What is said wherever a server is left alone because it asked for that."""


class NotAsked(FetchError):
    """Not asked at all: its server has just asked another of our requests to wait ``retry_after``."""


class FetchStopped(FetchError):
    """Not fetched because the program ends; the server is not at fault."""


class ForbiddenAddress(FetchError):
    """The address guard refused to connect (loopback, private, link-local, multicast, …)."""


class TooLarge(FetchError):
    """A body larger than the limit, before or after decompression."""


class ParseError(SyndicateError):
    """Bytes that are not the feed, page or article they claim to be."""


class ParserDied(ParseError):
    """The worker process that read a stranger's bytes crashed or was stopped at its limit."""


class ParserClosed(ParserDied):
    """The worker process was stopped because the program ends; the document is not at fault."""


class RenderError(SyndicateError):
    """A template or an output document could not be rendered."""


class RenderStopped(SyndicateError):
    """A template was not rendered because the program stops; the template is not at fault."""


class InvalidAddress(SyndicateError):
    """A text that is not a mail address; the message says why."""


class MailError(SyndicateError):
    """The mail server said no. ``code`` is the SMTP reply code, or ``None``."""

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class Deferred(MailError):
    """A 4xx reply: this message may go later."""


class SenderDeferred(Deferred):
    """A 4xx reply to the sender of this message: it says nothing about the mailbox."""


class Refused(MailError):
    """A 5xx reply: this message will never go to this recipient."""


class SenderRefused(Refused):
    """A 5xx reply to the sender of this message, or to the sender of all of them."""


class TransportDown(MailError):
    """No connection, no TLS, bad login: nothing can be sent for now, and nothing was."""


class Uncertain(MailError):
    """The body was on the wire and no reply came: it may have been sent."""
