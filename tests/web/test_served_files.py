import os
from pathlib import Path

import pytest

from syndicate.published_files import FileChanged, PublishedFiles
from syndicate.web.readers.served_files import OutputFolder, ServedFile


def find(folder: OutputFolder, path: str, *, gzip: bool = False) -> ServedFile:
    served = folder.find(path, gzip=gzip)
    assert served is not None
    return served


def test_H1_an_etag_costs_no_second_reading(tmp_path, monkeypatch):
    (tmp_path / "a.html").write_bytes(b"x" * 2000)
    folder = OutputFolder(PublishedFiles(tmp_path), cache_bytes=0)
    first = find(folder, "/a.html", gzip=True)
    monkeypatch.setattr(Path, "open", None)
    assert find(folder, "/a.html", gzip=True) == first


def test_bodies_are_kept_up_to_the_limit_and_the_oldest_go_first(tmp_path):
    folder = OutputFolder(PublishedFiles(tmp_path), cache_bytes=250)
    served = []
    for name in ("a.html", "b.html", "c.html"):
        (tmp_path / name).write_bytes(name.encode() * 16 + b"1234")
        served.append(find(folder, f"/{name}"))
    for name in ("a.html", "b.html", "c.html"):
        (tmp_path / name).unlink()
    assert folder.read(served[1]).startswith(b"b.html")
    assert folder.read(served[2]).startswith(b"c.html")
    assert folder.cached_body(served[0]) is None
    with pytest.raises(FileNotFoundError):
        folder.read(served[0])


def test_H1_a_body_is_never_sent_under_the_etag_of_another(tmp_path):
    page = tmp_path / "a.html"
    page.write_bytes(b"old")
    folder = OutputFolder(PublishedFiles(tmp_path), cache_bytes=0)
    served = find(folder, "/a.html")
    fresh = tmp_path / "fresh"
    fresh.write_bytes(b"new")
    fresh.replace(page)
    with pytest.raises(FileChanged):
        folder.read(served)
    assert find(folder, "/a.html").etag != served.etag


def test_a_file_of_the_same_size_and_time_is_still_another_file(tmp_path):
    page, fresh = tmp_path / "a.html", tmp_path / "fresh"
    page.write_bytes(b"old")
    fresh.write_bytes(b"new")
    for path in (page, fresh):
        os.utime(path, (1, 1))
    folder = OutputFolder(PublishedFiles(tmp_path), cache_bytes=1000)
    before = find(folder, "/a.html")
    fresh.replace(page)
    assert folder.known("/a.html", gzip=False) is None
    after = find(folder, "/a.html")
    assert before.etag != after.etag
    assert folder.read(after) == b"new"


@pytest.mark.parametrize("change", ["removed", "link to another file", "link out of the folder"])
def test_a_file_is_known_until_its_name_leads_elsewhere(tmp_path, change):
    root = tmp_path / "feeds"
    root.mkdir()
    page, other, outside = root / "a.html", root / "b.html", tmp_path / "secret.html"
    for path in (page, other, outside):
        path.write_bytes(b"page")
        os.utime(path, (1, 1))
    folder = OutputFolder(PublishedFiles(root), cache_bytes=1000)
    served = find(folder, "/a.html")
    assert folder.known("/a.html", gzip=False) is served
    assert folder.known("/a.html", gzip=True) is None
    page.unlink()
    if change != "removed":
        page.symlink_to(other if change == "link to another file" else outside)
    assert folder.known("/a.html", gzip=False) is None
    assert (folder.find("/a.html", gzip=False) is not None) is (change == "link to another file")
