"""Mailboxes for bounces: Maildir or IMAP. Read messages are marked as seen, never deleted."""

import imaplib
import io
import logging
import os
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from syndicate.delivery.bounce_parser import MAX_MESSAGE_BYTES
from syndicate.delivery.redaction import Redactor
from syndicate.errors import MailError
from syndicate.sockets import AnswerTooLong, BoundedStream

log = logging.getLogger("syndicate.bounces")

MAX_READING_TIME = 60.0
"""Seconds for reading and handling messages in one run. A limit on their number would let thousands of
worthless messages, which take little time, delay real bounces."""
# Bytes that an IMAP server may send beside a message.
_RESPONSE_OVERHEAD = 65_536
# Errors of ``imaplib`` after a malformed response.
_MALFORMED = (OSError, imaplib.IMAP4.error, ValueError, LookupError, AttributeError, TypeError)

MAX_RESPONSE_BYTES = 16 * 1024 * 1024
"""Size of the ids of a million messages. ``imaplib`` itself gives up at lines of a million bytes."""


class BoundedImap(imaplib.IMAP4):
    """IMAP connection under TLS with limits on size and time (``timeout`` per read).

    By itself ``imaplib`` keeps responses of any length, and waits for ever for a server that sends single
    bytes.
    """

    def __init__(
        self, host: str, port: int, *, context: ssl.SSLContext, timeout: float, total_timeout: float
    ) -> None:
        self._context = context
        self._step = timeout
        self._deadline = time.monotonic() + total_timeout
        super().__init__(host, port)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            super().__exit__(kind, error, trace)
        finally:
            self.shutdown()

    def open(self, host: str = "", port: int = 993, timeout: float | None = None) -> None:
        """Connect under TLS."""
        plain = socket.create_connection((host, port), timeout or self._step)
        self.sock = self._context.wrap_socket(plain, server_hostname=host)
        self._stream = BoundedStream(
            self.sock, left=MAX_RESPONSE_BYTES, deadline=self._deadline, step=self._step
        )
        self._responses = io.BufferedReader(self._stream)

    def shutdown(self) -> None:
        """Close the connection."""
        self.sock.close()

    def allow(self, size: int) -> None:
        """Let the server send ``size`` bytes from now on; before, the limit is ``MAX_RESPONSE_BYTES``."""
        self._stream.left = size

    def read(self, size: int) -> bytes:
        """Read ``size`` bytes, or fewer at the end of the connection."""
        # Checked before the buffer is allocated.
        if size > self._stream.left:
            raise AnswerTooLong("it answered without end")
        return self._responses.read(size)

    def readline(self) -> bytes:
        """Read a line with its end, or the remaining bytes at the end of the connection."""
        return self._responses.readline()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapOptions:
    """IMAP mailbox, always over TLS with a verified certificate.

    In seconds: ``timeout`` for each step of a response, ``total_timeout`` for a whole run, ``reading_time``
    until no further message is requested.
    """

    host: str
    port: int = 993
    username: str = ""
    password: str = field(default="", repr=False)
    folder: str = "INBOX"
    timeout: float = 60.0
    total_timeout: float = 600.0
    reading_time: float = MAX_READING_TIME


def check_maildir(folder: Path) -> None:
    """Raise ``MailError`` for a folder that is not a Maildir or whose messages this process cannot move."""
    for path in (folder / "new", folder / "cur"):
        if not path.is_dir():
            raise MailError(f"The Maildir {folder} cannot be read: there is no folder {path}")
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            raise MailError(f"The Maildir {folder} cannot be read: {path} may not be read and written")


def read_maildir(folder: Path, reading_time: float = MAX_READING_TIME) -> Iterator[bytes]:
    """Yield new messages, oldest first; each is moved to ``cur`` when the next is asked for."""
    end = time.monotonic() + reading_time
    try:
        for path, data in _new_messages(folder / "new"):
            yield data
            path.rename(folder / "cur" / f"{path.name.partition(':')[0]}:2,S")
            if time.monotonic() > end:
                return
    except OSError as error:
        raise MailError(f"The Maildir {folder} cannot be read: {error.strerror}") from error


def _new_messages(new: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield the beginning of each message, oldest first. Pipes are skipped: reading them may block."""
    for path in sorted(new.iterdir()):
        if path.name.startswith(".") or not path.is_file():
            continue
        try:
            with path.open("rb") as file:
                data = file.read(MAX_MESSAGE_BYTES)
        except FileNotFoundError:
            continue
        except OSError as error:
            log.warning("cannot read a bounce message: %s", error)
            continue
        yield path, data


def read_imap(options: ImapOptions, context: ssl.SSLContext | None = None) -> Iterator[bytes]:
    """Yield unseen messages; each is marked as seen when the next is asked for. Raises ``MailError``."""
    where = f"{options.host}:{options.port}"
    end = time.monotonic() + options.reading_time
    try:
        with BoundedImap(
            options.host,
            options.port,
            context=context or ssl.create_default_context(),
            timeout=options.timeout,
            total_timeout=options.total_timeout,
        ) as server:
            server.login(options.username, options.password)
            folder = options.folder.replace("\\", "\\\\").replace('"', '\\"')
            if server.select(f'"{folder}"')[0] != "OK":
                raise MailError(f"The mail server {where} has no folder {options.folder}.")
            unseen = server.uid("SEARCH", "UNSEEN")[1][0] or b""
            for number in filter(bytes.isdigit, unseen.split()):
                uid = number.decode("ascii")
                server.allow(MAX_MESSAGE_BYTES + _RESPONSE_OVERHEAD)
                parts = server.uid("FETCH", uid, f"(BODY.PEEK[]<0.{MAX_MESSAGE_BYTES}>)")[1]
                data = b"".join(part[1] for part in parts if isinstance(part, tuple))
                if not data:
                    # Deleted since the search, or refused by the server.
                    continue
                yield data
                server.allow(_RESPONSE_OVERHEAD)
                server.uid("STORE", uid, "+FLAGS", r"(\Seen)")
                if time.monotonic() > end:
                    return
    except _MALFORMED as error:
        if isinstance(error, UnicodeError):
            reason = "its user name and password must be plain ASCII"
        else:
            reason = Redactor(options.username, options.password)(str(error))
        # Without its cause, which would put the server's reply with the password into the log.
        raise MailError(f"The mailbox at {where} cannot be read: {reason}") from None
