from pathlib import Path

import pytest

from syndicate.delivery.folder import FolderTransport
from syndicate.errors import Deferred, TransportDown

MESSAGE = b"To: jo@example.org\r\nMessage-ID: <12.ab@example.com>\r\n\r\nHello\r\n"


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def send(folder: Path, message: bytes = MESSAGE, *, claimed: bool = True) -> bool:
    return FolderTransport(folder).send("news@example.com", "jo@example.org", lambda: claimed, message)


def test_a_message_becomes_a_file_named_by_its_message_id(tmp_path: Path) -> None:
    assert send(tmp_path / "out" / "box")
    assert files(tmp_path / "out" / "box") == {"12.ab@example.com.eml": MESSAGE}


def test_D_a_second_try_overwrites_the_first(tmp_path: Path) -> None:
    send(tmp_path)
    assert send(tmp_path, MESSAGE + b"again\r\n")
    assert files(tmp_path) == {"12.ab@example.com.eml": MESSAGE + b"again\r\n"}


def test_D_without_a_claim_nothing_is_written(tmp_path: Path) -> None:
    assert not send(tmp_path, claimed=False)
    assert files(tmp_path) == {}


def test_D_the_claim_comes_before_the_file(tmp_path: Path) -> None:
    def claim() -> bool:
        assert files(tmp_path) == {}
        return True

    assert FolderTransport(tmp_path).send("news@example.com", "jo@example.org", claim, MESSAGE)
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize("mark", [b"../../etc/passwd", b"a/b\\c", b".hidden", b"x" * 900, b"con"])
def test_no_message_id_leads_out_of_the_folder(tmp_path: Path, mark: bytes) -> None:
    folder = tmp_path / "box"
    assert send(folder, b"Message-ID: <" + mark + b">\r\n\r\nx\r\n")
    (name,) = files(folder)
    assert name.endswith(".eml")
    assert not name.startswith(".")
    assert [path.name for path in tmp_path.iterdir()] == ["box"]


def test_a_message_id_in_the_body_is_none(tmp_path: Path) -> None:
    with pytest.raises(TransportDown, match="Message-ID"):
        send(tmp_path, b"To: x\r\n\r\nMessage-ID: <a@b>\r\n")


def test_a_folder_that_cannot_be_is_transport_down_before_the_claim(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    def claim() -> bool:
        raise AssertionError("asked too early")

    with pytest.raises(TransportDown, match="cannot be made"):
        FolderTransport(tmp_path / "file" / "box").send("news@example.com", "jo@example.org", claim, MESSAGE)


def test_a_file_the_disk_refuses_is_deferred(tmp_path: Path) -> None:
    (tmp_path / "12.ab@example.com.eml").mkdir()
    with pytest.raises(Deferred, match=r"jo@example\.org"):
        send(tmp_path)
