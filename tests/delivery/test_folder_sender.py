from pathlib import Path

import pytest

from syndicate.delivery.folder_sender import FolderSender
from syndicate.delivery.outgoing import Message, OutgoingMail, send_one
from syndicate.errors import Deferred, Refused, TransportDown

MESSAGE = b"To: jo@example.org\r\nMessage-ID: <12.ab@example.com>\r\n\r\nHello\r\n"


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def mail(message: bytes) -> OutgoingMail:
    return OutgoingMail(
        key=1, sender="news@example.com", recipient="jo@example.org", render=lambda: Message.of(message)
    )


def send(folder: Path, message: bytes = MESSAGE) -> None:
    send_one(FolderSender(folder), mail(message))


def test_a_message_becomes_a_file_named_by_its_message_id(tmp_path: Path) -> None:
    send(tmp_path / "out" / "box")
    assert files(tmp_path / "out" / "box") == {"12.ab@example.com.eml": MESSAGE}


def test_D_a_second_try_overwrites_the_first(tmp_path: Path) -> None:
    send(tmp_path)
    send(tmp_path, MESSAGE + b"again\r\n")
    assert files(tmp_path) == {"12.ab@example.com.eml": MESSAGE + b"again\r\n"}


@pytest.mark.parametrize("allowed", [True, False])
def test_D_nothing_is_written_before_it_is_allowed(tmp_path: Path, allowed: bool) -> None:
    waiting, commits = [mail(MESSAGE)], []

    def record_results(ended, beginning):
        assert files(tmp_path) == {} or not beginning
        commits.append((len(ended), len(beginning)))
        return [mail.key for mail in beginning if allowed]

    assert FolderSender(tmp_path).run(lambda: waiting.pop() if waiting else None, record_results) is None
    assert len(files(tmp_path)) == allowed
    assert commits == [(0, 1), (1, 0)][: 1 + allowed]


@pytest.mark.parametrize("mark", [b"../../etc/passwd", b"a/b\\c", b".hidden", b"x" * 900, b"con"])
def test_no_message_id_leads_out_of_the_folder(tmp_path: Path, mark: bytes) -> None:
    folder = tmp_path / "box"
    send(folder, b"Message-ID: <" + mark + b">\r\n\r\nx\r\n")
    (name,) = files(folder)
    assert name.endswith(".eml")
    assert not name.startswith(".")
    assert [path.name for path in tmp_path.iterdir()] == ["box"]


def test_a_message_id_in_the_body_is_none(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="Message-ID"):
        send(tmp_path, b"To: x\r\n\r\nMessage-ID: <a@b>\r\n")


def test_a_folder_that_cannot_be_is_transport_down_before_the_claim(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(TransportDown, match="cannot be made"):
        send(tmp_path / "file" / "box")


def test_a_file_the_disk_refuses_is_deferred(tmp_path: Path) -> None:
    (tmp_path / "12.ab@example.com.eml").mkdir()
    with pytest.raises(Deferred, match=r"jo@example\.org"):
        send(tmp_path)
