"""Seam of SMTP: ``SmtpSender`` sends the deliver job's mail; ``connect`` opens a connection.

The standard library does greeting, TLS and login; then ``connections`` takes over the socket.
"""

import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from syndicate.delivery.mail_headers import header_text
from syndicate.delivery.outgoing import NextMail, RecordResults
from syndicate.delivery.smtp.bounded_smtp import MAX_REPLY_BYTES, BoundedSMTP, BoundedTlsSMTP, SmtpOptions
from syndicate.delivery.smtp.connections import SmtpConnections
from syndicate.delivery.smtp.protocol import SmtpFeatures
from syndicate.errors import TransportDown

OPENING_STEPS = 3
"""Greeting, TLS and login together may take this many times ``SmtpOptions.timeout``."""

# RFC 1870 section 4: up to 20 digits.
_MAX_SIZE_DIGITS = 20


@dataclass(frozen=True, slots=True)
class SmtpSender:
    """``Sender`` over SMTP, with several connections at once."""

    options: SmtpOptions
    context: ssl.SSLContext | None = None

    def run(
        self,
        next_mail: NextMail,
        record_results: RecordResults,
        *,
        backlog: int = 1,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> TransportDown | None:
        """Send; see ``outgoing.Sender``."""
        opening = partial(connect, self.options, self.context)
        return SmtpConnections(opening, next_mail, record_results, self.options, should_stop).run(backlog)


def connect(
    options: SmtpOptions, context: ssl.SSLContext | None = None
) -> tuple[socket.socket, SmtpFeatures]:
    """Open a connection with a verified certificate. Raises ``TransportDown``, also for a refused login."""
    server: BoundedSMTP | None = None
    try:
        server = _open(options, context)
        server.ehlo_or_helo_if_needed()
        if options.tls == "starttls":
            server.starttls(context=context or ssl.create_default_context())
        if options.username:
            server.login(options.username, options.password)
        server.ehlo_or_helo_if_needed()
        return _detach(server)
    except UnicodeError:
        _close(server)
        raise TransportDown("The mail user name and password must be plain ASCII.") from None
    except (OSError, smtplib.SMTPException, ValueError) as error:
        # ValueError: for example a challenge that is not base64.
        _close(server)
        raise _down(options, error) from None


def _open(options: SmtpOptions, context: ssl.SSLContext | None) -> BoundedSMTP:
    address = (options.host, options.port, options.domain)
    limits = {"timeout": options.timeout, "total_timeout": OPENING_STEPS * options.timeout}
    if options.tls == "tls":
        return BoundedTlsSMTP(*address, **limits, context=context or ssl.create_default_context())
    return BoundedSMTP(*address, **limits)


def _detach(server: BoundedSMTP) -> tuple[socket.socket, SmtpFeatures]:
    connection = server.detach_socket()
    if connection is None:
        raise smtplib.SMTPServerDisconnected("closed the connection")
    size = server.esmtp_features.get("size", "")
    return connection, SmtpFeatures(
        pipelining=server.has_extn("pipelining"),
        utf8=server.has_extn("smtputf8"),
        notifications=server.has_extn("dsn"),
        declares_size=server.has_extn("size"),
        size=int(size) if size.isdecimal() and len(size) <= _MAX_SIZE_DIGITS else 0,
    )


def _down(options: SmtpOptions, error: Exception) -> TransportDown:
    code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None
    match error:
        case smtplib.SMTPAuthenticationError():
            problem = f"refused the login of {options.username}"
        case ssl.SSLCertVerificationError():
            problem = "has a certificate that cannot be trusted"
        case smtplib.SMTPNotSupportedError():
            problem = "does not offer what [mail] tls or username asks for"
        case _:
            problem = "cannot be used"
    cause = options.redact(header_text(_cause(error), MAX_REPLY_BYTES))
    return TransportDown(f"{options.server_name} {problem}: {header_text(cause, 300)}", code=code)


def _cause(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        reply = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        return f"{error.smtp_code} {reply}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _close(server: BoundedSMTP | None) -> None:
    if server is not None:
        server.close()
