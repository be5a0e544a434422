"""Every command once in its usual way, and in the ways that go wrong: what is printed, and the exit code."""

import subprocess
import sys
from pathlib import Path

import pytest

from syndicate.cli import _COMMANDS
from syndicate.templating import Templates
from tests.cli.conftest import CONFIG, EARLIER, SEVEN, Run


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
    assert "no [[sources]]" in checked.out
    (tmp_path / "news" / "config.toml").write_text("mine")
    assert run("init news").code == 0
    assert (tmp_path / "news" / "config.toml").read_text() == "mine"


def test_init_says_where_to_go_on_and_why_it_cannot(run: Run, tmp_path: Path) -> None:
    assert "Next: `cd news`, `syndicate run`" in run("init news").out
    assert "`cd" not in run("init").out
    (tmp_path / "file").touch()
    refused = run("init file/news")
    assert (refused.code, "cannot make file/news: Not a directory" in refused.err) == (1, True)


def test_what_init_ignores_keeps_backups_and_keys_out_of_a_repository(run: Run, tmp_path: Path) -> None:
    run("init")
    ignored = (tmp_path / ".gitignore").read_text().split()
    assert {"*.db", "*.db-*", "*.pem"} <= set(ignored)


@pytest.mark.all
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


@pytest.mark.all
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


@pytest.mark.all
def test_check_looks_at_the_sender_and_the_logos_of_each_brand(room: Run, tmp_path: Path) -> None:
    letter = '[[newsletters]]\nname = "coast"\nschedule = "daily 07:00"\nbrand = "coast"\n'
    brand = '[[brands]]\nname = "coast"\nlogo = "none.png"\nfrom = "x@example.com"\n'
    text = CONFIG.replace("[mail]", '[mail]\ntransport = "smtp"', 1)
    (tmp_path / "config.toml").write_text(text + letter + brand)
    ended = room("check")
    assert ended.code == 3
    assert "coast.from: example.com is an example" in ended.err
    assert "coast.logo: there is no file" in ended.err


