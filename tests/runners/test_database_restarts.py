"""PostgreSQL ends every connection again and again: each stage fails cleanly, and goes on afterwards."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import select

from syndicate.cli.operate.stages import Stages
from syndicate.errors import StoreError
from syndicate.services import open_services
from syndicate.settings import load_settings
from syndicate.store import schema
from syndicate.store.ingest import article_store
from syndicate.store.mail import delivery_store
from syndicate.store.subscribers import audience_store
from tests import postgres
from tests.factories import NOW

pytestmark = pytest.mark.all

CONFIG = """
[site]
url = "https://news.example"
[[sources]]
name = "desk"
url = "desk"
own = true
[[newsletters]]
name = "daily"
schedule = "daily 08:00"
[mail]
from = "The Newsroom <news@news.example>"
address = "1 Pier Road, Harbour Town"
transport = "folder"
[backup]
folder = "kept"
[store]
url = "{url}"
"""
ARTICLES = 12
ROUNDS = 6


def test_every_stage_goes_on_after_its_connections_ended(postgres_server: str, tmp_path: Path) -> None:
    with postgres.database(postgres_server, f"restarts_{uuid4().hex}") as url:
        (tmp_path / "config.toml").write_text(CONFIG.format(url=url), "utf-8")
        (tmp_path / "desk").mkdir()
        failed = 0
        with open_services(
            load_settings(tmp_path / "config.toml", {}), now=NOW - timedelta(days=2)
        ) as services:
            with services.store.write() as connection:
                for name in ("ann", "bob"):
                    audience_store.add_subscription(
                        connection,
                        address=f"{name}@example.org",
                        address_key=f"{name}@example.org",
                        name="",
                        language="",
                        newsletter="daily",
                        evidence="a signed form",
                        now=NOW - timedelta(days=2),
                    )
            tasks = Stages(services, lambda: False).tasks()
            for turn in range(ROUNDS):
                for number in range(turn * 2, turn * 2 + 2):
                    write_article(tmp_path / "desk", number)
                with ending_connections(url):
                    for task in tasks:
                        try:
                            task.callback(NOW + timedelta(minutes=turn))
                        except StoreError:
                            failed += 1
            for later in (1, 2):
                for task in tasks:
                    task.callback(NOW + timedelta(hours=later))
            with services.store.read() as connection:
                assert article_store.count_articles(connection) == ARTICLES
                assert connection.scalars(select(schema.articles.c.placed)).all() == [True] * ARTICLES
                assert connection.scalars(select(schema.stale_pages.c.article_id)).all() == []
                assert set(delivery_store.count_deliveries(connection)) <= {"sent", "uncertain"}
        assert failed > 0
        mails = [message_from_bytes(file.read_bytes())["To"] for file in (tmp_path / "outbox").glob("*.eml")]
        assert len(set(mails)) == len(mails)
        assert len(list((tmp_path / "kept").iterdir())) >= 1


def write_article(folder: Path, number: int) -> None:
    topic = ("lighthouse", "library", "market", "bridge", "tram", "orchestra")[number % 6]
    front = f"---\ntitle: {topic} {number}\ndate: 2026-11-24T07:{number:02}:00Z\n---\n\n"
    (folder / f"{number}.md").write_text(f"{front}The {topic} number {number}.\n", "utf-8")


@contextmanager
def ending_connections(url: str) -> Iterator[None]:
    """End every connection to the database, some fifty times a second."""
    ended = threading.Event()
    name = urlsplit(url).path.strip("/")
    kill = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    server = postgres.database_url(url, "postgres")

    def end_them() -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            while not ended.wait(0.02):
                connection.execute(kill.encode())

    thread = threading.Thread(target=end_them)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
