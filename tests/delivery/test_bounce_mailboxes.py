"""A Maildir, and an IMAP mailbox, played by a server that knows just enough."""

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from syndicate.delivery.bounce_mailboxes import ImapOptions, read_imap, read_maildir
from syndicate.errors import MailError

FOLDER = Path(__file__).parent
MESSAGES = {"7": b"Subject: one\r\n\r\nx", "9": b"Subject: two\r\n\r\ny"}


class Imap:
    """One connection: LOGIN, SELECT, SEARCH, FETCH, STORE. ``seen`` holds what was marked, in order.

    ``odd`` holds what it answers to a command instead of the truth; what has no line's end goes on for ever.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.odd: dict[str, bytes] = {}
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
        # A client may leave at any moment.
        with suppress(OSError), connection, connection.makefile("rb") as lines:
            connection.sendall(b"* OK ready\r\n")
            for line in lines:
                tag, *words = line.decode().split()
                odd = self.odd.get(" ".join(words[: 1 + (words[0].upper() == "UID")]).upper())
                if odd is not None and not self._mislead(connection, odd, tag):
                    return
                if odd is not None:
                    continue
                answer, end = self._answer([word.upper() if n < 2 else word for n, word in enumerate(words)])
                connection.sendall(answer + f"{tag} {end} done\r\n".encode())
                if words[0].upper() == "LOGOUT":
                    return

    def _mislead(self, connection: ssl.SSLSocket, odd: bytes, tag: str) -> bool:
        """False when the client is gone."""
        if odd.endswith(b"\n"):
            connection.sendall(odd + f"{tag} OK done\r\n".encode())
            return True
        with suppress(OSError):
            while True:
                connection.sendall(odd * 1000)
        return False

    def _answer(self, words: list[str]) -> tuple[bytes, str]:
        match words:
            case ["CAPABILITY"]:
                return b"* CAPABILITY IMAP4rev1\r\n", "OK"
            case ["LOGIN", _, password] if "right" not in password:
                return b"", f"NO wrong: LOGIN jo {password}"
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


def reading(
    imap: Imap,
    *,
    password: str = "right",
    folder: str = "INBOX",
    total_timeout: float = 600.0,
    reading_time: float = 60.0,
) -> Iterator[bytes]:
    options = ImapOptions(
        host="127.0.0.1",
        port=imap.port,
        username="jo",
        password=password,
        folder=folder,
        total_timeout=total_timeout,
        reading_time=reading_time,
    )
    return read_imap(options, ssl.create_default_context(cafile=FOLDER / "authority.pem"))


def test_messages_are_marked_only_when_the_next_one_is_asked_for(imap: Imap) -> None:
    messages = reading(imap)
    assert next(messages) == MESSAGES["7"]
    assert imap.seen == []
    assert next(messages) == MESSAGES["9"]
    assert imap.seen == ["7"]
    assert list(messages) == []
    assert imap.seen == ["7", "9"]


def test_what_is_left_after_the_time_of_one_reading_stays_unseen(imap: Imap) -> None:
    assert list(reading(imap, reading_time=0)) == [MESSAGES["7"]]
    assert imap.seen == ["7"]


@pytest.mark.parametrize("password", ["hunter2", 'hun"ter\\2', "hünter2"])
def test_a_refused_login_tells_no_password(imap: Imap, password: str) -> None:
    with pytest.raises(MailError, match="cannot be read") as caught:
        list(reading(imap, password=password))
    assert "wrong" in str(caught.value) or "plain ASCII" in str(caught.value)
    assert "ter" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_folder_that_is_not_there_says_so(imap: Imap) -> None:
    with pytest.raises(MailError, match="no folder Nowhere"):
        list(reading(imap, folder="Nowhere"))


def test_a_certificate_nobody_vouches_for_is_refused(imap: Imap) -> None:
    with pytest.raises(MailError, match="cannot be read"):
        list(read_imap(ImapOptions(host="127.0.0.1", port=imap.port)))


@pytest.mark.parametrize("command", ["CAPABILITY", "LOGIN", "SELECT", "UID SEARCH", "UID FETCH"])
@pytest.mark.parametrize("answer", [b"* x", b"* 1 EXISTS", b"x" * 100])
@pytest.mark.sampled(4)
def test_an_answer_without_end_is_left(imap: Imap, command: str, answer: bytes) -> None:
    imap.odd[command] = answer
    with pytest.raises(MailError, match="without end"):
        list(reading(imap))


@pytest.mark.parametrize("size", [b"5000000", b"99999999999999999999"])
def test_a_message_longer_than_was_asked_for_is_left_before_it_is_read(imap: Imap, size: bytes) -> None:
    imap.odd["UID FETCH"] = b"* 1 FETCH (UID 7 BODY[] {%b}\r\n" % size
    with pytest.raises(MailError, match="without end"):
        list(reading(imap))


@pytest.mark.parametrize(
    "answer",
    [
        b"* SEARCH x -1 7) \xff 0x9\r\n",
        b"* SEARCH\r\n",
        b"* 3 EXISTS\r\n",
        b"* \xff\xfe \xff\r\n",
        b"\r\n",
        b"zz OK zz\r\n",
    ],
)
@pytest.mark.parametrize("command", ["CAPABILITY", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE"])
@pytest.mark.sampled(10)
def test_an_answer_without_sense_ends_the_reading_and_no_more(
    imap: Imap, command: str, answer: bytes
) -> None:
    imap.odd[command] = answer
    with suppress(MailError):
        assert set(reading(imap)) <= set(MESSAGES.values())


def test_a_message_that_the_server_does_not_give_is_passed_over_and_stays_unseen(imap: Imap) -> None:
    imap.odd["UID FETCH"] = b"* 3 EXISTS\r\n"
    assert list(reading(imap)) == []
    assert imap.seen == []


def test_a_reading_has_its_time(imap: Imap) -> None:
    with pytest.raises(MailError, match="took too long"):
        list(reading(imap, total_timeout=0.0))


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_what_is_left_of_a_maildir_after_the_time_of_one_reading_waits(maildir: Path) -> None:
    for name in ("1", "2"):
        (maildir / "new" / name).write_bytes(b"Subject: one\r\n\r\nx")
    assert len(list(read_maildir(maildir, reading_time=0))) == 1
    assert [path.name for path in (maildir / "new").iterdir()] == ["2"]


def test_what_is_no_message_of_a_maildir_stands_in_the_way_of_none(maildir: Path) -> None:
    new = maildir / "new"
    (new / "0.folder").mkdir()
    os.mkfifo(new / "1.pipe")
    (new / "2.nowhere").symlink_to("missing")
    (new / ".hidden").write_bytes(b"hidden")
    (new / "3.message").write_bytes(b"one")
    (new / "4.message").write_bytes(b"two")
    messages = read_maildir(maildir)
    assert next(messages) == b"one"
    (new / "4.message").unlink()
    assert list(messages) == []
    assert [path.name for path in (maildir / "cur").iterdir()] == ["3.message:2,S"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_message_that_may_not_be_read_stands_in_the_way_of_none(maildir: Path) -> None:
    for name in ("1", "2"):
        (maildir / "new" / name).write_bytes(name.encode())
    (maildir / "new" / "1").chmod(0)
    assert list(read_maildir(maildir)) == [b"2"]


def test_a_folder_that_is_no_maildir_says_so(tmp_path: Path) -> None:
    with pytest.raises(MailError, match="cannot be read"):
        list(read_maildir(tmp_path))
