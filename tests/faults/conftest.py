"""Servers of the tests of faults, and the output of a run without faults."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest

from tests import postgres
from tests.delivery.scripted_smtp import PIPELINING, ScriptedSmtp
from tests.faults.installation import Installation, Output, Workers, due_time, feeds, install, wait_until
from tests.net.scripted_server import ScriptedServer


@dataclass
class Faults:
    """Maker of installations; ``expected`` is the output without faults, ``commits`` its commits by room."""

    postgres_server: str
    folder: Path
    workers: Workers
    due: datetime
    http_port: int
    expected: Output = field(default_factory=dict)
    commits: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def installation(self, server: str = "") -> Iterator[Installation]:
        """An installation on a database of its own; its workers end with it."""
        with (
            postgres.database(server or self.postgres_server, f"faults_{uuid4().hex}") as url,
            self.installation_on(url) as place,
        ):
            yield place

    @contextmanager
    def installation_on(self, url: str) -> Iterator[Installation]:
        """An installation on an empty database; its workers end with it."""
        with ScriptedSmtp(PIPELINING) as smtp:
            place = Installation(self.folder / uuid4().hex, url, smtp, self.workers)
            install(place.folder, url, self.http_port, smtp.port, self.due)
            try:
                yield place
            finally:
                self.workers.kill_all()


@pytest.fixture(scope="package")
def faults(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faults]:
    """Forking driver of workers, and a run without faults to compare with."""
    due = due_time()
    with Workers() as workers, ScriptedServer(feeds(due)) as http:
        made = Faults(postgres_server, tmp_path_factory.mktemp("faults"), workers, due, http.port)
        with made.installation() as place:
            commits = place.folder / "commits"
            place.start(commits=str(commits))
            place.start(commits=str(commits))
            wait_until(lambda: not place.unfinished(), place.unfinished)
            made.commits.update(commits.read_text().split())
            before: Output = {}
            while before != (before := place.output()):
                time.sleep(3.0)
            place.finish()
            made.expected.update(place.output())
        yield made
