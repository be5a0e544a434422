import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from syndicate.errors import RenderError, StoreBusy, StoreError
from syndicate.files import file_lock, sweep_temporary, temporary_folder, write_atomic, write_page


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_with_the_folders_above_it(tmp_path):
    path = tmp_path / "feeds" / "top" / "all.rss"
    assert write_atomic(path, b"<rss/>") is True
    assert path.read_bytes() == b"<rss/>"
    assert names_in(path.parent) == ["all.rss"]


@pytest.mark.parametrize("write", [write_atomic, write_page])
def test_equal_bytes_are_not_written_again(tmp_path, write):
    path = tmp_path / "all.rss"
    write(path, b"one")
    before = path.stat()
    assert write(path, b"one") is False
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert write(path, b"two") is True
    assert path.read_bytes() == b"two"


def test_whoever_has_the_old_file_open_reads_it_to_its_end(tmp_path):
    path = tmp_path / "all.rss"
    write_atomic(path, b"old" * 1000)
    with path.open("rb") as reader:
        start = reader.read(3)
        write_atomic(path, b"new" * 5000)
        assert start + reader.read() == b"old" * 1000


def test_the_data_is_on_the_disk_before_the_name_points_to_it(tmp_path, monkeypatch):
    calls: list[str] = []
    sync, replace = os.fsync, os.replace

    def recorded_sync(descriptor: int) -> None:
        calls.append("fsync")
        sync(descriptor)

    def recorded_replace(source: str, target: str) -> None:
        calls.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", recorded_sync)
    monkeypatch.setattr(os, "replace", recorded_replace)
    write_atomic(tmp_path / "a", b"1")
    assert calls == ["fsync", "rename", "fsync"]
    calls.clear()
    write_page(tmp_path / "a", b"2")
    assert calls == ["rename"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_write_that_fails_leaves_the_old_file_and_says_why(tmp_path, monkeypatch, number):
    path = tmp_path / "all.rss"
    write_atomic(path, b"old")

    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(RenderError, match=os.strerror(number)) as caught:
        write_atomic(path, b"new")
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["all.rss"]


def test_a_folder_in_the_way_is_a_readable_error(tmp_path):
    (tmp_path / "all.rss").mkdir()
    with pytest.raises(RenderError, match=r"all\.rss"):
        write_atomic(tmp_path / "all.rss", b"x")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RenderError, match="file"):
        write_atomic(tmp_path / "file" / "all.rss", b"x")


def test_a_name_as_long_as_the_file_system_allows_can_be_written(tmp_path):
    assert write_atomic(tmp_path / ("é" * 127), b"x")


def test_what_killed_writers_left_is_swept_and_nothing_else(tmp_path):
    inner = tmp_path / "site" / "articles"
    inner.mkdir(parents=True)
    (inner / ".a.html.0123456789ab.tmp").write_bytes(b"half")
    (tmp_path / ".all.rss.ba9876543210.tmp").write_bytes(b"half")
    kept = [tmp_path / "notes.tmp", tmp_path / ".theirs.tmp", tmp_path / ".htaccess", inner / "a.html"]
    for path in kept:
        path.write_bytes(b"kept")
    assert sweep_temporary(tmp_path) == 2
    assert all(path.exists() for path in kept)
    assert sweep_temporary(tmp_path) == 0
    assert sweep_temporary(tmp_path / "missing") == 0


def test_a_writer_killed_in_the_middle_leaves_only_what_is_swept(tmp_path):
    path = tmp_path / "all.rss"
    write_atomic(path, b"old")
    script = (
        "import os, pathlib, sys\n"
        "from syndicate.files import write_atomic\n"
        "os.replace = lambda *_: os.kill(os.getpid(), 9)\n"
        "write_atomic(pathlib.Path(sys.argv[1]), b'new')\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False, timeout=120)
    assert done.returncode == -9
    assert path.read_bytes() == b"old"
    assert sweep_temporary(tmp_path) == 1
    assert names_in(tmp_path) == ["all.rss"]


def test_a_second_holder_is_refused_and_told_who_has_it(tmp_path):
    path = tmp_path / "store.lock"
    with (
        file_lock(path),
        pytest.raises(StoreBusy, match=f"process {os.getpid()}"),
        file_lock(path),
    ):
        pass
    with file_lock(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_a_lock_is_free_again_also_after_an_error(tmp_path):
    path = tmp_path / "deep" / "store.lock"
    with pytest.raises(KeyError), file_lock(path):
        raise KeyError
    with file_lock(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_SF6_the_lock_of_a_killed_process_is_free(tmp_path):
    path = tmp_path / "store.lock"
    script = (
        "import os, pathlib, sys\n"
        "from syndicate.files import file_lock\n"
        "with file_lock(pathlib.Path(sys.argv[1])):\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False, timeout=120)
    assert done.returncode == -9
    with file_lock(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_a_lock_that_cannot_be_opened_is_a_store_error(tmp_path):
    (tmp_path / "store.lock").mkdir()
    with pytest.raises(StoreError, match=r"store\.lock"), file_lock(tmp_path / "store.lock"):
        pass


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


KILLED = """
import os, signal, sys, tempfile
from syndicate.files import temporary_folder
tempfile.tempdir = sys.argv[1]
with temporary_folder("ours-") as folder:
    (folder / "past.db").write_bytes(b"x")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_temporary_folder_goes_with_its_contents_at_the_end(temporary):
    with temporary_folder("ours-") as folder:
        (folder / "past.db").write_bytes(b"x")
        assert folder.parent == temporary
    assert names_in(temporary) == []


def test_what_a_killed_process_left_goes_and_what_is_in_use_stays(temporary):
    subprocess.run([sys.executable, "-c", KILLED, temporary], check=False)
    (left,) = names_in(temporary)
    with temporary_folder("ours-") as one, temporary_folder("ours-") as two:
        assert names_in(temporary) == sorted((one.name, two.name))
        assert left not in names_in(temporary)


def test_only_folders_of_that_name_are_taken_for_leftovers(temporary):
    (temporary / "elsewhere").mkdir()
    (temporary / "elsewhere" / "kept").write_bytes(b"x")
    (temporary / "ours-abcdefg1").symlink_to("elsewhere")
    (temporary / "ours-abcdefg2").write_bytes(b"a file")
    (temporary / "ours-by-hand").mkdir()
    (temporary / "theirs-abcdefg3").mkdir()
    before = names_in(temporary)
    with temporary_folder("ours-"):
        pass
    assert names_in(temporary) == before
    assert names_in(temporary / "elsewhere") == ["kept"]
