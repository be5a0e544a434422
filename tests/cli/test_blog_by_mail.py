"""One blog as mail, through the commands: every post once, and ``explain`` says in which edition."""

import email
from datetime import datetime, timedelta
from email import policy
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.net.scripted_server import ScriptedServer, answer

pytestmark = pytest.mark.all

CONFIG = """
[site]
url = "https://news.example"
[http]
allow_private = true
min_interval = "10m"
[[newsletters]]
name = "daily"
schedule = "daily 07:00"
[mail]
from = "The Newsroom <news@example.com>"
address = "1 Pier Road, Harbour Town"
transport = "folder"
folder = "outbox"
"""
TEXT = """Foo {0} is released. The server starts faster, uses less memory and reads old files. As always
thanks to everybody who sent patches, tested the candidates and wrote the manual of Foo {0}."""
FIRST = datetime.fromisoformat("2026-11-24T07:00:00+00:00")
RELEASES = {"1.2": 0, "1.3": 1, "1.4": 3, "1.5": 3}
"""The edition, in days after the first, that each version belongs to."""


def feed(day: int) -> bytes:
    """The feed on the morning of a day, the newest release first."""
    items = "".join(
        f"<item><title>Foo {version} released</title><guid>{version}</guid>"
        f"<link>https://foo.example/{version}</link><description>{TEXT.format(version)}</description>"
        f"<pubDate>{format_datetime(FIRST + timedelta(days=known, hours=number - 5))}</pubDate></item>"
        for number, (version, known) in reversed(list(enumerate(RELEASES.items())))
        if known <= day
    )
    head = "<title>Foo</title><link>https://foo.example/</link><description>x</description>"
    body = f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>'
    return answer(200, body.encode(), Content_Type="application/rss+xml")


@pytest.mark.usefixtures("either_store")
def test_every_release_of_one_blog_is_mailed_once_and_explained(run: Run, tmp_path: Path) -> None:
    mails: list[list[str]] = []
    with ScriptedServer({"/feed": feed(0)}) as server:
        source = f'[[sources]]\nname = "Foo"\nurl = "{server.url("/feed")}"\ninterval = "1h"\n'
        (tmp_path / "config.toml").write_text(CONFIG + source, "utf-8")
        run("subscribers add ann@example.org --now 2026-11-23T08:00")
        for day in range(4):
            server.answers["/feed"] = feed(day)
            now = f"{FIRST + timedelta(days=day):%Y-%m-%dT%H:%M}"
            for command in ("ingest", "stories", "publish", "edition", "deliver"):
                assert run(f"{command} --now {now}").code == 0, command
            mails.append(titles_in(tmp_path / "outbox"))
    assert mails == [["Foo 1.2 released"], ["Foo 1.3 released"], [], ["Foo 1.5 released", "Foo 1.4 released"]]
    states = [one["state"] for one in run("editions list --json").json["editions"]]
    assert states == ["cut", "empty", "cut", "cut"]
    for version, edition in (("1.2", 1), ("1.3", 2), ("1.4", 4), ("1.5", 4)):
        (told,) = run("explain --json", f"Foo {version} released").json["newsletters"]
        assert (told["outcome"], told["edition_id"]) == ("told", edition), version


def titles_in(outbox: Path) -> list[str]:
    """The headlines of the mails in a folder, which are taken away."""
    found = []
    for file in sorted(outbox.glob("*.eml")):
        message = email.message_from_bytes(file.read_bytes(), policy=policy.default)
        text = message.get_body(("plain",))
        assert text is not None
        found += [line for line in text.get_content().splitlines() if line.endswith(" released")]
        file.unlink()
    return found
