"""Where bounces wait: a Maildir, or a mailbox on an IMAP server. What was read is marked, never deleted."""

import imaplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from syndicate.delivery.bounces import LARGEST
from syndicate.errors import MailError

AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapOptions:
    """A mailbox; always over TLS, and the certificate is verified."""

    host: str
    port: int = 993
    username: str = ""
    password: str = field(default="", repr=False)
    folder: str = "INBOX"
    timeout: float = 60.0


def read_maildir(folder: Path) -> Iterator[bytes]:
    """New messages, at most 500; each is moved to ``cur`` as seen once the next one is asked for.

    ``MailError`` when the folder is no Maildir or cannot be read.
    """
    try:
        names = sorted(path.name for path in (folder / "new").iterdir())
        for name in names[:AT_ONCE]:
            with (folder / "new" / name).open("rb") as file:
                data = file.read(LARGEST)
            yield data
            (folder / "new" / name).rename(folder / "cur" / f"{name.partition(':')[0]}:2,S")
    except OSError as error:
        raise MailError(f"The Maildir {folder} cannot be read: {error.strerror}") from error


def read_imap(options: ImapOptions, context: ssl.SSLContext | None = None) -> Iterator[bytes]:
    """Unseen messages, at most 500; each is marked as seen once the next one is asked for.

    ``MailError`` when the server cannot be reached, refuses the login or has no such folder.
    """
    where = f"{options.host}:{options.port}"
    try:
        trust = context or ssl.create_default_context()
        with imaplib.IMAP4_SSL(
            options.host, options.port, ssl_context=trust, timeout=options.timeout
        ) as server:
            server.login(options.username, options.password)
            folder = options.folder.replace("\\", "\\\\").replace('"', '\\"')
            if server.select(f'"{folder}"')[0] != "OK":
                raise MailError(f"The mail server {where} has no folder {options.folder}.")
            numbers = server.uid("SEARCH", "UNSEEN")[1][0].split()
            for number in numbers[:AT_ONCE]:
                uid = number.decode("ascii")
                parts = server.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LARGEST}>)")[1]
                yield b"".join(part[1] for part in parts if isinstance(part, tuple))
                server.uid("STORE", uid, "+FLAGS", r"(\Seen)")
    except (OSError, imaplib.IMAP4.error) as error:
        reason = str(error).replace(options.password, "…") if options.password else str(error)
        raise MailError(f"The mailbox at {where} cannot be read: {reason}") from error
