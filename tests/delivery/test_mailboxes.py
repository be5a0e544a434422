"""An IMAP mailbox, played by a server that knows just enough."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from syndicate.delivery.mailboxes import ImapOptions, read_imap
from syndicate.errors import MailError

FOLDER = Path(__file__).parent
MESSAGES = {"7": b"Subject: one\r\n\r\nx", "9": b"Subject: two\r\n\r\ny"}


class Imap:
    """One connection: LOGIN, SELECT, SEARCH, FETCH, STORE. ``seen`` holds what was marked, in order."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(FOLDER / "localhost.pem")
        plain, _ = self._listener.accept()
        self._listener.close()
        try:
            connection = context.wrap_socket(plain, server_side=True)
        except OSError:
            plain.close()
            return
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"* OK ready\r\n")
            for line in lines:
                tag, *words = line.decode().split()
                answer, end = self._answer([word.upper() if n < 2 else word for n, word in enumerate(words)])
                connection.sendall(answer + f"{tag} {end} done\r\n".encode())
                if words[0].upper() == "LOGOUT":
                    return

    def _answer(self, words: list[str]) -> tuple[bytes, str]:
        match words:
            case ["CAPABILITY"]:
                return b"* CAPABILITY IMAP4rev1\r\n", "OK"
            case ["LOGIN", _, password] if "right" not in password:
                return b"", "NO wrong"
            case ["SELECT", folder] if folder != '"INBOX"':
                return b"", "NO no such folder"
            case ["SELECT", _]:
                return b"* 2 EXISTS\r\n", "OK"
            case ["UID", "SEARCH", *_]:
                return b"* SEARCH 7 9\r\n", "OK"
            case ["UID", "FETCH", uid, *_]:
                data = MESSAGES[uid]
                return b"* 1 FETCH (UID %b BODY[] {%d}\r\n%b)\r\n" % (uid.encode(), len(data), data), "OK"
            case ["UID", "STORE", uid, *_]:
                self.seen.append(uid)
                return b"", "OK"
            case ["LOGOUT"]:
                return b"* BYE\r\n", "OK"
            case _:
                return b"", "OK"


@pytest.fixture
def imap() -> Iterator[Imap]:
    server = Imap()
    server.thread.start()
    yield server
    server.thread.join()


def reading(imap: Imap, *, password: str = "right", folder: str = "INBOX") -> Iterator[bytes]:
    options = ImapOptions(host="127.0.0.1", port=imap.port, username="jo", password=password, folder=folder)
    return read_imap(options, ssl.create_default_context(cafile=FOLDER / "authority.pem"))


def test_messages_are_marked_only_when_the_next_one_is_asked_for(imap: Imap) -> None:
    messages = reading(imap)
    assert next(messages) == MESSAGES["7"]
    assert imap.seen == []
    assert next(messages) == MESSAGES["9"]
    assert imap.seen == ["7"]
    assert list(messages) == []
    assert imap.seen == ["7", "9"]


def test_a_refused_login_tells_no_password(imap: Imap) -> None:
    with pytest.raises(MailError, match="cannot be read") as caught:
        list(reading(imap, password="hunter2"))
    assert "hunter2" not in str(caught.value)


def test_a_folder_that_is_not_there_says_so(imap: Imap) -> None:
    with pytest.raises(MailError, match="no folder Nowhere"):
        list(reading(imap, folder="Nowhere"))


def test_a_certificate_nobody_vouches_for_is_refused(imap: Imap) -> None:
    with pytest.raises(MailError, match="cannot be read"):
        list(read_imap(ImapOptions(host="127.0.0.1", port=imap.port)))
