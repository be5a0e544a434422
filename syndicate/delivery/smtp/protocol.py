"""One SMTP conversation as a value: what was offered, what the server has yet to answer, how things ended.

No sockets here: bytes come in by ``feed`` and go out by ``outgoing``. With PIPELINING (RFC 2920) the body
of one message and MAIL, RCPT and DATA of the next leave together. The promise stands in one place: a body
leaves only by ``hand_over``, which is called after the server's 354 and after the commit. Until its final
dot is written the server cannot accept it (RFC 5321 section 4.1.1.4); after the reply everything is known;
only in between is a lost connection uncertain (section 3.3).
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
# RFC 3461 section 4: how a parameter of MAIL and RCPT writes what it may not hold.
_NOT_XTEXT = re.compile(rb"[^!-*,-<>-~]")
_LONGEST_REPLY = 8192
_CLOSING = 421
_SIZE_REFUSED = 552
_NO_SUCH_ADDRESS = 553
_GOOD = {"RSET": (250,), "MAIL": (250,), "RCPT": (250, 251), "DATA": (354,), "QUIT": (221,)}
_ENVELOPE: tuple[str, ...] = ("MAIL", "RCPT", "DATA")
_END_OF_BODY = b".\r\n"
# What says no more than that the next reply may be waited for; most replies do.
_GO_ON = {"RSET": b"250 ", "MAIL": b"250 ", "RCPT": b"250 "}


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """Extensions of the server (RFC 2920, 6531, 1870, 3461). ``size`` is in bytes; 0 for no limit known."""

    pipelining: bool = False
    utf8: bool = False
    notifications: bool = False
    declares_size: bool = False
    size: int = 0


class Dialogue:
    """The state of one connection; ``place`` names the server in messages.

    ``offered`` is the mail whose envelope was sent, ``ready`` true once the server waits for its body.
    ``lost`` says why the connection is of no more use, and ``returned`` are then parcels that can go another
    way; the server left because of ``blamed``, as far as can be told, and ``broken_off`` is true when it left
    in the middle of that body. ``answered`` counts the messages that it has judged. ``redact`` removes
    secrets from the server's words.
    """

    def __init__(self, features: Features, place: str, redact: Callable[[str], str] = str) -> None:
        self.offered: OutgoingMail | None = None
        self.ready = False
        self.lost: TransportDown | None = None
        self.returned: list[OutgoingMail] = []
        self.blamed: OutgoingMail | None = None
        self.broken_off = False
        self.answered = 0
        self._features = features
        self._place = place
        self._redact = redact
        self._message: Message | None = None
        self._body: OutgoingMail | None = None
        # Bytes that were written from the body's final dot on.
        self._tail = 0
        self._leaves_after_verdict = False
        self._awaited: deque[str] = deque()
        self._later: deque[tuple[str, bytes]] = deque()
        self._out: list[bytes] = []
        self._out_size = 0
        self._ended: list[SendResult] = []
        self._refusal: MailError | None = None
        self._open = False
        self._buffer = b""
        self._text = b""

    @property
    def waiting(self) -> bool:
        """True while the server owes an answer."""
        return bool(self._awaited)

    @property
    def waits_for_verdict(self) -> bool:
        """True while a body is on the wire or unanswered."""
        return self._body is not None

    def offer(self, mail: OutgoingMail, message: Message) -> None:
        """Send the envelope of a message. Only while nothing else is offered."""
        self.offered, self._message = mail, message
        lines = self._envelope(mail, message.size)
        if not lines:
            return
        names = _ENVELOPE
        if self._open:
            names, lines = ("RSET", *names), (b"RSET\r\n", *lines)
        self._open = True
        if self._features.pipelining:
            self._awaited.extend(names)
            self._write(b"".join(lines))
        else:
            self._later.extend(zip(names, lines, strict=True))
            self._say_next()

    def hand_over(self) -> None:
        """Send the body that the server waits for. ``offer`` the next one at once: they leave together."""
        message = self._message
        if message is None or not self.ready:
            raise RuntimeError("a body before the server's 354")
        self._body, self.offered, self._message = self.offered, None, None
        self.ready = self._open = False
        self._out.extend(message.pieces)
        self._out_size += message.size
        self._tail = 0
        self._write(_END_OF_BODY)
        self._awaited.append("BODY")

    def bid_farewell(self) -> None:
        """Say QUIT; what the server has taken stays taken, whatever it answers."""
        self._awaited.append("QUIT")
        self._write(b"QUIT\r\n")

    def outgoing(self) -> tuple[list[bytes], int]:
        """Return what to send now, in pieces, and how many bytes they have; it is given out once."""
        if not self._out:
            return [], 0
        out, size = self._out, self._out_size
        self._out, self._out_size = [], 0
        return out, size

    def endings(self) -> list[SendResult]:
        """Return how attempts ended since the last call."""
        ended, self._ended = self._ended, []
        return ended

    def feed(self, data: bytes) -> bool:
        """Take what the server said; true when there is something to say at once."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            if self.lost is None:
                self._line(line)
        if self.lost is None and len(self._buffer) > _LONGEST_REPLY:
            self.lose("answered without end")
        return bool(self._out)

    def take_back(self) -> OutgoingMail | None:
        """Return the offered message for another connection, while the server thinks about a body.

        A server that has its envelope would want its body next: then this connection ends with the verdict.
        """
        if self._body is None or self.offered is None:
            return None
        mail, self.offered, self._message = self.offered, None, None
        if self._later:
            self._later.clear()
            self._open = False
        else:
            self._leaves_after_verdict = True
        return mail

    def lose(self, why: str, code: int | None = None, *, unsent: int = 0) -> None:
        """The connection is gone; the last ``unsent`` bytes of ``outgoing`` did not leave this process.

        An offered message is returned, as is a body whose final dot was not sent: the server cannot
        have accepted it. Any other body on the wire is uncertain.
        """
        if self.lost is None:
            self.lost = TransportDown(f"{self._place} {why}", code=code)
        body, self._body = self._body, None
        untouched = len(self._awaited) + len(self._later) >= len(_ENVELOPE)
        if body is not None and unsent + self._out_size >= self._tail:
            self._ended.append(SendResult(mail=body, error=self.lost, final=False))
            self.returned.append(body)
            self.blamed, self.broken_off = body, True
        elif body is not None:
            said = f"{self._place} did not answer the message: it {why}. It may have been sent."
            self._ended.append(SendResult(mail=body, error=Uncertain(said)))
        if self.offered is not None and self._refusal is not None:
            self._end_offered(self._refusal)
        if self.offered is not None:
            self.returned.append(self.offered)
            if body is None and not (self.answered and untouched):
                self.blamed = self.offered
            self.offered = None
        self.ready = False

    def withdraw(self) -> None:
        """The offered message must not go: the connection has to be closed, an empty body would be a mail."""
        self.offered = None
        self.lose("was left: a message was withdrawn")

    def _write(self, data: bytes) -> None:
        self._out.append(data)
        self._out_size += len(data)
        self._tail += len(data)

    def _envelope(self, mail: OutgoingMail, size: int) -> tuple[bytes, ...]:
        """Return what offers a message, or nothing when this server cannot be offered it."""
        features = self._features
        try:
            sender, recipient = encode_address(mail.sender), encode_recipient(mail.recipient)
        except Refused as error:
            self._end_offered(error)
            return ()
        plain = recipient.isascii()
        if not plain and not features.utf8:
            shown = header_text(mail.recipient, 80)
            said = f'{self._place} takes no address outside plain ASCII such as "{shown}".'
            self._end_offered(Refused(said, code=_NO_SUCH_ADDRESS))
            return ()
        if 0 < features.size < size:
            said = f"{self._place} takes at most {features.size} bytes; the message has {size}."
            self._end_offered(Refused(said))
            return ()
        extra = b"" if plain else b" SMTPUTF8 BODY=8BITMIME"
        extra += b" SIZE=%d" % size if features.declares_size else b""
        notify = b""
        if features.notifications:
            extra += b" RET=HDRS ENVID=%d" % mail.key
            notify = b" NOTIFY=FAILURE,DELAY"
            # Other letters would need the utf-8 form of RFC 6533.
            notify += b" ORCPT=rfc822;" + _NOT_XTEXT.sub(_in_xtext, recipient) if plain else b""
        return (
            b"MAIL FROM:<%b>%b\r\n" % (sender, extra),
            b"RCPT TO:<%b>%b\r\n" % (recipient, notify),
            b"DATA\r\n",
        )

    def _say_next(self) -> None:
        """Without PIPELINING: one command, once everything before it is answered."""
        if self._later and not self._awaited:
            name, line = self._later.popleft()
            self._awaited.append(name)
            self._write(line)

    def _line(self, line: bytes) -> None:
        """One line of a reply, which may end in CR; what it says is cleaned when it is read."""
        awaited = self._awaited
        if awaited and _GO_ON.get(awaited[0]) == line[:4] and not (self._text or self._later):
            awaited.popleft()
            return
        code, mark, text = _CODES.get(line[:3]), line[3:4], self._text + line[4:]
        if code is None or mark not in _MARKS or len(text) > _LONGEST_REPLY:
            self.lose("answered something that is no reply")
        elif mark == b"-":
            self._text = text + b" "
        else:
            self._text = b""
            self._reply(code, text)

    def _reply(self, code: int, text: bytes) -> None:
        if not self._awaited:
            self.lose(f"closed the conversation: {code} {self._readable(text)}", code)
            return
        command = self._awaited.popleft()
        if command == "BODY":
            self._verdict(code, text)
        elif code not in _GOOD[command]:
            self._refuse(command, code, self._said(command, code, text))
        elif command == "DATA":
            self._told_to_go_on()
        if code == _CLOSING:
            self.lose(f"is closing: {code} {self._readable(text)}", code)
        elif self.lost is None and self._later:
            self._say_next()

    def _verdict(self, code: int, text: bytes) -> None:
        body, self._body = self._body, None
        if body is None:
            raise RuntimeError("a verdict on no message")
        self.answered += 1
        error: MailError | None = None
        if code != 250:
            said = self._said("the message", code, text)
            error = _judged(code, said) if code >= 400 else Uncertain(said, code=code)
        self._ended.append(SendResult(mail=body, error=error))
        if self._leaves_after_verdict:
            self.lose("was left after a slow answer")

    def _told_to_go_on(self) -> None:
        if self._refusal is None:
            self.ready = True
        else:
            # RFC 2920 section 3.1 would have us send an empty body to nobody; leaving is simpler.
            self.lose("wants a message for a recipient it has refused")

    def _refuse(self, command: str, code: int, said: str) -> None:
        if command == "QUIT":
            return
        if command == "RSET" or code < 400:
            self.lose(f"cannot go on ({said})")
        elif code != _CLOSING:
            judged = _judged_sender if command == "MAIL" else _judged
            self._refusal = self._refusal or judged(code, said)
            if command == "DATA" or not self._features.pipelining:
                self._later.clear()
                self._end_offered(self._refusal)

    def _end_offered(self, error: MailError) -> None:
        if self.offered is not None:
            self.answered += 1
            self._ended.append(SendResult(mail=self.offered, error=error))
        self.offered = self._message = self._refusal = None

    def _said(self, to_what: str, code: int, text: bytes) -> str:
        """Return a reply in words, without the recipient: other deliveries and the log repeat it."""
        return f"{self._place} answered {to_what}: {code} {self._readable(text)}"

    def _readable(self, text: bytes) -> str:
        whole = header_text(text.decode("utf-8", "replace"), _LONGEST_REPLY)
        return header_text(self._redact(whole), 300)


def _judged(code: int, said: str) -> MailError:
    return Deferred(said, code=code) if code < 500 else Refused(said, code=code)


def _judged_sender(code: int, said: str) -> MailError:
    """A reply to MAIL says nothing about the mailbox; one to its SIZE nothing about the sender (RFC 1870)."""
    if code < 500:
        return SenderDeferred(said, code=code)
    return Refused(said) if code == _SIZE_REFUSED or "5.3.4" in said else SenderRefused(said, code=code)


def _in_xtext(match: re.Match[bytes]) -> bytes:
    return b"+%02X" % match[0][0]
