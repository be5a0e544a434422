"""Every command once in its usual way, and in the ways that go wrong: what is printed, and the exit code."""

import csv
import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from syndicate.cli import _COMMANDS
from syndicate.templating import Templates
from tests.cli.conftest import Run

SEVEN = "2026-11-24T07:00"
EARLIER = "2026-11-20T12:00"
CONFIG = """
[site]
url = "https://news.example"
title = "The Newsroom"
[[sources]]
name = "desk"
url = "desk"
own = true
section = "local"
[[newsletters]]
name = "daily"
title = "The digest"
schedule = "daily 07:00"
[mail]
from = "The Newsroom <news@example.com>"
address = "1 Pier Road, Harbour Town"
"""
ARTICLES = {
    "library": (
        "The lighthouse becomes a library",
        "Nine hundred books went up the spiral stairs of the lighthouse.",
    ),
    "snow": (
        "Snow comes early to the pass",
        "Half a metre fell during the night, a month before anybody expected it.",
    ),
    "chess": (
        "A student wins the chess title",
        "She gave up her queen in the last game and mated eleven moves later.",
    ),
}


@pytest.fixture
def room(tmp_path: Path, run: Run) -> Run:
    """A newsroom with one folder of articles, known since some days; nothing read yet."""
    (tmp_path / "config.toml").write_text(CONFIG, "utf-8")
    desk = tmp_path / "desk"
    desk.mkdir()
    for number, (name, (title, text)) in enumerate(ARTICLES.items()):
        front = f"---\ntitle: {title}\ndate: 2026-11-23T1{number}:00:00Z\n---\n\n"
        (desk / f"{name}.md").write_text(f"{front}{text}\n", "utf-8")
    assert run(f"status --now {EARLIER}").code in (0, 1)
    return run


@pytest.fixture
def edition(room: Run) -> Run:
    """The same with two subscribers and the edition of the 24th, cut and not sent."""
    for command in ("ingest", "stories", "publish"):
        assert room(f"{command} --now {SEVEN}").code == 0
    for address in ("ann@example.org", "bob@example.org"):
        assert room(f"subscribers add {address} --now {EARLIER}").code == 0
    assert room(f"edition --now {SEVEN}").code == 0
    return room


def test_init_writes_a_configuration_that_check_finds_fine_and_overwrites_nothing(
    run: Run, tmp_path: Path
) -> None:
    first = run("init news")
    assert (first.code, set(tmp_path.joinpath("news").iterdir())) == (
        0,
        {tmp_path / "news" / "config.toml", tmp_path / "news" / ".gitignore"},
    )
    checked = run("check --config news/config.toml")
    assert (checked.code, checked.err) == (0, "")
    assert "news/config.toml is fine." in checked.out
    assert "nothing to read" in checked.out
    (tmp_path / "news" / "config.toml").write_text("mine")
    assert run("init news").code == 0
    assert (tmp_path / "news" / "config.toml").read_text() == "mine"


def test_init_says_where_to_go_on_and_why_it_cannot(run: Run, tmp_path: Path) -> None:
    assert "Next: `cd news`, add" in run("init news").out
    assert "`cd" not in run("init").out
    (tmp_path / "file").touch()
    refused = run("init file/news")
    assert (refused.code, "cannot make file/news: Not a directory" in refused.err) == (1, True)


def test_what_init_ignores_keeps_backups_and_keys_out_of_a_repository(run: Run, tmp_path: Path) -> None:
    run("init")
    ignored = (tmp_path / ".gitignore").read_text().split()
    assert {"*.db", "*.db-*", "*.pem"} <= set(ignored)


def test_T6_check_shows_the_next_five_runs(room: Run) -> None:
    shown = room(f"check --json --now {SEVEN}").json
    assert shown["problems"] == []
    assert shown["next_runs"]["daily"] == [
        f"{day} Nov 2026 07:00 UTC" for day in ("Wed 25", "Thu 26", "Fri 27", "Sat 28", "Sun 29")
    ]


