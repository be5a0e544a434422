"""Sending into a folder: every message becomes an ``.eml`` file that any mail program opens."""

import re
from collections.abc import Callable
from email import message_from_bytes
from email.errors import MessageError
from email.policy import default
from pathlib import Path

from syndicate.delivery.outgoing import NextMail, OutgoingMail, RecordResults, SendResult
from syndicate.errors import Deferred, MailError, Refused, RenderError, TransportDown
from syndicate.files import write_atomic
from syndicate.text.names import safe_name

_MESSAGE_ID = re.compile(rb"^Message-ID: *<([^>\r\n]+)>", re.IGNORECASE | re.MULTILINE)
# Ours differ in their first 60 characters.
_LONGEST_STEM = 90
_LONGEST_HEAD = 65_536


class FolderSender:
    """The same as over SMTP. Files are named by Message-ID: a second try overwrites the first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(
        self,
        next_mail: NextMail,
        record_results: RecordResults,
        *,
        backlog: int = 1,  # noqa: ARG002 a folder takes one after the other
        should_stop: Callable[[], bool] = lambda: False,
    ) -> TransportDown | None:
        """See ``parcels.Sender``. A disk that refuses one file defers that message only."""
        ended: list[SendResult] = []
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return TransportDown(f"The mail folder {self._folder} cannot be made: {error.strerror}")
        while not should_stop() and (mail := next_mail()) is not None:
            try:
                data = bytes(mail.render())
                path = self._folder / _file_name(data)
            except (MailError, RenderError) as error:
                ended.append(SendResult(mail=mail, error=error))
                continue
            ended = [_written(mail, path, data)] if mail.key in record_results(ended, [mail]) else []
        if ended:
            record_results(ended, [])
        return None


def _written(mail: OutgoingMail, path: Path, data: bytes) -> SendResult:
    try:
        write_atomic(path, data)
    except RenderError as error:
        reason = f"The message for {mail.recipient} could not be written: {error}"
        return SendResult(mail=mail, error=Deferred(reason))
    return SendResult(mail=mail)


def _file_name(data: bytes) -> str:
    found = _MESSAGE_ID.search(data.partition(b"\r\n\r\n")[0])
    if found is None:
        raise Refused("A message without a Message-ID cannot be written to a folder.")
    return safe_name(found[1].decode("ascii", "replace")[:_LONGEST_STEM]) + ".eml"


def mails_to(folder: Path, wanted: Callable[[str], bool]) -> list[Path]:
    """Return the mails of a folder; ``wanted`` is asked about each recipient's address."""
    if not folder.is_dir():
        return []
    files = (path for path in sorted(folder.glob("*.eml")) if path.is_file() and not path.is_symlink())
    return [path for path in files if any(map(wanted, _recipients(path)))]


def _recipients(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            head = file.read(_LONGEST_HEAD).partition(b"\r\n\r\n")[0]
        to = message_from_bytes(head + b"\r\n\r\n", policy=default)["To"]
        return [f"{address.username}@{address.domain}" for address in to.addresses] if to is not None else []
    except (OSError, MessageError, ValueError, IndexError):
        # What is no mail of ours is left alone.
        return []
