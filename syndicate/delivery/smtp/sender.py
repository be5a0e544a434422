"""Opening an SMTP connection: greeting, TLS, login. The standard library does it, then the socket is ours.

``SmtpSender`` is what the rest of the program sees; the conversation is in ``dialogue``, the many
connections in ``outbox``.
"""

import smtplib
import socket
import ssl
from collections.abc import Callable

from syndicate.delivery.mail_headers import header_text
from syndicate.delivery.outgoing import NextMail, RecordResults
from syndicate.delivery.smtp.bounded_smtp import LONGEST_REPLY, BoundedSMTP, BoundedTlsSMTP, SmtpOptions
from syndicate.delivery.smtp.connections import Outbox
from syndicate.delivery.smtp.protocol import Features
from syndicate.errors import TransportDown

OPENING_STEPS = 3
"""Greeting, TLS and login together may take this many times ``SmtpOptions.timeout``."""

# RFC 1870 section 4: up to 20 digits.
_LONGEST_SIZE = 20


class SmtpSender:
    """Sends over SMTP, on several connections at once."""

    def __init__(self, options: SmtpOptions, context: ssl.SSLContext | None = None) -> None:
        self._options = options
        self._context = context

    def run(
        self,
        next_mail: NextMail,
        record_results: RecordResults,
        *,
        backlog: int = 1,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> TransportDown | None:
        """See ``parcels.Sender``."""
        options = self._options
        outbox = Outbox(
            lambda: connect(options, self._context), next_mail, record_results, options, should_stop
        )
        return outbox.run(backlog)


def connect(options: SmtpOptions, context: ssl.SSLContext | None = None) -> tuple[socket.socket, Features]:
    """A connection over which mail may be sent, and what its server offers.

    Certificates are always verified, by the system's authorities unless a ``context`` is given. Raises
    ``TransportDown``: no connection, no TLS, bad login.
    """
    server: BoundedSMTP | None = None
    try:
        server = _open(options, context)
        server.ehlo_or_helo_if_needed()
        if options.tls == "starttls":
            server.starttls(context=context or ssl.create_default_context())
        if options.username:
            server.login(options.username, options.password)
        server.ehlo_or_helo_if_needed()
        return _taken_over(server)
    except UnicodeError:
        _close(server)
        raise TransportDown("The mail user name and password must be plain ASCII.") from None
    except (OSError, smtplib.SMTPException, ValueError) as error:
        # ValueError: a challenge that is no base64, for one.
        _close(server)
        raise _down(options, error) from None


def _open(options: SmtpOptions, context: ssl.SSLContext | None) -> BoundedSMTP:
    where = (options.host, options.port, options.domain, options.timeout)
    patience = OPENING_STEPS * options.timeout
    if options.tls == "tls":
        host, port, domain, timeout = where
        trust = context or ssl.create_default_context()
        return BoundedTlsSMTP(host, port, domain, timeout=timeout, context=trust, patience=patience)
    return BoundedSMTP(*where, patience=patience)


def _taken_over(server: BoundedSMTP) -> tuple[socket.socket, Features]:
    connection = server.take_socket()
    if connection is None:
        raise smtplib.SMTPServerDisconnected("closed the connection")
    size = server.esmtp_features.get("size", "")
    return connection, Features(
        pipelining=server.has_extn("pipelining"),
        utf8=server.has_extn("smtputf8"),
        notifications=server.has_extn("dsn"),
        declares_size=server.has_extn("size"),
        size=int(size) if size.isdecimal() and len(size) <= _LONGEST_SIZE else 0,
    )


def _down(options: SmtpOptions, error: Exception) -> TransportDown:
    code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None
    match error:
        case smtplib.SMTPAuthenticationError():
            what = f"refused the login of {options.username}"
        case ssl.SSLCertVerificationError():
            what = "has a certificate that cannot be trusted"
        case smtplib.SMTPNotSupportedError():
            what = "does not offer what [mail] tls or username asks for"
        case _:
            what = "cannot be used"
    cause = options.redact(header_text(_cause(error), LONGEST_REPLY))
    return TransportDown(f"{options.place} {what}: {header_text(cause, 300)}", code=code)


def _cause(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        return f"{error.smtp_code} {said}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _close(server: BoundedSMTP | None) -> None:
    if server is not None:
        server.close()
