"""`syndicate demo` from the outside: what it makes in a folder, and what it says about it."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import feedparser
import pytest
from click.testing import CliRunner

from syndicate.cli.demo_command import demo
from syndicate.files import file_lock

NOW = "2026-11-24T09:00:00+00:00"


def run_demo(*arguments: str) -> str:
    """The output of the command, which must end well."""
    result = CliRunner().invoke(demo, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "news"


@pytest.fixture(scope="module")
def made(folder: Path) -> Any:
    """The demo's own report, as one JSON object."""
    return json.loads(run_demo("--out", str(folder), "--now", NOW, "--json"))


def read(folder: Path, name: str) -> str:
    return (folder / "feeds" / name).read_text("utf-8")


def items_of(folder: Path) -> dict[str, Any]:
    """The items of the JSON feed of all news, and of the top, by title."""
    items = [
        item
        for name in ("news", "kestrel-valley", "science", "arabic", "top")
        for item in json.loads(read(folder, f"{name}.json"))["items"]
    ]
    return {item["title"]: item for item in items}


def test_the_report_counts_a_whole_newsroom(made):
    counts = made["counts"]
    at_least = {"sources": 8, "articles": 60, "stories": 20, "stories_several_sources": 7, "duplicates": 2}
    assert {name: counts[name] for name in at_least if counts[name] < at_least[name]} == {}
    assert counts["editions"] == 2
    assert (counts["deliveries"], counts["sent"]) == (3, 3)


def test_every_path_in_the_report_is_a_file(made):
    paths = [path for kind in ("feeds", "pages", "editions", "messages") for path in made[kind]]
    assert min(len(made[kind]) for kind in ("feeds", "pages", "editions", "messages")) >= 3
    assert [path for path in paths if not Path(path).is_file()] == []


def test_a_second_poll_brings_nothing_new_and_rewrites_nothing(made):
    assert made["counts"]["second_poll_new"] == 0
    assert made["counts"]["second_poll_rewritten"] == 0


def test_the_broken_and_the_moved_source_are_named_and_the_rest_of_the_broken_one_is_kept(made, folder):
    broken, moved = made["warnings"]
    assert broken.startswith("Eastside Gazette: ")
    assert moved == "Valley Radio: moved permanently to /valley-radio/rss/news.xml"
    assert "Council to decide on new" not in read(folder, "news.json")


@pytest.mark.parametrize("name", ["news", "top", "trending", "science", "kestrel-valley", "arabic"])
def test_every_feed_is_well_formed_and_has_items(made, folder, name):
    for kind in ("rss", "atom"):
        parsed = feedparser.parse((folder / "feeds" / f"{name}.{kind}").read_bytes())
        assert not parsed.bozo
        assert parsed.entries
    assert json.loads(read(folder, f"{name}.json"))["version"] == "https://jsonfeed.org/version/1.1"


def test_names_and_titles_with_odd_characters_survive_the_whole_way(made, folder):
    items = items_of(folder)
    authors = {author["name"] for item in items.values() for author in item.get("authors", ())}
    assert {"Siobhán O'Dwyer", "Zoë Łukasiewicz", "ليلى المنصوري"} <= authors
    assert "Coffee at a record: roasters turn to chicory & patience" in items


@pytest.mark.all
def test_tracking_parameters_are_gone(made, folder):
    assert not re.search(r"utm_|fbclid", read(folder, "news.json"))


def test_an_arabic_article_is_written_from_right_to_left(made, folder):
    pages = [path.read_text("utf-8") for path in (folder / "feeds" / "site" / "articles").rglob("*.html")]
    (page,) = (page for page in pages if "<title>فيضان نهر سِن يغمر شوارع" in page)
    assert '<article lang="ar" dir="rtl"' in page


def test_furniture_of_the_copied_page_is_not_in_the_article(made, folder):
    text = items_of(folder)["Port Ellery strike: what both sides want before tonight's talks"]["content_html"]
    assert "museum ship Albatross" in text
    assert "Font Size" not in text
    assert "Follow us" not in text


def test_the_digest_lies_beside_the_messages_for_looking_at(made, folder):
    assert [Path(path).name for path in made["editions"]] == [
        "digest.html",
        "digest.txt",
        "digest-arabic.html",
        "digest-arabic.txt",
    ]
    assert 'dir="rtl"' in (folder / "digest-arabic.html").read_text("utf-8")
    assert "4 Customs Quay" in (folder / "digest.txt").read_text("utf-8")


@pytest.mark.all
def test_a_second_demo_replaces_the_first_and_leaves_other_files_alone(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = run_demo("--out", "out", "--now", NOW).splitlines()
    assert [line for line in lines if len(line) > 80 and "out/" not in line] == []
    assert "digest    out/digest.html" in lines
    Path("out/my-notes.txt").write_text("mine")
    again = json.loads(run_demo("--out", "out", "--now", "2026-11-25T17:30:00+00:00", "--json"))
    same = ("sources", "articles", "editions", "deliveries", "sent", "duplicates")
    assert {name: again["counts"][name] for name in same} == {name: made["counts"][name] for name in same}
    assert len(list(Path("out/outbox").iterdir())) == again["counts"]["sent"]
    assert Path("out/my-notes.txt").read_text() == "mine"


def test_a_folder_with_somebodys_own_configuration_is_left_alone(tmp_path):
    (tmp_path / "config.toml").write_text("mine")
    result = CliRunner().invoke(demo, ["--out", str(tmp_path)])
    assert "has a config.toml that no demo made; choose another folder with --out" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_a_folder_in_use_is_left_alone(tmp_path):
    with file_lock(tmp_path / "syndicate.db.lock"):
        result = CliRunner().invoke(demo, ["--out", str(tmp_path)])
    assert "is held by process" in str(result.exception)


@pytest.mark.all
def test_serve_answers_pages_searches_feeds_and_publishers_until_it_is_told_to_stop(tmp_path):
    command = [sys.executable, "-m", "syndicate", "demo", "--out", str(tmp_path / "out"), "--serve"]
    path = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        try:
            url = next(line.split()[1] for line in process.stdout if line.startswith("serving"))
            assert "The Tidewater Reader" in fetch(f"{url}site/")
            assert "<mark>" in fetch(f"{url}search?q=flood")
            feed = feedparser.parse(fetch(f"{url}news.rss").encode())
            assert "<h1>" in fetch(next(entry.link for entry in feed.entries if "/site/" not in entry.link))
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return str(answer.read().decode())
