"""Sender into a folder: every message becomes an ``.eml`` file that any mail program opens."""

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
# Message-IDs differ in their first 60 characters.
_MAX_STEM_LENGTH = 90
_MAX_HEAD_BYTES = 65_536


class FolderSender:
    """``Sender`` into a folder. Files are named by Message-ID: a retry overwrites the first file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(
        self,
        next_mail: NextMail,
        record_results: RecordResults,
        *,
        backlog: int = 1,  # noqa: ARG002 a folder has no connections
        should_stop: Callable[[], bool] = lambda: False,
    ) -> TransportDown | None:
        """Write files; see ``outgoing.Sender``. A file that cannot be written defers its message only."""
        results: list[SendResult] = []
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return TransportDown(f"The mail folder {self._folder} cannot be made: {error.strerror}")
        while not should_stop() and (mail := next_mail()) is not None:
            try:
                data = bytes(mail.render())
                path = self._folder / _file_name(data)
            except (MailError, RenderError) as error:
                results.append(SendResult(mail=mail, error=error))
                continue
            results = [_write(mail, path, data)] if mail.key in record_results(results, [mail]) else []
        if results:
            record_results(results, [])
        return None


def _write(mail: OutgoingMail, path: Path, data: bytes) -> SendResult:
    try:
        write_atomic(path, data)
    except RenderError as error:
        reason = f"The message for {mail.recipient} could not be written: {error}"
        return SendResult(mail=mail, error=Deferred(reason))
    return SendResult(mail=mail)


def _file_name(data: bytes) -> str:
    match = _MESSAGE_ID.search(data.partition(b"\r\n\r\n")[0])
    if match is None:
        raise Refused("A message without a Message-ID cannot be written to a folder.")
    return safe_name(match[1].decode("ascii", "replace")[:_MAX_STEM_LENGTH]) + ".eml"


def mails_to(folder: Path, matches: Callable[[str], bool]) -> list[Path]:
    """Return the mails of a folder that have a recipient for whose address ``matches`` returns true."""
    if not folder.is_dir():
        return []
    files = (path for path in sorted(folder.glob("*.eml")) if path.is_file() and not path.is_symlink())
    return [path for path in files if any(map(matches, _recipients(path)))]


def _recipients(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            head = file.read(_MAX_HEAD_BYTES).partition(b"\r\n\r\n")[0]
        to = message_from_bytes(head + b"\r\n\r\n", policy=default)["To"]
        return [f"{address.username}@{address.domain}" for address in to.addresses] if to is not None else []
    except (OSError, MessageError, ValueError, IndexError):
        # The file is not a mail of this program.
        return []
