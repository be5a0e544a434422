"""Sending into a folder: every message becomes an ``.eml`` file that any mail program opens."""

import re
from collections.abc import Callable
from pathlib import Path

from syndicate.errors import Deferred, RenderError, TransportDown
from syndicate.files import write_atomic
from syndicate.text.names import safe_name

_MESSAGE_ID = re.compile(rb"^Message-ID: *<([^>\r\n]+)>", re.IGNORECASE | re.MULTILINE)
# Ours differ in their first 60 characters.
_LONGEST_STEM = 90


class FolderTransport:
    """The same ``send`` as over SMTP. Files are named by Message-ID: a second try overwrites the first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(
        self,
        sender: str,  # noqa: ARG002 a file has no envelope
        recipient: str,
        claim: Callable[[], bool],
        body: bytes,
    ) -> bool:
        """Write one message; ``True`` once it is on disk, ``False`` (and no file) when ``claim`` says no.

        Raises ``TransportDown`` when there is no folder to write to (``claim`` was not called), and
        ``Deferred`` when the disk refuses the file.
        """
        path = self._folder / self._name(body)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TransportDown(f"The mail folder {self._folder} cannot be made: {error.strerror}") from error
        if not claim():
            return False
        try:
            write_atomic(path, body)
        except RenderError as error:
            raise Deferred(f"The message for {recipient} could not be written: {error}") from error
        return True

    def close(self) -> None:
        """Nothing to do; a folder needs no goodbye."""

    def _name(self, data: bytes) -> str:
        head = data.partition(b"\r\n\r\n")[0]
        found = _MESSAGE_ID.search(head)
        if found is None:
            raise TransportDown("A message without a Message-ID cannot be written to a folder.")
        return safe_name(found[1].decode("ascii", "replace")[:_LONGEST_STEM]) + ".eml"
