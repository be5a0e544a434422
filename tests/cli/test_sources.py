"""The commands for sources, as a person or a script uses them."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import Run
from tests.empty_stores import write_empty_store
from tests.jobs.room import item, rss
from tests.net.scripted_server import Answer, ScriptedServer, answer

CONFIG = """
[http]
allow_private = ["127.0.0.1"]
host_gap = 0
[[sources]]
name = "Declared"
url = "desk"
"""
PAGE = b"""<title>The Harbour</title>
<link rel="alternate" type="application/rss+xml" title="All" href="/all">
<link rel="alternate" type="application/rss+xml" title="Sea" href="/sea">"""
ANSWERS: dict[str, Answer] = {
    "/": answer(200, PAGE),
    "/all": answer(200, rss(item(1), item(2), title="Harbour News")),
    "/sea": answer(200, rss(item(3), title="Sea News")),
}


@pytest.fixture
def room(run: Run, tmp_path: Path) -> Run:
    (tmp_path / "config.toml").write_text(CONFIG, "utf-8")
    write_empty_store(tmp_path)
    (tmp_path / "desk").mkdir()
    return run


@pytest.mark.all
def test_add_shows_the_feeds_of_a_page_and_adds_the_chosen_one(room: Run, tmp_path: Path):
    before = (tmp_path / "config.toml").read_bytes()
    with ScriptedServer(dict(ANSWERS)) as server:
        shown = room("sources add", server.url("/"))
        assert (shown.code, "Title 1" in shown.out, "--yes" in shown.err) == (1, True, True)
        added = room("sources add --choose 2 --section sea", server.url("/"))
        assert (added.code, added.out.splitlines()[-1].startswith("Sea News is added")) == (0, True)
        again = room("sources add --yes", server.url("/sea"))
        assert (again.code, "Sea News" in again.err) == (1, True)
        assert room("ingest").code == 0
    listed = {one["name"]: one for one in room("sources list --json").json["sources"]}
    assert {name: (one["origin"], one["articles"]) for name, one in listed.items()} == {
        "Declared": ("config", 0),
        "Sea News": ("store", 1),
    }
    assert (tmp_path / "config.toml").read_bytes() == before


@pytest.mark.all
def test_add_takes_the_sitemap_of_a_site_without_a_feed_and_reads_its_pages(room: Run):
    text = "".join(f"<p>On day {day} the ferry sailed at {day} past nine.</p>" for day in range(20))
    head = '<title>First ferry sails</title><meta property="og:type" content="article">'
    story = (
        f"<html><head>{head}</head><body><article><h1>First ferry sails</h1>{text}</article></body></html>"
    )
    # The commands have the clock of the machine, and a sitemap's older pages are not read.
    with ScriptedServer({"/": answer(200, b"<html><title>x</title></html>")}) as server:
        rows = f"<url><loc>{server.url('/ferry')}</loc><lastmod>{datetime.now(UTC):%Y-%m-%d}</lastmod></url>"
        server.answers["/sitemap.xml"] = answer(200, f"<urlset>{rows}</urlset>".encode())
        server.answers["/ferry"] = answer(200, story.encode(), Content_Type="text/html")
        added = room("sources add --yes --name Ferry", server.url("/"))
        assert (added.code, "a sitemap" in added.out) == (0, True)
        # Only an address, which is not broken so that it can be copied, may be longer than a line.
        assert all(len(line) <= 80 or line.endswith("/sitemap.xml") for line in added.out.splitlines())
        assert room("ingest").code == 0
    (listed,) = [one for one in room("sources list --json").json["sources"] if one["name"] == "Ferry"]
    assert (listed["kind"], listed["articles"]) == ("sitemap", 1)


def test_add_as_json_says_what_it_found_and_added(room: Run):
    with ScriptedServer(dict(ANSWERS)) as server:
        found = room("sources add --json --yes --dry-run --name Mine", server.url("/")).json
    assert [(one["title"], one["format"], one["entries"]) for one in found["feeds"]] == [
        ("Harbour News", "RSS", 2),
        ("Sea News", "RSS", 1),
    ]
    assert (found["added"], found["failures"], found["sitemaps"]) == ("Mine", [], [])
    assert [one["name"] for one in room("sources list --json").json["sources"]] == ["Declared"]


def test_the_table_of_found_feeds_fits_eighty_columns(room: Run):
    with ScriptedServer(dict(ANSWERS)) as server:
        shown = room("sources add --yes", server.url("/"))
    assert max(map(len, shown.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("javascript:alert(1)",), "http or https"),
        (("https://ann:hunter2@a.example/",), "--secret-file"),
        (("--auth", "basic", "https://a.example/"), "secret_file or secret_env"),
        (("--auth", "basic", "--secret-env", "X", "https://a.example/"), "username"),
        (("--secret-env", "X", "https://a.example/"), "need --auth"),
        (("--auth", "header", "--header", "Host", "--secret-env", "X", "https://a.example/"), "not a header"),
    ],
)
def test_add_refuses_what_makes_no_sense_without_repeating_a_password(room: Run, arguments, said: str):
    ended = room("sources add", *arguments)
    assert (ended.code, said in ended.err, "hunter2" in ended.err + ended.out) == (2, True, False)


@pytest.mark.all
def test_add_with_a_secret_keeps_it_out_of_sight(room: Run, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HARBOUR_TOKEN", "hunter2")
    with ScriptedServer(dict(ANSWERS)) as server:
        auth = "--auth bearer --secret-env HARBOUR_TOKEN --name Harbour"
        added = room(f"sources add --yes {auth}", server.url("/all"))
        assert added.code == 0
        tested = room("sources test Harbour")
        assert {asked.field("Authorization") for asked in server.asked} == {b"Bearer hunter2"}
        shown = room("sources show Harbour")
        listed, status = room("sources list"), room("status --json")
    said = "".join(one.out + one.err for one in (added, tested, shown, listed, status))
    assert ("hunter2" in said, "/all" in said) == (False, False)
    assert "environment HARBOUR_TOKEN" in shown.out
    assert "hunter2" not in (tmp_path / "syndicate.db").read_bytes().decode("latin-1")


@pytest.mark.all
def test_a_secret_does_not_follow_a_page_to_another_host(room: Run, monkeypatch):
    monkeypatch.setenv("HARBOUR_TOKEN", "hunter2")
    with ScriptedServer(dict(ANSWERS)) as stranger, ScriptedServer({}) as home:
        home.answers["/"] = answer(
            200, f'<link rel=alternate type=application/rss+xml href="{stranger.url("/all")}">'.encode()
        )
        ended = room("sources add --yes --auth bearer --secret-env HARBOUR_TOKEN", home.url("/"))
        assert [asked.field("Authorization") for asked in stranger.asked] == [None]
    assert (ended.code, "feed's own URL" in ended.err) == (1, True)


def test_pause_resume_move_remove_and_test(room: Run):
    with ScriptedServer(dict(ANSWERS)) as server:
        room("sources add --yes --name Mine", server.url("/all"))
        paused = [room("sources pause Mine --json") for _ in range(2)]
        assert [(one.code, one.json["changed"]) for one in paused] == [(0, True), (0, False)]
        assert room("sources show Mine --json").json["standing"] == "paused"
        assert room("sources resume Mine").code == 0
        assert room("sources move Mine", server.url("/sea")).code == 0
        assert room("sources test Mine --json").json["title"] == "Sea News"
        assert room("ingest Mine --json").json["new"] == 1
        assert room("sources remove Mine").code == 0
        gone = room("sources show Mine")
        assert (gone.code, "sources list" in gone.err) == (2, True)
        back = room("sources add --yes", server.url("/sea"))
        assert (back.code, "Mine is added" in back.out) == (0, True)
        assert room("sources show Mine --json").json["articles"] == 1


@pytest.mark.parametrize("command", ["pause", "resume", "remove"])
def test_a_declared_source_is_read_only(room: Run, command: str):
    ended = room(f"sources {command} Declared")
    assert (ended.code, "Declared is declared in config.toml, line " in ended.err) == (1, True)


@pytest.mark.all
def test_a_look_waits_as_long_as_the_server_asks_unless_forced(room: Run, tmp_path: Path):
    rules = '[[rules]]\nname = "adverts"\nany = ["title: sponsored"]\ndrop = true\n'
    with (tmp_path / "config.toml").open("a") as file:
        file.write(rules)
    with ScriptedServer(dict(ANSWERS)) as server:
        room("sources add --yes --name Mine", server.url("/all"))
        server.answers["/all"] = [answer(429, b"", Retry_After="7200"), ANSWERS["/sea"]]  # type: ignore[list-item]
        assert room("ingest Mine --now 2026-11-24T07:00").code == 1
        asked = len(server.asked)
        for command in ("sources test Mine", "rules test --source Mine"):
            refused = room(f"{command} --now 2026-11-24T08:00")
            assert (refused.code, "24 Nov 2026 09:00 UTC" in refused.err) == (1, True)
            assert "--force" in refused.err
        assert len(server.asked) == asked
        for command in ("sources test Mine", "rules test --source Mine"):
            assert room(f"{command} --force --now 2026-11-24T08:00").code == 0
        assert room("sources test Mine --now 2026-11-24T09:00").code == 0


@pytest.mark.all
def test_status_says_whose_item_is_quarantined_and_for_as_long_as_it_is_listed(room: Run, tmp_path: Path):
    (tmp_path / "desk" / "bad.md").write_text("---\nno key here\n---\nText.\n")
    for day in (20, 21, 22):
        room(f"ingest --now 2026-11-{day}T07:00")
    status = room("status --json --now 2026-11-22T07:00").json
    assert [(one["kind"], one["source"], one["attempts"]) for one in status["quarantine"]] == [
        ("entry", "Declared", 3)
    ]
    assert " of Declared failed 3 times: bad.md" in status["problems"][0]
    (tmp_path / "desk" / "bad.md").unlink()
    room("ingest --now 2026-11-23T07:00")
    assert room("status --json --now 2026-11-23T07:00").json["quarantine"] == []


@pytest.mark.all
def test_test_says_why_a_source_fails(room: Run):
    with ScriptedServer(dict(ANSWERS)) as server:
        room("sources add --yes --name Mine", server.url("/all"))
        server.answers.clear()
        ended = room("sources test Mine --json")
    assert (ended.code, "404" in ended.json["error"]) == (1, True)


def test_test_fetches_the_address_of_a_source_that_programs_fill(room: Run, tmp_path: Path):
    with ScriptedServer(dict(ANSWERS)) as server, (tmp_path / "config.toml").open("a") as file:
        file.write(f'[[sources]]\nname = "Wire"\nkind = "api"\nurl = "{server.url("/sea")}"\n')
        file.flush()
        tested = room("sources test Wire --json")
    assert (tested.code, tested.json.get("title")) == (0, "Sea News")


def test_import_and_export(room: Run, tmp_path: Path):
    (tmp_path / "in.opml").write_text(
        '<opml version="2.0"><head/><body><outline text="World"><outline text="Asia">'
        '<outline type="rss" text="A" xmlUrl="https://a.example/f"/></outline></outline>'
        '<outline text="Bad" xmlUrl="javascript:x"/></body></opml>'
    )
    rehearsed = room("sources import --dry-run --json in.opml").json
    assert (rehearsed["added"], room("sources list --json").json["sources"][1:]) == (["A"], [])
    imported = room("sources import in.opml")
    assert (imported.code, "1 source added" in imported.out, "javascript:x" in imported.out) == (
        1,
        True,
        True,
    )
    assert room("sources import in.opml --json").json["known"] == ["A"]
    assert room("sources show A --json").json["section"] == "World/Asia"
    exported = room("sources export out.opml")
    root = ElementTree.parse(tmp_path / "out.opml").getroot()
    assert (exported.code, [one.get("text") for one in root.iter("outline")]) == (0, ["World", "Asia", "A"])
    assert room("sources export -").out.startswith("<?xml")


def test_import_from_an_address_goes_through_the_guard(room: Run, tmp_path: Path):
    opml = b'<opml><body><outline text="A" xmlUrl="https://a.example/f"/></body></opml>'
    with ScriptedServer({"/l": answer(200, opml)}) as server:
        assert room("sources import --json", server.url("/l")).json["added"] == ["A"]
        (tmp_path / "config.toml").write_text("")
        refused = room("sources import", server.url("/l"))
    assert (refused.code, "allow_private" in refused.err) == (1, True)
    assert room("sources import nowhere.opml").code == 1


def test_a_declared_list_is_read_by_ingest(room: Run, tmp_path: Path):
    (tmp_path / "l.opml").write_text(
        '<opml><body><outline text="A" xmlUrl="https://a.example/f"/></body></opml>'
    )
    (tmp_path / "config.toml").write_text(f'{CONFIG}[[source_lists]]\nurl = "l.opml"\n')
    with_names = room("ingest Declared")
    assert "added" not in with_names.err
    due = room("ingest --json --now 2026-11-24T07:00")
    assert "1 source added" in due.err
    assert [one["name"] for one in room("sources list --json").json["sources"]] == ["A", "Declared"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('url = "https://ann:hunter2@a.example/"', "use auth instead"),
        ('auth = { type = "basic", username = "ann" }', "secret_file or secret_env"),
        ('auth = { type = "basic", secret_env = "X" }', "username"),
        ('auth = { type = "bearer", secret = "hunter2" }', "there is no such key"),
        ('auth = { type = "bearer", secret_env = "X", secret_file = "y" }', "secret_file or secret_env"),
        ('auth = { type = "magic", secret_env = "X" }', "basic"),
    ],
)
def test_check_says_what_is_wrong_with_a_private_source_without_its_secret(room: Run, tmp_path, lines, said):
    url = "" if lines.startswith("url") else 'url = "https://a.example/"\n'
    (tmp_path / "config.toml").write_text(f'[[sources]]\nname = "A"\n{url}{lines}\n')
    ended = room("check")
    assert (ended.code, said in ended.err, "hunter2" in ended.err + ended.out) == (3, True, False)
    assert "config.toml:" in ended.err


@pytest.mark.all
def test_on_a_terminal_add_asks(room: Run, tmp_path: Path):
    """With a pseudo-terminal, as a person has one."""
    with ScriptedServer(dict(ANSWERS)) as server:
        script = (
            "import pty, os, sys\n"
            "pid, fd = pty.fork()\n"
            "if pid == 0:\n"
            "    command = [sys.executable, '-m', 'syndicate', 'sources', 'add']\n"
            f"    os.execv(sys.executable, [*command, {server.url('/')!r}])\n"
            "os.write(fd, b'2\\n')\n"
            "said = b''\n"
            "try:\n"
            "    while part := os.read(fd, 4096): said += part\n"
            "except OSError: pass\n"
            "os.waitpid(pid, 0)\n"
            "sys.stdout.buffer.write(said)\n"
        )
        done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, check=True)
    assert b"Sea News is added" in done.stdout


def test_check_notes_a_secret_that_is_not_there(room: Run, tmp_path: Path):
    auth = '{ type = "bearer", secret_file = "nowhere" }'
    declared = f'[[sources]]\nname = "A"\nurl = "https://a.example/"\nauth = {auth}\n'
    (tmp_path / "config.toml").write_text(declared)
    ended = room("check --json")
    assert (ended.code, ["nowhere" in note for note in ended.json["notes"]]) == (0, [True])
