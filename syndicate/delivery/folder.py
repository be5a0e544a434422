"""Sending into a folder: every message becomes an ``.eml`` file that any mail program opens."""

import re
from collections.abc import Callable
from pathlib import Path

from syndicate.delivery.parcels import Ended, Parcel, Settle, Take
from syndicate.errors import Deferred, MailError, Refused, RenderError, TransportDown
from syndicate.files import write_atomic
from syndicate.text.names import safe_name

_MESSAGE_ID = re.compile(rb"^Message-ID: *<([^>\r\n]+)>", re.IGNORECASE | re.MULTILINE)
# Ours differ in their first 60 characters.
_LONGEST_STEM = 90


class FolderSender:
    """The same as over SMTP. Files are named by Message-ID: a second try overwrites the first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(
        self,
        take: Take,
        settle: Settle,
        *,
        backlog: int = 1,  # noqa: ARG002 a folder takes one after the other
        stopping: Callable[[], bool] = lambda: False,
    ) -> TransportDown | None:
        """See ``parcels.Sender``. A disk that refuses one file defers that message only."""
        ended: list[Ended] = []
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return TransportDown(f"The mail folder {self._folder} cannot be made: {error.strerror}")
        while not stopping() and (parcel := take()) is not None:
            try:
                data = b"".join(parcel.render())
                path = self._folder / _file_name(data)
            except (MailError, RenderError) as error:
                ended.append(Ended(parcel=parcel, error=error))
                continue
            ended = [_written(parcel, path, data)] if parcel.key in settle(ended, [parcel]) else []
        if ended:
            settle(ended, [])
        return None


def _written(parcel: Parcel, path: Path, data: bytes) -> Ended:
    try:
        write_atomic(path, data)
    except RenderError as error:
        reason = f"The message for {parcel.recipient} could not be written: {error}"
        return Ended(parcel=parcel, error=Deferred(reason))
    return Ended(parcel=parcel)


def _file_name(data: bytes) -> str:
    found = _MESSAGE_ID.search(data.partition(b"\r\n\r\n")[0])
    if found is None:
        raise Refused("A message without a Message-ID cannot be written to a folder.")
    return safe_name(found[1].decode("ascii", "replace")[:_LONGEST_STEM]) + ".eml"
