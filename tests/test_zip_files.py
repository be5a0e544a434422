import io
import os
import struct
import zipfile
from pathlib import Path

import pytest

from syndicate import zip_files
from syndicate.errors import ParseError
from syndicate.zip_files import read_files


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as written:
        for name, data in files.items():
            written.writestr(name, data)
    return path


def test_an_archive_a_folder_and_a_file_give_names_and_bytes(tmp_path):
    files = {"posts.csv": b"a,b", "posts/1.one.html": b"<p>One", "picture.png": b"x"}
    for name, data in files.items():
        (place := tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    expected = [("posts.csv", b"a,b"), ("posts/1.one.html", b"<p>One")]
    wanted = {".csv", ".html"}
    assert list(read_files(archive(tmp_path / "export.zip", files), wanted)) == expected
    assert list(read_files(tmp_path / "folder", wanted)) == expected
    assert list(read_files(tmp_path / "folder" / "posts.csv", wanted)) == expected[:1]
    (tmp_path / "latest.csv").symlink_to(tmp_path / "folder" / "posts.csv")
    assert list(read_files(tmp_path / "latest.csv", wanted)) == [("latest.csv", b"a,b")]


def test_hidden_files_and_absolute_names_are_left_out(tmp_path):
    files = dict.fromkeys(("__MACOSX/._a.csv", ".b.csv", ".git/c.csv", "/etc/d.csv", "e.csv"), b"1")
    assert list(read_files(archive(tmp_path / "a.zip", files), {".csv"})) == [("e.csv", b"1")]


def test_a_link_in_a_folder_is_not_followed(tmp_path):
    (tmp_path / "secret").write_bytes(b"x")
    (folder := tmp_path / "folder").mkdir()
    (folder / "a.csv").symlink_to(tmp_path / "secret")
    with pytest.raises(ParseError, match=r"a\.csv|Cannot read"):
        list(read_files(folder, {".csv"}))


def test_a_link_that_the_operator_names_is_followed(tmp_path):
    (tmp_path / "list-7.csv").write_bytes(b"x")
    (tmp_path / "list.csv").symlink_to(tmp_path / "list-7.csv")
    assert list(read_files(tmp_path / "list.csv", {".csv"})) == [("list.csv", b"x")]


def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(ParseError, match="no regular file"):
        list(read_files(tmp_path, {".csv"}))


def test_a_zip_bomb_is_refused_before_it_unpacks(tmp_path):
    bomb = archive(tmp_path / "a.zip", {"a.csv": bytes(50_000_000)})
    with pytest.raises(ParseError, match="too many bytes"):
        list(read_files(bomb, {".csv"}))


def test_the_bytes_of_all_files_are_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(zip_files, "MAX_ALL_BYTES", 1_500)
    path = archive(tmp_path / "a.zip", {"a.csv": os.urandom(1_000), "b.csv": os.urandom(1_000)})
    with pytest.raises(ParseError, match=r"'b\.csv' unpacks to too many bytes"):
        list(read_files(path, {".csv"}))


def test_the_number_of_files_is_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(zip_files, "MAX_FILES", 2)
    path = archive(tmp_path / "a.zip", dict.fromkeys(("a.csv", "b.csv", "c.csv"), b""))
    with pytest.raises(ParseError, match="more than 2 files"):
        list(read_files(path, {".csv"}))
    for name in "abc":
        (tmp_path / f"{name}.csv").touch()
    with pytest.raises(ParseError, match="more than 2 files"):
        list(read_files(tmp_path, {".csv"}))


def test_a_list_of_entries_larger_than_any_real_list_is_refused(tmp_path):
    path = archive(tmp_path / "a.zip", {"a.csv": b"1"})
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rfind(b"PK\x05\x06") + 12, 21_000_000)
    path.write_bytes(bytes(data))
    with pytest.raises(ParseError, match="list of entries"):
        list(read_files(path, {".csv"}))


def test_an_encrypted_archive_is_named_as_such(tmp_path):
    path = archive(tmp_path / "a.zip", {"a.csv": b"1"})
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + offset] |= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ParseError, match="encrypted"):
        list(read_files(path, {".csv"}))


def test_a_damaged_archive_and_a_missing_path_raise_a_parse_error(tmp_path):
    whole = archive(tmp_path / "a.zip", {"a.csv": os.urandom(5_000)}).read_bytes()
    for place in range(40, 4_000, 97):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        (tmp_path / "b.zip").write_bytes(bytes(damaged))
        with pytest.raises(ParseError):
            list(read_files(tmp_path / "b.zip", {".csv"}))
    with pytest.raises(ParseError, match="Cannot read"):
        list(read_files(tmp_path / "nothing.csv", {".csv"}))


def test_an_empty_archive_has_no_files(tmp_path):
    buffer = io.BytesIO()
    zipfile.ZipFile(buffer, "w").close()
    (tmp_path / "a.zip").write_bytes(buffer.getvalue())
    assert list(read_files(tmp_path / "a.zip", {".csv"})) == []