MISSPELT = {
    "pages/article.html": "article.titel",
    "pages/front.html": "topp",
    "pages/listing.html": "headlines[0].sorce_name",
    "pages/search.html": "found[0].bset",
    "pages/edition.html": "correction.nothing",
    "pages/editions.html": "editions[0].nmae",
    "pages/newsletters.html": "offers[0].nmae",
    "pages/parts/atoms.html": "wrods",
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


# Each renders every template of one kind; a default run takes a page and a mail.
BY_DEFAULT = ("pages/article.html", "mail/digest.txt")


@pytest.mark.all
@pytest.mark.parametrize(
    "template",
    [pytest.param(name, marks=() if name in BY_DEFAULT else pytest.mark.all) for name in MISSPELT],
)
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


@pytest.mark.all
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


@pytest.mark.all
def test_the_stages_speak_to_people_as_well(room: Run) -> None:
    assert "1 source read: 3 new articles, 0 changed, 0 sources failed." in room(f"ingest --now {SEVEN}").out
    assert "3 articles placed: 3 new stories" in room(f"stories --now {SEVEN}").out
    assert "written to" in room(f"publish --now {SEVEN}").out
    assert room(f"ingest --dry-run --now {SEVEN}").out == "No source is due.\n"
    assert room(f"ingest --now {SEVEN}").out.startswith("No source is due")
    assert room(f"edition --now {EARLIER}").out == "No edition is due.\n"


@pytest.mark.all
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
        assert "Known names: " in ended.err
    assert room("ingest --now yesterday").code == 2
    assert room("nonsense").code == 2


@pytest.mark.all
def test_edition_dry_run_changes_nothing_and_the_real_one_happens_once(room: Run) -> None:
    for command in ("ingest", "stories", "publish"):
        room(f"{command} --now {SEVEN}")
    dry = room(f"edition --dry-run --json --now {SEVEN}").json
    real = room(f"edition --json --now {SEVEN}").json
    assert [one["outcome"] for one in (*dry["editions"], *real["editions"])] == ["cut", "cut"]
    assert (dry["editions"][0]["edition"], real["editions"][0]["stories"]) == (None, 3)
    assert room(f"edition --json --now {SEVEN}").json["editions"] == []


@pytest.mark.all
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


@pytest.mark.all
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
    assert any("mail has been due" in problem for problem in ended.json["problems"])


def test_status_tells_that_nothing_has_read_the_sources_for_two_days(edition: Run) -> None:
    def told(now: str) -> bool:
        problems = edition(f"status --json --now {now}").json["problems"]
        return any("sources have been due since" in problem for problem in problems)

    edition("ingest --now 2026-11-24T10:00")
    assert (told("2026-11-25T15:00"), told("2026-11-28T15:00")) == (False, True)

    # One source is overdue although others are read, as after a long pause.
    with Path("config.toml").open("a", encoding="utf-8") as config:
        config.write('[[sources]]\nname = "pier"\nurl = "pier"\n')
    Path("pier").mkdir()
    edition("ingest pier --now 2026-11-28T16:00")
    assert not told("2026-11-28T17:00")


def test_what_needs_a_person_is_told_on_the_clocks_of_operator_and_newsletter(
    edition: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNDICATE_SITE__TIME_ZONE", "Asia/Tokyo")
    zoned = CONFIG.replace('"daily 07:00"', '"daily 07:00"\ntime_zone = "Europe/Paris"')
    Path("config.toml").write_text(zoned, "utf-8")
    edition("edition --now 2026-11-25T15:00")
    problems = edition("status --json --now 2026-11-25T15:00").json["problems"]
    assert any("edition of daily for Wed 25 Nov 07:00 CET was missed" in one for one in problems), problems
    assert any("mail has been due since Tue 24 Nov 16:00 JST" in one for one in problems), problems


def test_a_mistyped_command_or_option_is_told_what_may_be_meant(run: Run) -> None:
    for mistyped, meant in (("statsu", "'status'"), ("editor pn", "'pin'"), ("status --jsn", "'--json'")):
        ended = run(mistyped)
        assert (ended.code, meant in ended.err) == (2, True), mistyped
    assert "Did you mean" not in run("xyzzy").err


def test_an_option_before_the_command_is_refused_with_its_right_place(run: Run) -> None:
    ended = run("--config other.toml status")
    assert (ended.code, "Write --config after the command" in ended.err) == (2, True), ended.err


@pytest.mark.all
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


def test_prune_dry_run_only_counts(edition: Run) -> None:
    later = "2028-01-01T00:00"
    counted = edition(f"prune --dry-run --json --now {later}").json
    assert "tombstones would be removed." in edition(f"prune --dry-run --now {later}").out
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
        "names = 'sqlalchemy aiohttp pydantic jinja2 numpy lxml babel asyncio email'\n"
        "sys.exit(', '.join(sorted({*names.split()} & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(name in done.stdout for name in _COMMANDS)


@pytest.mark.all
@pytest.mark.parametrize("command", ["status", "ingest", "stories", "deliver"])
@pytest.mark.sampled(1)
def test_a_command_with_nothing_to_do_loads_no_parser_and_no_other_engine(
    run: Run, tmp_path: Path, command: str
) -> None:
    assert run("init").code == 0
    code = (
        "import sys\nfrom syndicate.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "names = 'feedparser lxml pyromark aiohttp uvicorn starlette fastapi apscheduler cryptography'\n"
        "names += ' feedgen premailer trafilatura dateparser regex dns sqlalchemy.dialects.postgresql'\n"
        "sys.exit(', '.join(sorted({*names.split()} & set(sys.modules))) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, command], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")


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


def test_nothing_due_is_said(room: Run) -> None:
    ended = room("deliver --dry-run")
    assert (ended.code, ended.out) == (0, "No delivery is due.\n")


@pytest.mark.parametrize("command", ["deliveries list", "editions list"])
def test_a_limit_is_at_least_one(room: Run, command: str) -> None:
    assert room(f"{command} --limit 0").code == 2


def test_check_notes_a_sign_up_page_that_is_not_there(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[web]\nlisten = ""\n[sign_up]\nenabled = true\n')
    notes = run("check --json").json["notes"]
    assert any("sign_up: the sign-up page needs" in note for note in notes)
    assert any("sign_up: there is no [[newsletters]]" in note for note in notes)


@pytest.mark.parametrize(
    ("site", "listen", "noted"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8080", True),
        ("http://localhost", "127.0.0.1:8080", True),
        ("http://127.0.0.1:8080", "127.0.0.1:8080", False),
        ("https://news.example", "127.0.0.1:8080", False),
        ("http://127.0.0.1:8000", "", False),
    ],
)
def test_check_notes_a_site_on_this_machine_with_another_port(
    run: Run, tmp_path: Path, site: str, listen: str, noted: bool
) -> None:
    (tmp_path / "config.toml").write_text(f'[site]\nurl = "{site}"\n[web]\nlisten = "{listen}"\n')
    notes = run("check --json").json["notes"]
    assert any("write the same port" in note for note in notes) == noted


def test_a_failing_template_is_reported_once_with_the_number_of_its_pages(room: Run, tmp_path: Path) -> None:
    (tmp_path / "mine" / "pages").mkdir(parents=True)
    (tmp_path / "mine" / "pages" / "article.html").write_text("{{ nope }}", "utf-8")
    with (tmp_path / "config.toml").open("a") as config:
        config.write('[templates]\nfolder = "mine"\n')
    for stage in ("ingest", "stories"):
        assert room(f"{stage} --now {SEVEN}").code == 0
    published, status = room(f"publish --now {SEVEN}"), room(f"status --now {SEVEN}")
    count = len(room(f"status --json --now {SEVEN}").json["quarantine"]) - 1
    assert count > 0
    assert published.err.count("Template pages/article.html, line 1") == 1
    assert f"(and {count} more)" in published.err
    assert status.out.count("Template pages/article.html, line 1") == 1
    assert f" and {count} more failed 1 time: " in " ".join(status.out.split())


@pytest.mark.all
def test_check_notes_an_english_consent_on_a_site_in_another_language(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[site]\nlanguage = "pl"\n[sign_up]\nenabled = true\n')
    assert any("English text" in note for note in run("check --json").json["notes"])
    config.write_text('[site]\nlanguage = "pl"\n[sign_up]\nenabled = true\nconsent = "Zgadzam się"\n')
    assert not any("English text" in note for note in run("check --json").json["notes"])
    config.write_text('[site]\nlanguage = "ar"\n[sign_up]\nenabled = true\n')
    assert not any("English text" in note for note in run("check --json").json["notes"])


@pytest.mark.parametrize(
    "group", ["sources", "editor", "subscribers", "newsletters", "editions", "deliveries", "bounces", "rules"]
)
def test_the_help_of_a_group_fits_80_columns_without_being_cut(run: Run, group: str) -> None:
    lines = run(f"{group} --help").out.partition("Commands:")[2].splitlines()
    assert [line for line in lines if line.endswith("...") or len(line) > 80] == []


@pytest.mark.all
def test_a_search_finds_stories_and_counts_the_words_of_a_search_that_finds_none(room: Run) -> None:
    for stage in ("ingest", "stories"):
        room(f"{stage} --now {SEVEN}")
    found = room(f"search --json --now {SEVEN} lighthouses").json
    assert [story["articles"][0]["title"] for story in found["found"]] == ["The lighthouse becomes a library"]
    assert (found["articles"], found["stories"], found["sources"]) == (1, 1, {"desk": 1})
    told = room(f"search --now {SEVEN} snow")
    number = room(f"search --json --now {SEVEN} snow").json["found"][0]["story"]
    assert told.out.startswith(f"1 article in 1 story.\n{number}  ")
    assert room("search -- snow -pass").out.startswith("0 articles in 0 stories.\nsnow: 1 article\n")
    assert room("search snow --until 2026-11-01").out.startswith("0 articles")
    assert room("search -- -snow").out.startswith("There is no word to look for. Write one")
    assert "Write -- before words with a minus" in room("search tax -sales").err
