"""Mailboxes for bounces: a Maildir or IMAP. Messages that were read are marked, never deleted."""

import imaplib
import logging
import os
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from syndicate.delivery.bounce_parser import LARGEST
from syndicate.delivery.bounded_imap import PatientImap
from syndicate.delivery.redaction import Redactor
from syndicate.errors import MailError

log = logging.getLogger("syndicate.bounces")

READING_TIME = 60.0
"""Seconds of one reading, what is done with the messages included. Time and no number: whoever sends
thousands of worthless ones, which cost little, must not keep back those that count."""
# What an IMAP server may add to a message that it sends.
_AROUND = 65_536
# Whatever an answer out of order makes of the standard library's client.
_NONSENSE = (OSError, imaplib.IMAP4.error, ValueError, LookupError, AttributeError, TypeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapOptions:
    """A mailbox; always over TLS, and the certificate is verified.

    In seconds: ``timeout`` for each step of an answer, ``patience`` for everything of one reading,
    ``reading_time`` after which no further message is asked for.
    """

    host: str
    port: int = 993
    username: str = ""
    password: str = field(default="", repr=False)
    folder: str = "INBOX"
    timeout: float = 60.0
    patience: float = 600.0
    reading_time: float = READING_TIME


def check_maildir(folder: Path) -> None:
    """Raise ``MailError`` when a folder is no Maildir, or one that this program cannot move messages in."""
    for path in (folder / "new", folder / "cur"):
        if not path.is_dir():
            raise MailError(f"The Maildir {folder} cannot be read: there is no folder {path}")
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            raise MailError(f"The Maildir {folder} cannot be read: {path} may not be read and written")


def read_maildir(folder: Path, reading_time: float = READING_TIME) -> Iterator[bytes]:
    """New messages, oldest first, until ``reading_time`` seconds have passed.

    Each is moved to ``cur`` as seen once the next one is asked for. What is no message, is gone meanwhile or
    cannot be read is passed over. ``MailError`` when the folder is no Maildir or cannot be written to.
    """
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
    """Yield the beginning of each message, oldest first; pipes are skipped, since reading one may block."""
    for path in sorted(new.iterdir()):
        if path.name.startswith(".") or not path.is_file():
            continue
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST)
        except FileNotFoundError:
            continue
        except OSError as error:
            log.warning("a message that came back cannot be read: %s", error)
            continue
        yield path, data


def read_imap(options: ImapOptions, context: ssl.SSLContext | None = None) -> Iterator[bytes]:
    """Unseen messages for ``reading_time`` seconds; each is marked as seen as the next is asked for.

    ``MailError`` when the server cannot be reached, refuses the login, has no such folder, takes longer than
    ``patience`` in all, or answers without end or sense.
    """
    where = f"{options.host}:{options.port}"
    end = time.monotonic() + options.reading_time
    try:
        with PatientImap(
            options.host,
            options.port,
            context=context or ssl.create_default_context(),
            timeout=options.timeout,
            patience=options.patience,
        ) as server:
            server.login(options.username, options.password)
            folder = options.folder.replace("\\", "\\\\").replace('"', '\\"')
            if server.select(f'"{folder}"')[0] != "OK":
                raise MailError(f"The mail server {where} has no folder {options.folder}.")
            found = server.uid("SEARCH", "UNSEEN")[1][0] or b""
            for number in filter(bytes.isdigit, found.split()):
                uid = number.decode("ascii")
                server.allow(LARGEST + _AROUND)
                parts = server.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LARGEST}>)")[1]
                data = b"".join(part[1] for part in parts if isinstance(part, tuple))
                if not data:
                    # It is gone meanwhile, or the server does not give it.
                    continue
                yield data
                server.allow(_AROUND)
                server.uid("STORE", uid, "+FLAGS", r"(\Seen)")
                if time.monotonic() > end:
                    return
    except _NONSENSE as error:
        if isinstance(error, UnicodeError):
            reason = "its user name and password must be plain ASCII"
        else:
            reason = Redactor(options.username, options.password)(str(error))
        # Without its cause: a log that shows it would show the server's words as well.
        raise MailError(f"The mailbox at {where} cannot be read: {reason}") from None
