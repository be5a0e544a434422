"""SMTP client protocol without sockets: bytes come in by ``feed`` and go out by ``outgoing``.

With PIPELINING (RFC 2920) the body of a message and MAIL, RCPT and DATA of the next leave together. A body
leaves only by ``send_body``, which the caller calls after the server's 354 and after its own commit. The
server cannot accept the message before its final dot is written (RFC 5321 section 4.1.1.4). A connection
lost between that dot and the reply leaves the message uncertain (section 3.3).
"""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from syndicate.delivery.mail_headers import encode_address, encode_recipient, header_text
from syndicate.delivery.outgoing import Message, OutgoingMail, SendResult
from syndicate.errors import (
    Deferred,
    MailError,
    Refused,
    SenderDeferred,
    SenderRefused,
    TransportDown,
    Uncertain,
)

_CODES = {b"%d" % code: code for code in range(200, 600)}
_MARKS = (b" ", b"-", b"\r", b"")
# RFC 3461 section 4: parameters of MAIL and RCPT write other characters as "+" and two hexadecimal digits.
_NOT_XTEXT = re.compile(rb"[^!-*,-<>-~]")
_MAX_REPLY_BYTES = 8192
_CLOSING = 421
_SIZE_REFUSED = 552
_NO_SUCH_ADDRESS = 553
_EXPECTED_CODES = {"RSET": (250,), "MAIL": (250,), "RCPT": (250, 251), "DATA": (354,), "QUIT": (221,)}
_ENVELOPE: tuple[str, ...] = ("MAIL", "RCPT", "DATA")
_END_OF_BODY = b".\r\n"
# Most replies begin like this; they need no parsing.
_USUAL_REPLIES = {"RSET": b"250 ", "MAIL": b"250 ", "RCPT": b"250 "}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpFeatures:
    """Extensions of a server (RFC 2920, 6531, 1870, 3461). ``size`` is its limit in bytes, 0 if unknown."""

    pipelining: bool = False
    utf8: bool = False
    notifications: bool = False
    declares_size: bool = False
    size: int = 0


