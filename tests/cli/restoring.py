"""Newsroom whose store is backed up, restored and copied."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli.conftest import Run, called
from tests.empty_stores import SQLITE_FILE

EARLIER, MORNING, NEXT, THIRD = "2026-11-20T12:00", "2026-11-24T07:00", "2026-11-25T07:00", "2026-11-26T07:00"
READERS = ("ann@example.org", "bob@example.org")
EXAMPLE = """
[site]
url = "https://news.example"
title = "The Newsroom"
[[sources]]
name = "desk"
url = "desk"
own = true
[[newsletters]]
name = "daily"
schedule = "daily 07:00"
max_lateness = "7d"
[mail]
from = "The Newsroom <news@news.example>"
address = "1 Pier Road, Harbour Town"
transport = "smtp"
host = "127.0.0.1"
tls = "none"
"""
ARTICLES = (
    ("The lighthouse becomes a library", "Nine hundred books went up the spiral stairs of the lighthouse."),
    (
        "Snow comes early to the pass",
        "Half a metre fell during the night, a month before anybody expected it.",
    ),
    (
        "A student wins the chess title",
        "She gave up her queen in the last game and mated eleven moves later.",
    ),
)
HELD = "mail has been held since"


def write_config(folder: Path, port: int, store: str = f"sqlite:///{SQLITE_FILE}") -> None:
    (folder / "config.toml").write_text(f'{EXAMPLE}port = {port}\n[store]\nurl = "{store}"\n', "utf-8")


def prepare(folder: Path, store: str = f"sqlite:///{SQLITE_FILE}") -> Path:
    """A newsroom with two readers and an article for each of three days, with the edition of the first."""
    (folder / "desk").mkdir(parents=True)
    write_config(folder, 1, store)
    called(folder, f"status --now {EARLIER}", *(f"subscribers add {who} --now {EARLIER}" for who in READERS))
    for number, (now, (title, text)) in enumerate(zip((MORNING, NEXT, THIRD), ARTICLES, strict=True)):
        front = f"---\ntitle: {title}\ndate: {now[:10]}T05:00:00Z\n---\n\n"
        (folder / "desk" / f"{number}.md").write_text(f"{front}{text}\n", "utf-8")
        called(folder, *(f"{stage} --now {now}" for stage in ("ingest", "stories", "publish")))
        if now == MORNING:
            called(folder, f"edition --now {now}")
    return folder


def cut(run: Run, now: str) -> None:
    """Cut the edition of this morning."""
    assert run(f"edition --json --now {now}").json["editions"][0]["outcome"] == "cut"


def send(run: Run, now: str) -> int:
    """Send what is due; returns the number of mails that were sent, -1 when mail is held."""
    done = run(f"deliver --json --now {now}")
    assert done.json["problem"] == "" or done.json["problem"].startswith(HELD)
    return -1 if done.json["problem"] else done.json["sent"]


def backup(home: Path) -> Path:
    target = home.parent / "backup.db"
    with closing(sqlite3.connect(home / SQLITE_FILE)) as store:
        store.execute("VACUUM INTO ?", (str(target),))
    return target


def put_back(home: Path, copy: Path, *, in_place: bool) -> None:
    for name in ("-wal", "-shm"):
        (home / f"{SQLITE_FILE}{name}").unlink(missing_ok=True)
    if in_place:
        shutil.copyfile(copy, home / SQLITE_FILE)
    else:
        shutil.copyfile(copy, home / "new.db").rename(home / SQLITE_FILE)
