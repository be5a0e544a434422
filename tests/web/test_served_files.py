import os
from pathlib import Path

import pytest

from syndicate.web.served_files import FileChanged, OutputFolder, ServedFile


def find(folder: OutputFolder, path: Path, *, gzip: bool = False) -> ServedFile:
    served = folder.find(path, gzip=gzip)
    assert served is not None
    return served


def test_H1_an_etag_costs_no_second_reading(tmp_path, monkeypatch):
    page = tmp_path / "a.html"
    page.write_bytes(b"x" * 2000)
    folder = OutputFolder(tmp_path, cache_bytes=0)
    first = find(folder, page, gzip=True)
    monkeypatch.setattr(Path, "open", None)
    assert find(folder, page, gzip=True) == first


def test_bodies_are_kept_up_to_the_limit_and_the_oldest_go_first(tmp_path):
    folder = OutputFolder(tmp_path, cache_bytes=250)
    served = []
    for name in ("a.html", "b.html", "c.html"):
        (tmp_path / name).write_bytes(name.encode() * 16 + b"1234")
        served.append(find(folder, tmp_path / name))
    for name in ("a.html", "b.html", "c.html"):
        (tmp_path / name).unlink()
    assert folder.read(served[1]).startswith(b"b.html")
    assert folder.read(served[2]).startswith(b"c.html")
    with pytest.raises(FileNotFoundError):
        folder.read(served[0])


def test_H1_a_body_is_never_sent_under_the_etag_of_another(tmp_path):
    page = tmp_path / "a.html"
    page.write_bytes(b"old")
    folder = OutputFolder(tmp_path, cache_bytes=0)
    served = find(folder, page)
    fresh = tmp_path / "fresh"
    fresh.write_bytes(b"new")
    fresh.replace(page)
    with pytest.raises(FileChanged):
        folder.read(served)
    assert find(folder, page).etag != served.etag


def test_a_file_of_the_same_size_and_time_is_still_another_file(tmp_path):
    page, fresh = tmp_path / "a.html", tmp_path / "fresh"
    page.write_bytes(b"old")
    fresh.write_bytes(b"new")
    for path in (page, fresh):
        os.utime(path, (1, 1))
    folder = OutputFolder(tmp_path, cache_bytes=1000)
    before = find(folder, page)
    fresh.replace(page)
    after = find(folder, page)
    assert before.etag != after.etag
    assert folder.read(after) == b"new"
