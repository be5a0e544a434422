"""Commands run in a folder of their own, in this process, as the installed program would run them."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stdout, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from syndicate.cli import main
from tests.delivery.scripted_smtp import PIPELINING, ScriptedSmtp
from tests.empty_stores import write_empty_store


@dataclass(frozen=True)
class CommandResult:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., CommandResult]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; give its arguments one by one or as one text."""
    monkeypatch.chdir(tmp_path)

    def command(text: str, *more: str) -> CommandResult:
        capsys.readouterr()
        code: Any = 0
        try:
            main([*text.split(), *more])
        except SystemExit as error:
            code = error.code or 0
        said = capsys.readouterr()
        return CommandResult(code, said.out, said.err)

    return command


@pytest.fixture
def either_store(store_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The store that commands use, on each engine; its URL."""
    monkeypatch.setenv("SYNDICATE_STORE__URL", store_url)
    return store_url


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
    write_newsroom(tmp_path)
    assert run(f"status --now {EARLIER}").code in (0, 1)
    return run


def write_newsroom(folder: Path) -> None:
    """Write the configuration, the articles and an empty store."""
    (folder / "config.toml").write_text(CONFIG, "utf-8")
    write_empty_store(folder)
    (folder / "desk").mkdir()
    for number, (name, (title, text)) in enumerate(ARTICLES.items()):
        front = f"---\ntitle: {title}\ndate: 2026-11-23T1{number}:00:00Z\n---\n\n"
        (folder / "desk" / f"{name}.md").write_text(f"{front}{text}\n", "utf-8")


def called(folder: Path, *commands: str) -> None:
    """Run commands in a folder, for fixtures that are made once."""
    for command in commands:
        with chdir(folder), redirect_stdout(StringIO()), suppress(SystemExit):
            main(command.split())


@pytest.fixture(scope="session")
def ranked_newsroom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A newsroom with its articles placed and ranked."""
    folder = tmp_path_factory.mktemp("ranked")
    write_newsroom(folder)
    called(folder, f"status --now {EARLIER}", f"ingest --now {SEVEN}", f"stories --now {SEVEN}")
    return folder


@pytest.fixture
def ranked(ranked_newsroom: Path, tmp_path: Path, run: Run) -> Run:
    """A copy of the newsroom with its articles placed and ranked."""
    shutil.copytree(ranked_newsroom, tmp_path, dirs_exist_ok=True)
    return run


@pytest.fixture(scope="session")
def cut_newsroom(ranked_newsroom: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A newsroom with two subscribers and an edition; it has sent nothing, so that tests may copy it."""
    folder = tmp_path_factory.mktemp("newsroom")
    shutil.copytree(ranked_newsroom, folder, dirs_exist_ok=True)
    called(folder, f"publish --now {SEVEN}")
    called(folder, *(f"subscribers add {name}@example.org --now {EARLIER}" for name in ("ann", "bob")))
    called(folder, f"edition --now {SEVEN}")
    return folder


@pytest.fixture
def edition(cut_newsroom: Path, tmp_path: Path, run: Run) -> Run:
    """The same with two subscribers and the edition of the 24th, cut and not sent."""
    shutil.copytree(cut_newsroom, tmp_path, dirs_exist_ok=True)
    return run


@pytest.fixture
def smtp() -> Iterator[ScriptedSmtp]:
    with ScriptedSmtp(PIPELINING) as server:
        yield server
