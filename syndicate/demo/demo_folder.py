"""The folder a demo lives in: what it makes there, and how a second demo finds the place clean.

``demo.txt`` marks a folder as the demo's. What it names belongs to the demo and is made anew by the next one;
whatever else lies in the folder is left alone. The store's lock is held meanwhile, as by the daemon.
"""

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from string import Template

from syndicate.demo.newsroom import Publication, desk_files
from syndicate.errors import SyndicateError
from syndicate.files import file_lock, write_atomic

MADE = (
    "config.toml",
    "feeds",
    "outbox",
    "our-desk",
    "digest.html",
    "digest.txt",
    "digest-arabic.html",
    "digest-arabic.txt",
)
STORE = ("syndicate.db", "syndicate.db-wal", "syndicate.db-shm")
LOCK = "syndicate.db.lock"
_MARK = "demo.txt"
_NOTE = f"""\
Made by `syndicate demo`. The next demo in this folder removes these, with all that is in them,
and makes them anew: {", ".join(MADE)}, {STORE[0]}.
"""
_OPEN_TIME = re.compile(r"\{(iso|long) (\d+(?:\.\d+)?)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFolder:
    """Paths and addresses of one demo."""

    folder: Path

    @property
    def config(self) -> Path:
        """The configuration a user can copy."""
        return self.folder / "config.toml"

    @property
    def feeds(self) -> Path:
        """The output folder: feeds, and pages in ``site``."""
        return self.folder / "feeds"

    @property
    def outbox(self) -> Path:
        """One file for each message."""
        return self.folder / "outbox"

    def write(self, papers: Sequence[Publication], newsroom: str, now: datetime, *, listen: str) -> None:
        """Write the configuration for a newsroom at an address, and the local articles of "Our desk"."""
        template = Template((files("syndicate.demo") / "config.toml").read_text("utf-8"))
        text = template.substitute(
            site_url=f"http://{listen}",
            listen=listen,
            time=f"{now:%H:%M}",
            sources="\n".join(_source(paper, newsroom) for paper in papers) + _DESK,
        )
        write_atomic(self.config, text.encode())
        for name, article in desk_files():
            dated = _OPEN_TIME.sub(
                lambda found: _written(found[1], now - timedelta(hours=float(found[2]))), article
            )
            write_atomic(self.folder / "our-desk" / name, dated.encode())


@contextmanager
def open_place(folder: Path) -> Iterator[DemoFolder]:
    """The folder made ready and locked: what an earlier demo made is removed.

    Raises ``SyndicateError`` when something of the demo's names is there that no demo made, and ``StoreBusy``
    when a demo or a daemon is using the folder.
    """
    if not (folder / _MARK).exists():
        foreign = [name for name in (*MADE, *STORE) if (folder / name).exists()]
        if foreign:
            raise SyndicateError(
                f"{folder} has a {foreign[0]} that no demo made; choose another folder with --out"
            )
    with file_lock(folder / LOCK):
        write_atomic(folder / _MARK, _NOTE.encode())
        try:
            for name in (*MADE, *STORE):
                _remove(folder / name)
        except OSError as error:
            raise SyndicateError(
                f"cannot remove the last demo: {error.filename}: {error.strerror}"
            ) from error
        yield DemoFolder(folder=folder)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _source(paper: Publication, newsroom: str) -> str:
    lines = ["[[sources]]", f"name = {_quoted(paper.name)}", f'url = "{newsroom}{paper.subscribed_path}"']
    if paper.section:
        lines.append(f"section = {_quoted(paper.section)}")
    if paper.weight != 1.0:
        lines.append(f"weight = {paper.weight}")
    if paper.language != "en":
        lines.append(f'language = "{paper.language}"')
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are a part of its own."""
    return json.dumps(text, ensure_ascii=False)


def _written(form: str, moment: datetime) -> str:
    """A time as a machine writes it, or as people do in a page."""
    if form == "iso":
        return moment.isoformat(timespec="minutes")
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


_DESK = """
# Our own articles: a folder of Markdown, HTML and plain text files. They are ours, so links lead to our
# pages, and feeds carry the whole text.
[[sources]]
name = "Our desk"
url = "our-desk"
section = "city"
own = true

"""
