"""Sending over SMTP so that a crash at any instant leaves at most one message in doubt.

The standard library connects, negotiates TLS and logs in; the mail transaction is our own, because the
promise needs a step in the middle of it: the delivery is committed as ``sending`` after the server's
354 and before the body (RFC 5321 section 3.3). Until then nothing can have been sent; after the reply
everything is known; only in between is a lost connection uncertain.
"""

import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, NoReturn, Self

from syndicate.delivery.headers import encode_address, header_text
from syndicate.errors import Deferred, MailError, Refused, TransportDown, Uncertain

_LINE_END = re.compile(rb"\r\n|\r|\n")
_CLOSING = 421
_ACCEPTED = {"RCPT": (250, 251), "DATA": (354,)}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpOptions:
    """Where and how to hand mail in. ``domain`` is what we call ourselves in EHLO (never the host's name).

    ``timeout`` (seconds) bounds every step but the last; ``final_timeout`` the reply to the body, for which
    RFC 5321 section 4.5.3.2.6 asks ten minutes: a shorter one makes slow servers look uncertain.
    """

    host: str
    port: int = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    domain: str = "localhost"
    timeout: float = 60.0
    final_timeout: float = 600.0


class SmtpTransport:
    """One connection, opened when needed and kept for many messages. Not for several threads at once."""

    def __init__(self, options: SmtpOptions, context: ssl.SSLContext | None = None) -> None:
        self._options = options
        self._context = context
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, sender: str, recipient: str, claim: Callable[[], bool], body: bytes) -> bool:
        """Send one message; ``True`` once the server has taken it.

        ``claim`` is called once the server waits for the body. If it says no, or fails, the connection is
        closed without a body (an empty one would be a message) and the result is ``False``.
        Raises ``TransportDown`` (no connection, login or sender refused; nothing was sent, ``claim`` was
        not called), ``Deferred`` (4xx), ``Refused`` (5xx), ``Uncertain`` (no reply to the body).
        """
        forward_path = encode_address(recipient).decode("ascii")
        data = wire_form(body)
        server = self._begin(encode_address(sender).decode("ascii"))
        self._step(server, "RCPT", f"TO:<{forward_path}>")
        self._step(server, "DATA")
        claimed = False
        try:
            claimed = claim()
        finally:
            if not claimed:
                self._drop()
        if claimed:
            self._finish(server, data)
        return claimed

    def close(self) -> None:
        """Say goodbye. What the server has taken stays taken, whatever happens here."""
        if self._server is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._server.docmd("QUIT")
            self._drop()

    def _begin(self, sender: str) -> smtplib.SMTP:
        """A session in which MAIL was accepted. A kept connection may have been closed by the server."""
        kept = self._server is not None
        server = self._server = self._server or self._connect()
        try:
            code, text = server.docmd("MAIL", f"FROM:<{sender}>")
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            if kept:
                return self._begin(sender)
            raise self._down(error) from error
        if code == _CLOSING and kept:
            self._drop()
            return self._begin(sender)
        if code != 250:
            self._refuse(server, code, self._said("MAIL", code, text), fatal=code >= 500)
        return server

    def _step(self, server: smtplib.SMTP, command: str, rest: str = "") -> None:
        try:
            code, text = server.docmd(command, rest)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise self._down(error) from error
        if code not in _ACCEPTED[command]:
            self._refuse(server, code, self._said(command, code, text))

    def _refuse(self, server: smtplib.SMTP, code: int, said: str, *, fatal: bool = False) -> NoReturn:
        """Nothing was sent. ``fatal`` when no message at all would be accepted: a refused sender is one."""
        if fatal or code == _CLOSING or not 400 <= code < 600:
            self._drop()
            raise TransportDown(said, code=code)
        try:
            clean = server.docmd("RSET")[0] == 250
        except (OSError, smtplib.SMTPException):
            clean = False
        if not clean:
            self._drop()
        raise _judged(code, said)

    def _finish(self, server: smtplib.SMTP, data: bytes) -> None:
        """Hand over the body and wait for the verdict."""
        try:
            assert server.sock is not None  # noqa: S101 it has just answered 354
            server.sock.settimeout(self._options.final_timeout)
            server.sock.sendall(data)
            code, text = server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise Uncertain(
                f"{self._place()} did not answer the message ({_cause(error)}). It may have been sent."
            ) from error
        if code == 250:
            server.sock.settimeout(self._options.timeout)
            return
        self._drop()
        said = self._said("the message", code, text)
        raise _judged(code, said) if 400 <= code < 600 else Uncertain(said, code=code)

    def _connect(self) -> smtplib.SMTP:
        options = self._options
        server: smtplib.SMTP | None = None
        try:
            server = self._open()
            server.ehlo_or_helo_if_needed()
            if options.tls == "starttls":
                server.starttls(context=self._trust())
            if options.username:
                server.login(options.username, options.password)
        except UnicodeError:
            _close(server)
            raise TransportDown("The mail user name and password must be plain ASCII.") from None
        except (OSError, smtplib.SMTPException) as error:
            _close(server)
            raise self._down(error) from None
        return server

    def _open(self) -> smtplib.SMTP:
        options = self._options
        where = (options.host, options.port, options.domain, options.timeout)
        if options.tls == "tls":
            host, port, domain, timeout = where
            return smtplib.SMTP_SSL(host, port, domain, timeout=timeout, context=self._trust())
        return smtplib.SMTP(*where)

    def _trust(self) -> ssl.SSLContext:
        """Certificates are always verified; the system's authorities, unless a context was given."""
        if self._context is None:
            self._context = ssl.create_default_context()
        return self._context

    def _drop(self) -> None:
        _close(self._server)
        self._server = None

    def _down(self, error: Exception) -> TransportDown:
        code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None
        match error:
            case smtplib.SMTPAuthenticationError():
                what = f"refused the login of {self._options.username}"
            case ssl.SSLCertVerificationError():
                what = "has a certificate that cannot be trusted"
            case smtplib.SMTPNotSupportedError():
                what = "does not offer what [mail] tls or username asks for"
            case _:
                what = "cannot be used"
        cause = _cause(error)
        if self._options.password:
            cause = cause.replace(self._options.password, "…")
        return TransportDown(f"{self._place()} {what}: {cause}", code=code)

    def _said(self, to_what: str, code: int, text: bytes) -> str:
        """Without the recipient: these words are logged, and stand in the rows of those who wait as well."""
        return f"{self._place()} answered {to_what}: {code} {_readable(text)}"

    def _place(self) -> str:
        return f"The mail server {self._options.host}:{self._options.port}"


def wire_form(message: bytes) -> bytes:
    """A message as DATA takes it: every line ends in CRLF, leading dots doubled, then the final dot.

    See RFC 5321 section 4.5.2. A lone CR or LF becomes CRLF first, or a server that takes it for a line
    end could be made to read commands inside the text (SMTP smuggling).
    """
    ends = message.count(b"\r\n")
    if not message.count(b"\r") == ends == message.count(b"\n"):
        message = _LINE_END.sub(b"\r\n", message)
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    stuffed = message.replace(b"\r\n.", b"\r\n..")
    return (b"." if message.startswith(b".") else b"") + stuffed + b".\r\n"


def _judged(code: int, said: str) -> MailError:
    return Deferred(said, code=code) if code < 500 else Refused(said, code=code)


def _close(server: smtplib.SMTP | None) -> None:
    if server is not None:
        server.close()


def _cause(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return f"{error.smtp_code} {_readable(text if isinstance(text, bytes) else text.encode())}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _readable(text: bytes) -> str:
    return header_text(text.decode("utf-8", "replace"), 300)