class SmtpProtocol:
    """State of an SMTP connection.

    ``offered`` is the mail whose envelope was sent; ``awaits_body`` is true once the server waits for its
    body. ``lost`` is the reason why the connection ended. Then ``unsent_mails`` can go over another
    connection, ``suspect`` is the mail that probably caused the loss, and ``lost_in_body`` is true if the
    server left in the middle of that body. ``judged_count`` is the number of messages that the server has
    judged. ``server_name`` stands in errors; ``redact`` removes secrets from the server's replies.
    """

    def __init__(self, features: SmtpFeatures, server_name: str, redact: Callable[[str], str] = str) -> None:
        self.offered: OutgoingMail | None = None
        self.awaits_body = False
        self.lost: TransportDown | None = None
        self.unsent_mails: list[OutgoingMail] = []
        self.suspect: OutgoingMail | None = None
        self.lost_in_body = False
        self.judged_count = 0
        self._features = features
        self._server_name = server_name
        self._redact = redact
        self._message: Message | None = None
        self._body: OutgoingMail | None = None
        # Bytes written from the body's final dot on.
        self._tail_size = 0
        self._close_after_verdict = False
        self._expected_replies: deque[str] = deque()
        self._queued_commands: deque[tuple[str, bytes]] = deque()
        self._output: list[bytes] = []
        self._output_size = 0
        self._results: list[SendResult] = []
        self._refusal: MailError | None = None
        self._transaction_open = False
        self._buffer = b""
        self._reply_text = b""

    @property
    def awaits_reply(self) -> bool:
        """Return true while the server owes a reply."""
        return bool(self._expected_replies)

    @property
    def awaits_verdict(self) -> bool:
        """Return true while a body is being sent or has no reply."""
        return self._body is not None

    def offer(self, mail: OutgoingMail, message: Message) -> None:
        """Send the envelope of a message; no other may be offered at that time."""
        self.offered, self._message = mail, message
        lines = self._envelope(mail, message.size)
        if not lines:
            return
        names = _ENVELOPE
        if self._transaction_open:
            names, lines = ("RSET", *names), (b"RSET\r\n", *lines)
        self._transaction_open = True
        if self._features.pipelining:
            self._expected_replies.extend(names)
            self._write(b"".join(lines))
        else:
            self._queued_commands.extend(zip(names, lines, strict=True))
            self._send_next_command()

    def send_body(self) -> None:
        """Send the body that the server waits for; the next envelope, offered at once, leaves with it."""
        message = self._message
        if message is None or not self.awaits_body:
            raise RuntimeError("send_body() was called before the server's 354")
        self._body, self.offered, self._message = self.offered, None, None
        self.awaits_body = self._transaction_open = False
        self._output.extend(message.pieces)
        self._output_size += message.size
        self._tail_size = 0
        self._write(_END_OF_BODY)
        self._expected_replies.append("BODY")

    def quit(self) -> None:
        """Send QUIT; its reply changes no result."""
        self._expected_replies.append("QUIT")
        self._write(b"QUIT\r\n")

    def outgoing(self) -> tuple[list[bytes], int]:
        """Return and forget the pieces to send now, and their total size in bytes."""
        if not self._output:
            return [], 0
        out, size = self._output, self._output_size
        self._output, self._output_size = [], 0
        return out, size

    def results(self) -> list[SendResult]:
        """Return and forget the results of attempts."""
        results, self._results = self._results, []
        return results

    def feed(self, data: bytes) -> bool:
        """Parse bytes from the server; return true when there is output to send at once."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            if self.lost is None:
                self._parse_line(line)
        if self.lost is None and len(self._buffer) > _MAX_REPLY_BYTES:
            self.connection_lost("answered without end")
        return bool(self._output)

    def reclaim_offered(self) -> OutgoingMail | None:
        """Return the offered message for another connection; this connection may close after the verdict."""
        if self._body is None or self.offered is None:
            return None
        mail, self.offered, self._message = self.offered, None, None
        if self._queued_commands:
            self._queued_commands.clear()
            self._transaction_open = False
        else:
            self._close_after_verdict = True
        return mail

    def connection_lost(self, why: str, code: int | None = None, *, unsent: int = 0) -> None:
        """Handle the loss of the connection; the last ``unsent`` bytes of ``outgoing`` were not sent.

        The offered message goes to ``unsent_mails``, and so does a body without its final dot: the server
        cannot have accepted it. Any other body without a reply is uncertain.
        """
        if self.lost is None:
            self.lost = TransportDown(f"{self._server_name} {why}", code=code)
        body, self._body = self._body, None
        untouched = len(self._expected_replies) + len(self._queued_commands) >= len(_ENVELOPE)
        if body is not None and unsent + self._output_size >= self._tail_size:
            self._results.append(SendResult(mail=body, error=self.lost, final=False))
            self.unsent_mails.append(body)
            self.suspect, self.lost_in_body = body, True
        elif body is not None:
            text = f"{self._server_name} did not answer the message: it {why}. It may have been sent."
            self._results.append(SendResult(mail=body, error=Uncertain(text)))
        if self.offered is not None and self._refusal is not None:
            self._finish_offered(self._refusal)
        if self.offered is not None:
            self.unsent_mails.append(self.offered)
            if body is None and not (self.judged_count and untouched):
                self.suspect = self.offered
            self.offered = None
        self.awaits_body = False

    def abandon(self) -> None:
        """Close the connection instead of sending the offered message: an empty body would be a mail."""
        self.offered = None
        self.connection_lost("was left: a message was withdrawn")

    def _write(self, data: bytes) -> None:
        self._output.append(data)
        self._output_size += len(data)
        self._tail_size += len(data)

    def _envelope(self, mail: OutgoingMail, size: int) -> tuple[bytes, ...]:
        """Return the envelope's commands; empty, with a result, when this server cannot take the message."""
        features = self._features
        try:
            sender, recipient = encode_address(mail.sender), encode_recipient(mail.recipient)
        except Refused as error:
            self._finish_offered(error)
            return ()
        plain = recipient.isascii()
        if not plain and not features.utf8:
            shown = header_text(mail.recipient, 80)
            text = f'{self._server_name} takes no address outside plain ASCII such as "{shown}".'
            self._finish_offered(Refused(text, code=_NO_SUCH_ADDRESS))
            return ()
        if 0 < features.size < size:
            text = f"{self._server_name} takes at most {features.size} bytes; the message has {size}."
            self._finish_offered(Refused(text))
            return ()
        extra = b"" if plain else b" SMTPUTF8 BODY=8BITMIME"
        extra += b" SIZE=%d" % size if features.declares_size else b""
        notify = b""
        if features.notifications:
            extra += b" RET=HDRS ENVID=%d" % mail.key
            notify = b" NOTIFY=FAILURE,DELAY"
            # Other letters would need the utf-8 form of RFC 6533.
            if plain:
                xtext = _NOT_XTEXT.sub(lambda match: b"+%02X" % match[0][0], recipient)
                notify += b" ORCPT=rfc822;" + xtext
        return (
            b"MAIL FROM:<%b>%b\r\n" % (sender, extra),
            b"RCPT TO:<%b>%b\r\n" % (recipient, notify),
            b"DATA\r\n",
        )

    def _send_next_command(self) -> None:
        """Send a command without PIPELINING, once every command before it has its reply."""
        if self._queued_commands and not self._expected_replies:
            name, line = self._queued_commands.popleft()
            self._expected_replies.append(name)
            self._write(line)

    def _parse_line(self, line: bytes) -> None:
        """Parse a line of a reply, which may end in CR."""
        expected = self._expected_replies
        if (
            expected
            and _USUAL_REPLIES.get(expected[0]) == line[:4]
            and not (self._reply_text or self._queued_commands)
        ):
            expected.popleft()
            return
        code, mark, text = _CODES.get(line[:3]), line[3:4], self._reply_text + line[4:]
        if code is None or mark not in _MARKS or len(text) > _MAX_REPLY_BYTES:
            self.connection_lost("answered something that is no reply")
        elif mark == b"-":
            self._reply_text = text + b" "
        else:
            self._reply_text = b""
            self._handle_reply(code, text)

    def _handle_reply(self, code: int, text: bytes) -> None:
        if not self._expected_replies:
            self.connection_lost(f"closed the conversation: {code} {self._readable(text)}", code)
            return
        command = self._expected_replies.popleft()
        if command == "BODY":
            self._handle_verdict(code, text)
        elif code not in _EXPECTED_CODES[command]:
            self._handle_refusal(command, code, self._reply_message(command, code, text))
        elif command == "DATA":
            self._handle_354()
        if code == _CLOSING:
            self.connection_lost(f"is closing: {code} {self._readable(text)}", code)
        elif self.lost is None and self._queued_commands:
            self._send_next_command()

    def _handle_verdict(self, code: int, text: bytes) -> None:
        body, self._body = self._body, None
        if body is None:
            raise RuntimeError("the server judged a message that was not sent")
        self.judged_count += 1
        error: MailError | None = None
        if code != 250:
            reason = self._reply_message("the message", code, text)
            error = _error_of_reply(code, reason) if code >= 400 else Uncertain(reason, code=code)
        self._results.append(SendResult(mail=body, error=error))
        if self._close_after_verdict:
            self.connection_lost("was left after a slow answer")

    def _handle_354(self) -> None:
        if self._refusal is None:
            self.awaits_body = True
        else:
            # RFC 2920 section 3.1 asks for an empty body without recipients; closing is simpler.
            self.connection_lost("wants a message for a recipient it has refused")

    def _handle_refusal(self, command: str, code: int, text: str) -> None:
        if command == "QUIT":
            return
        if command == "RSET" or code < 400:
            self.connection_lost(f"cannot go on ({text})")
        elif code != _CLOSING:
            error_of = _error_of_mail_reply if command == "MAIL" else _error_of_reply
            self._refusal = self._refusal or error_of(code, text)
            if command == "DATA" or not self._features.pipelining:
                self._queued_commands.clear()
                self._finish_offered(self._refusal)

    def _finish_offered(self, error: MailError) -> None:
        if self.offered is not None:
            self.judged_count += 1
            self._results.append(SendResult(mail=self.offered, error=error))
        self.offered = self._message = self._refusal = None

    def _reply_message(self, command: str, code: int, text: bytes) -> str:
        """Describe a reply without the recipient: other deliveries and the log repeat the text."""
        return f"{self._server_name} answered {command}: {code} {self._readable(text)}"

    def _readable(self, text: bytes) -> str:
        whole = header_text(text.decode("utf-8", "replace"), _MAX_REPLY_BYTES)
        return header_text(self._redact(whole), 300)


def _error_of_reply(code: int, text: str) -> MailError:
    return Deferred(text, code=code) if code < 500 else Refused(text, code=code)


def _error_of_mail_reply(code: int, text: str) -> MailError:
    """Return the error of a reply to MAIL: about the sender, or about the message's size (RFC 1870)."""
    if code < 500:
        return SenderDeferred(text, code=code)
    return Refused(text) if code == _SIZE_REFUSED or "5.3.4" in text else SenderRefused(text, code=code)