def test_OF1_check_tells_every_mistake_and_exits_3(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[site]\nurl = "x"\ntitle = ""\n[nope]\n')
    ended = run("check")
    assert ended.code == 3
    assert [line.split(": ")[:2] for line in ended.err.splitlines()] == [
        ["config.toml:2", "site.url"],
        ["config.toml:3", "site.title"],
        ["config.toml:4", "nope"],
    ]
    assert run("ingest").code == 3
    assert run("ingest --config nowhere.toml").code == 3


def test_OF1_check_looks_at_folders_templates_and_addresses_too(room: Run, tmp_path: Path) -> None:
    broken = tmp_path / "mine" / "pages"
    broken.mkdir(parents=True)
    (broken / "front.html").write_text("{% if %}")
    text = CONFIG.replace('url = "desk"', 'url = "nowhere"').replace("news@example.com", "news")
    (tmp_path / "config.toml").write_text(text + '[templates]\nfolder = "mine"\n')
    ended = room("check")
    assert ended.code == 3
    assert "pages/front.html" in ended.err
    assert "mail:" in ended.err
    assert "there is no folder" in ended.err


MISSPELT = {
    "pages/article.html": "article.titel",
    "pages/front.html": "topp",
    "pages/listing.html": "headlines[0].sorce_name",
    "pages/edition.html": "correction.nothing",
    "pages/editions.html": "editions[0].nmae",
    "pages/parts/headlines.html": "wrods",
    "pages/parts/edition_item.html": "storys",
    "pages/subscribe.html": "consnet",
    "pages/confirm.html": "newslettre",
    "pages/preferences.html": "page.adress",
    "pages/unsubscribe.html": "newslettre",
    "pages/problem.html": "cdoe",
    "pages/desk.html": "view.sheets[0].found.sate",
    "mail/digest.html": "stories[0].ttle",
    "mail/digest.txt": "stories[0].ttle",
    "mail/confirm.txt": "horus",
}


@pytest.mark.parametrize("template", MISSPELT)
def test_OF1_check_renders_each_page_and_mail_and_names_the_line_of_a_misspelt_name(
    room: Run, tmp_path: Path, template: str
) -> None:
    """Nothing else happens: the last good output stays."""
    ours = Templates().read(template).decode()
    # Where a block or macro ends is in what is rendered.
    before, end, after = ours.rpartition("{% endblock %}" if "{% endblock %}" in ours else "{% endmacro %}")
    broken = f"{before}{{{{ {MISSPELT[template]} }}}}{end}{after}"
    file = tmp_path / "mine" / template
    file.parent.mkdir(parents=True)
    file.write_text(broken, "utf-8")
    page = tmp_path / "feeds" / "site" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("the last good output", "utf-8")
    with (tmp_path / "config.toml").open("a") as config:
        config.write('[templates]\nfolder = "mine"\n')
    ended = room("check")
    line = before.count("\n") + 1
    assert ended.code == 3
    assert f"Template {template}, line {line}: " in ended.err
    assert [path for path in (tmp_path / "feeds").rglob("*") if path.is_file()] == [page]
    assert page.read_text("utf-8") == "the last good output"


def test_the_stages_one_after_the_other(room: Run, tmp_path: Path) -> None:
    assert room(f"ingest --dry-run --json --now {SEVEN}").json == {"due": ["desk"]}
    read = room(f"ingest --json --now {SEVEN}")
    assert (read.code, read.json["new"], read.json["failed"]) == (0, 3, 0)
    placed = room(f"stories --json --now {SEVEN}").json
    assert (placed["placed"], placed["new_stories"], placed["busy"]) == (3, 3, False)
    written = room(f"publish --json --now {SEVEN}").json
    assert {"news.rss", "news.atom", "news.json"} <= set(written["feeds"])
    assert (tmp_path / "feeds" / "site" / "index.html").is_file()
    again = room(f"publish --json --now {SEVEN}").json
    assert (again["feeds"], again["pages"]) == ([], [])
    assert room(f"publish --all --now {SEVEN}").code == 0


def test_the_stages_speak_to_people_as_well(room: Run) -> None:
    assert "1 source read: 3 new articles, 0 changed, 0 sources failed." in room(f"ingest --now {SEVEN}").out
    assert "3 articles placed: 3 new stories" in room(f"stories --now {SEVEN}").out
    assert "written to" in room(f"publish --now {SEVEN}").out
    assert room(f"ingest --dry-run --now {SEVEN}").out == "No source is due.\n"
    assert room(f"ingest --now {SEVEN}").out.startswith("No source is due: `syndicate status` says when")
    assert room(f"edition --now {EARLIER}").out == "No edition is due.\n"


def test_a_source_that_fails_is_named_and_the_exit_code_is_1(room: Run, tmp_path: Path) -> None:
    more = '[[sources]]\nname = "closed"\nurl = "http://127.0.0.1:1/feed"\n'
    (tmp_path / "config.toml").write_text(CONFIG + more)
    ended = room(f"ingest --json --now {SEVEN}")
    assert (ended.code, ended.json["new"], ended.json["failed"]) == (1, 3, 1)
    assert "private" in ended.json["errors"]["closed"]


def test_a_name_nobody_has_is_a_mistake_of_usage(room: Run) -> None:
    for command in ("ingest nobody", "edition nobody", "preview nobody", "send --test a@example.org nobody"):
        ended = room(command)
        assert ended.code == 2, command
        assert "nobody" in ended.err
        assert "known: " in ended.err
    assert room("ingest --now yesterday").code == 2
    assert room("nonsense").code == 2


def test_edition_dry_run_changes_nothing_and_the_real_one_happens_once(room: Run) -> None:
    for command in ("ingest", "stories", "publish"):
        room(f"{command} --now {SEVEN}")
    dry = room(f"edition --dry-run --json --now {SEVEN}").json
    real = room(f"edition --json --now {SEVEN}").json
    assert [one["outcome"] for one in (*dry["editions"], *real["editions"])] == ["cut", "cut"]
    assert (dry["editions"][0]["edition"], real["editions"][0]["stories"]) == (None, 3)
    assert room(f"edition --json --now {SEVEN}").json["editions"] == []


def test_status_calls_a_source_due_when_its_next_poll_has_come(room: Run) -> None:
    assert " due " in room(f"status --now {EARLIER}").out
    room(f"ingest --now {SEVEN}")
    assert " due " not in room("status --now 2026-11-24T06:59").out
    assert " due " in room("status --now 2026-11-24T09:00").out


def test_deliver_dry_run_lists_and_the_real_one_writes_messages(edition: Run, tmp_path: Path) -> None:
    dry = edition(f"deliver --dry-run --json --now {SEVEN}").json
    assert sorted(one["address"] for one in dry["due"]) == ["ann@example.org", "bob@example.org"]
    assert not (tmp_path / "outbox").exists()
    sent = edition(f"deliver --json --now {SEVEN}")
    assert (sent.code, sent.json["sent"]) == (0, 2)
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 2
    assert edition(f"deliver --json --now {SEVEN}").json["sent"] == 0
    listed = edition("deliveries list --json --state sent").json["deliveries"]
    assert {one["address"] for one in listed} == {"ann@example.org", "bob@example.org"}
    assert all(one["subject"] and one["changed"] for one in listed)
    assert "ann@example.org" in edition("deliveries list").out


def test_resend_takes_only_uncertain_or_failed_deliveries(edition: Run) -> None:
    edition(f"deliver --now {SEVEN}")
    (first, _) = edition("deliveries list --json").json["deliveries"]
    ended = edition(f"deliveries resend {first['id']}")
    assert (ended.code, "neither uncertain nor failed" in ended.err) == (1, True)


def test_dry_run_tells_that_sending_rests(edition: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG + 'transport = "smtp"\nhost = "127.0.0.1"\nport = 1\n')
    edition(f"deliver --now {SEVEN}")
    rests = edition(f"deliver --dry-run --now {SEVEN}")
    assert (rests.code, "Nothing is sent before" in rests.err) == (0, True)
    assert edition(f"deliver --dry-run --resume --now {SEVEN}").err == ""


def test_a_server_that_is_down_leaves_everything_waiting_and_exits_1(edition: Run, tmp_path: Path) -> None:
    smtp = 'transport = "smtp"\nhost = "127.0.0.1"\nport = 1\ntls = "none"\n'
    (tmp_path / "config.toml").write_text(CONFIG + smtp)
    ended = edition(f"deliver --json --now {SEVEN}")
    assert (ended.code, ended.json["sent"], ended.json["failed"]) == (1, 0, 0)
    assert "cannot be used" in ended.json["problem"]


def test_OF11_status_is_well_until_something_needs_a_person(edition: Run) -> None:
    edition(f"deliver --now {SEVEN}")
    fine = edition(f"status --json --now {SEVEN}")
    assert (fine.code, fine.json["problems"]) == (0, [])
    assert (fine.json["articles"], fine.json["deliveries"]) == (3, {"sent": 2})
    assert fine.json["next_editions"]["daily"] == "2026-11-25T07:00:00+00:00"
    late = edition("status --json --now 2026-11-25T07:00")
    assert (late.code, late.json["problems"]) == (0, [])
    assert edition("edition --now 2026-11-25T15:00").code == 1
    missed = edition("status --json --now 2026-11-25T15:00")
    assert missed.code == 1
    assert "was missed" in missed.json["problems"][0]
    assert "Needs a person" in edition("status --now 2026-11-25T15:00").out


def test_OF11_status_tells_of_mail_that_waits_too_long(edition: Run) -> None:
    ended = edition("status --json --now 2026-11-24T10:00")
    assert ended.code == 1
    assert any("mail has waited" in problem for problem in ended.json["problems"])


def test_what_needs_a_person_is_told_on_the_clocks_of_operator_and_newsletter(
    edition: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNDICATE_SITE__TIME_ZONE", "Asia/Tokyo")
    zoned = CONFIG.replace('"daily 07:00"', '"daily 07:00"\ntime_zone = "Europe/Paris"')
    Path("config.toml").write_text(zoned, "utf-8")
    edition("edition --now 2026-11-25T15:00")
    problems = edition("status --json --now 2026-11-25T15:00").json["problems"]
    assert any("edition of daily for Wed 25 Nov 07:00 CET was missed" in one for one in problems), problems
    assert any("mail has waited since Tue 24 Nov 16:00 JST" in one for one in problems), problems


def test_explain_finds_an_article_by_its_words(edition: Run) -> None:
    found = edition(f"explain --json --now {SEVEN}", "lighthouse becomes").json
    assert found["article"]["title"] == "The lighthouse becomes a library"
    assert found["story"]["coverage"] == 1
    assert found["ranks"]["top"]["position"] >= 1
    assert "Top: place" in edition("explain snow").out
    assert "that matches" not in edition("explain snow").out
    ended = edition("explain", "no such thing")
    assert (ended.code, "no article matches" in ended.err) == (1, True)


def test_explain_says_why_an_article_is_in_no_list(run: Run) -> None:
    Path("config.toml").write_text('[[sources]]\nname = "Desk"\nurl = "articles"\n', "utf-8")
    Path("articles").mkdir()
    Path("articles/about.md").write_text("---\ntitle: About us\n---\nWho we are.\n", "utf-8")
    run("ingest")
    assert "It has no story yet" in run("explain about").out
    run("stories")
    placed = run("explain about").out
    assert ("no story yet" in placed, "Top: not in the list, because its date is unknown" in placed) == (
        False,
        True,
    )


def test_explain_tells_on_the_operators_clock_when_stories_moved(
    edition: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = edition("explain --json snow").json
    columns = {
        "kind": "merged", "from_story": 0, "to_story": found["story"]["id"], "articles": 1, "similarity": 0.5,
        "article_id": found["article"]["id"], "threshold": 0.3, "moved": 1_795_500_000_000_000,
    }  # fmt: skip
    with closing(sqlite3.connect("syndicate.db")) as connection, connection:
        values = ", ".join(f":{name}" for name in columns)
        connection.execute(f"INSERT INTO story_moves ({', '.join(columns)}) VALUES ({values})", columns)
    monkeypatch.setenv("SYNDICATE_SITE__TIME_ZONE", "Asia/Tokyo")
    assert "Tue 24 Nov 15:00 JST: story 0 (1 article) was merged into it" in edition("explain snow").out


def test_a_mistyped_command_or_option_is_told_what_may_be_meant(run: Run) -> None:
    for mistyped, meant in (("statsu", "'status'"), ("editor pn", "'pin'"), ("status --jsn", "'--json'")):
        ended = run(mistyped)
        assert (ended.code, meant in ended.err) == (2, True), mistyped
    assert "Did you mean" not in run("xyzzy").err


def test_explain_names_the_other_articles_that_its_words_match(edition: Run) -> None:
    said = edition("explain the").out
    assert said.startswith("A student wins the chess title\n")
    other = "id {}, 23 Nov 2026: Snow comes early to the pass"
    found = edition("explain --json the").json
    assert found["others"][0]["title"] == "Snow comes early to the pass"
    assert other.format(found["others"][0]["id"]) in said


def test_DF22_preview_and_test_send_touch_no_subscriber(edition: Run, tmp_path: Path) -> None:
    (tmp_path / "desk" / "new.md").write_text(
        "---\ntitle: A boat arrives\ndate: 2026-11-24T08:00:00Z\n---\nBlue.\n"
    )
    for command in ("ingest", "stories"):
        edition(f"{command} --now 2026-11-24T09:00")
    before = edition("deliveries list --json").json
    shown = edition("preview daily --json --now 2026-11-24T09:00")
    assert (shown.code, shown.json["stories"]) == (0, 1)
    assert all((tmp_path / path).is_file() for path in shown.json["files"])
    sent = edition("send --test me@example.org --json --now 2026-11-24T09:00")
    assert (sent.code, sent.json["address"]) == (0, "me@example.org")
    (message,) = (tmp_path / "outbox").glob("*.eml")
    assert b"To: me@example.org" in message.read_bytes()
    assert edition("deliveries list --json").json == before
    assert edition("preview daily --now 2026-11-24T07:00:01").code == 1


def test_subscribers_come_by_hand_and_by_file_and_leave_for_good(room: Run, tmp_path: Path) -> None:
    assert room("subscribers add Ann@Example.org --name Ann").code == 0
    assert room("subscribers add ann@example.org --json").json["outcome"] == "already"
    assert room("subscribers add not-an-address").code == 1
    file = tmp_path / "people.csv"
    file.write_text(
        "email,name\nbob@example.org,Bob\nann@example.org,Ann\nnonsense,X\nbob@example.org,Again\n"
    )
    dry = room("subscribers import people.csv --json --dry-run")
    assert (dry.code, len(room("subscribers list --json").json["subscribers"])) == (1, 1)
    real = room("subscribers import people.csv --json").json
    assert [(row["line"], row["outcome"]) for row in real["rows"]] == [
        (2, "added"),
        (3, "already"),
        (4, "invalid"),
        (5, "duplicate"),
    ]
    assert room("subscribers remove bob@example.org --json").json["outcome"] == "unsubscribed"
    assert room("subscribers add bob@example.org").code == 1
    assert room("subscribers import people.csv --json").json["rows"][0]["outcome"] == "left"
    assert room("subscribers export out.csv").code == 0
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8-sig") as exported:
        states = {row["email"].lower(): row["state"] for row in csv.DictReader(exported)}
    assert states == {"ann@example.org": "confirmed", "bob@example.org": "unsubscribed"}
    (tmp_path / "more.csv").write_text("cleo@example.org\n")
    assert room("subscribers import more.csv --agreed", "I want the digest.").code == 0
    assert room("subscribers add dan@example.org --agreed", "Send it to me.").code == 0
    for name, said in (("cleo", "I want the digest."), ("dan", "Send it to me.")):
        consents = room(f"subscribers show {name}@example.org --json").json["consents"]
        assert [one["agreed"] for one in consents] == [said]
        assert room(f"subscribers erase {name}@example.org").code == 0
    held = room("subscribers show ann@example.org --json").json
    assert (held["name"], held["suppressed"], held["subscriptions"][0]["state"]) == ("Ann", "no", "confirmed")
    shown = room("subscribers show ann@example.org").out
    assert "subscribed by operator" in shown
    assert not re.search(r"None|True|address_key|T\d\d:", shown)
    assert room("subscribers export-person ann@example.org ann.json").code == 0
    assert json.loads((tmp_path / "ann.json").read_text())["consents"][0]["newsletter"] == "daily"
    assert room("subscribers erase ann@example.org").code == 0
    assert room("subscribers erase nobody@example.org").code == 1
    assert room("subscribers show nobody@example.org").code == 1
    assert room("subscribers show ann@example.org --json").json["suppressed"] == "erased"
    assert room("subscribers add ann@example.org --json").json["outcome"] == "suppressed"
    assert [one["address"] for one in room("subscribers list --json").json["subscribers"]] == [
        "bob@example.org"
    ]
    assert room("subscribers remove ann@example.org").code == 1
    assert room("subscribers import nowhere.csv").code == 2


def test_subscribing_needs_a_newsletter(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    ended = run("subscribers add ann@example.org")
    assert (ended.code, "[[newsletters]]" in ended.err) == (3, True)


def test_prune_dry_run_only_counts(edition: Run) -> None:
    later = "2028-01-01T00:00"
    counted = edition(f"prune --dry-run --json --now {later}").json
    assert "reminders of articles would go." in edition(f"prune --dry-run --now {later}").out
    assert (counted["articles"], counted["stories"]) == (3, 3)
    assert edition(f"prune --json --now {later}").json == counted | {"dry_run": False}
    assert edition(f"prune --dry-run --json --now {later}").json["articles"] == 0


def test_an_unusable_store_exits_4_and_names_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[store]\nurl = "sqlite:///notes.txt"\n')
    (tmp_path / "notes.txt").write_text("My notes, and nothing else. " * 100)
    ended = run("status")
    assert ended.code == 4
    assert "notes.txt" in ended.err
    assert "Traceback" not in ended.err


def test_help_of_everything_is_there_and_needs_no_heavy_library() -> None:
    code = (
        "import sys\nfrom syndicate.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'sqlalchemy', 'aiohttp', 'pydantic', 'jinja2', 'numpy', 'lxml'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(name in done.stdout for name in _COMMANDS)


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_explains_itself(run: Run, name: str) -> None:
    ended = run(f"{name} --help")
    assert ended.code == 0
    assert ended.out.startswith(f"Usage: syndicate {name}")


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").out.startswith("syndicate, version ")


@pytest.mark.parametrize(
    "command", ["deliveries resend", "editions show", "lint --edition", "editor undo", "editions drop"]
)
def test_a_number_larger_than_any_row_is_a_usage_error(run: Run, command: str) -> None:
    done = run(f"{command} {2**63}")
    assert (done.code, "is not in the range" in done.err) == (2, True)


def test_what_is_written_to_a_file_can_be_written_to_standard_output(edition: Run, tmp_path: Path) -> None:
    written = edition("subscribers export people.csv")
    assert (written.code, written.out, written.err) == (0, "", "2 subscriptions written.\n")
    shown = edition("subscribers export -")
    assert shown.out.encode() == (tmp_path / "people.csv").read_bytes()
    person = json.loads(edition("subscribers export-person ann@example.org -").out)
    assert person["address"] == "ann@example.org"


@pytest.mark.parametrize(
    "command", ["subscribers export", "subscribers export-person ann@example.org", "sources export"]
)
def test_a_file_that_cannot_be_written_is_named(edition: Run, command: str) -> None:
    ended = edition(f"{command} config.toml/file")
    assert (ended.code, "cannot write config.toml/file: Not a directory" in ended.err) == (1, True)


@pytest.mark.parametrize("command", ["remove", "erase"])
def test_what_cannot_be_undone_can_be_tried_first(edition: Run, command: str) -> None:
    tried = edition(f"subscribers {command} ann@example.org --dry-run")
    assert (tried.code, "would be" in tried.out) == (0, True)
    assert "ann@example.org" in edition("subscribers list").out
    assert edition("status --json").json["subscriptions"] == {"daily": {"confirmed": 2}}
    assert edition("deliveries doubt --dry-run --json").json["uncertain"] == 2
    assert edition("status --json").json["deliveries"] == {"pending": 2}


def test_C6_with_a_person_their_mails_in_the_outbox_folder_go(edition: Run, tmp_path: Path) -> None:
    assert edition(f"deliver --now {SEVEN}").code == 0
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 2
    (tmp_path / "outbox" / "strange.eml").write_bytes(b"\xff\x00 To: ann@example.org")
    assert edition("subscribers erase ann@example.org --dry-run --json").json["mails"] == 1
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 3
    assert edition("subscribers erase Ann@Example.org --json").json["mails"] == 1
    left = [file.read_bytes() for file in (tmp_path / "outbox").glob("*.eml")]
    assert sorted(b"\r\nTo: bob@example.org" in b"\r\n" + data for data in left) == [False, True]
    assert not any(b"To: ann@example.org\r\n" in data for data in left)
    assert edition("subscribers erase ann@example.org").code == 1


def test_C8_a_bounced_mailbox_is_allowed_again_and_who_left_is_not(edition: Run, tmp_path: Path) -> None:
    (tmp_path / "gone.csv").write_text("email,newsletter,reason\nBob@Example.org,,bounced\n")
    assert edition("subscribers import-gone gone.csv --json").json == {
        "rows": 1,
        "changed": 1,
        "dry_run": False,
    }
    assert edition("subscribers remove ann@example.org").code == 0
    assert edition("subscribers export-gone all.csv").code == 0
    assert (tmp_path / "all.csv").read_text().splitlines()[1:] == [
        "ann@example.org,daily,unsubscribed",
        "bob@example.org,,bounced",
        "bob@example.org,daily,unsubscribed",
    ]
    assert edition("subscribers allow bob@example.org").code == 2
    assert edition("subscribers allow bob@example.org --reason", "it works again").code == 0
    assert edition("subscribers show bob@example.org --json").json["suppressed"] == "no"
    refused = edition("subscribers allow ann@example.org --reason", "I want it")
    assert (refused.code, "not on the list" in refused.err) == (1, True)
    assert edition("subscribers add -- =cmd@example.org").code == 0
    assert edition("subscribers remove -- =cmd@example.org").code == 0
    assert edition("subscribers export-gone all.csv").code == 0
    assert "\n'=cmd@example.org,daily,unsubscribed" in (tmp_path / "all.csv").read_text()
    assert edition("subscribers import-gone all.csv --json").json["changed"] == 0
    (tmp_path / "odd.csv").write_text("name\nbob\n")
    assert edition("subscribers import-gone odd.csv").code == 1


def test_nothing_due_is_said(room: Run) -> None:
    ended = room("deliver --dry-run")
    assert (ended.code, ended.out) == (0, "No delivery is due.\n")


@pytest.mark.parametrize("command", ["deliveries list", "editions list"])
def test_a_limit_is_at_least_one(room: Run, command: str) -> None:
    assert room(f"{command} --limit 0").code == 2


def test_check_notes_a_sign_up_page_that_is_not_there(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[web]\nlisten = ""\n[sign_up]\nenabled = true\n')
    notes = run("check --json").json["notes"]
    assert any("sign_up: there is no page" in note for note in notes)
    assert any("sign_up: there is no [[newsletters]]" in note for note in notes)


@pytest.mark.parametrize(
    "group", ["sources", "editor", "subscribers", "newsletters", "editions", "deliveries", "bounces", "rules"]
)
def test_the_help_of_a_group_fits_80_columns_without_being_cut(run: Run, group: str) -> None:
    lines = run(f"{group} --help").out.partition("Commands:")[2].splitlines()
    assert [line for line in lines if line.endswith("...") or len(line) > 80] == []


def test_explain_says_what_became_of_an_article_in_each_newsletter(edition: Run) -> None:
    (one,) = edition(f"explain --json --now {SEVEN} snow").json["newsletters"]
    assert (one["newsletter"], one["outcome"]) == ("daily", "told")
    assert f"daily: {one['text']}" in " ".join(edition(f"explain --now {SEVEN} snow").out.split())
