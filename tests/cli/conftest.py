"""Commands run in a folder of their own, in this process, as the installed program would run them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syndicate.cli import main


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
