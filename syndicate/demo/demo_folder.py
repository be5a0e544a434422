"""Folder of a demo: its files, and their removal before the next demo.

``demo.txt`` marks a folder as a demo's and lists the demo's files. The next demo removes these files and
leaves other files alone. The demo holds the store's lock, as the daemon does.
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

from syndicate.demo.newsroom import Publication, local_articles
from syndicate.errors import SyndicateError
from syndicate.files import file_lock, write_atomic

_DIGESTS = ("digest.html", "digest.txt", "digest-arabic.html", "digest-arabic.txt")
MADE = ("config.toml", "feeds", "outbox", "our-desk", *_DIGESTS)
STORE = ("syndicate.db", "syndicate.db-wal", "syndicate.db-shm")
LOCK = "syndicate.db.lock"
_MARK = "demo.txt"
_NOTE = f"""\
Made by `syndicate demo`. The next demo in this folder removes these files and folders
and makes them again: {", ".join(MADE)}, {STORE[0]}.
"""
_TIME_PLACEHOLDER = re.compile(r"\{(iso|long) (\d+(?:\.\d+)?)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFolder:
    """Paths of a demo."""

    folder: Path

    @property
    def config(self) -> Path:
        """Configuration file, which users can copy."""
        return self.folder / "config.toml"

    @property
    def feeds(self) -> Path:
        """Output folder with feeds, and pages in ``site``."""
        return self.folder / "feeds"

    @property
    def outbox(self) -> Path:
        """Folder with a file per message."""
        return self.folder / "outbox"

    def write(self, papers: Sequence[Publication], newsroom: str, now: datetime, *, listen: str) -> None:
        """Write the configuration for the newsroom's URL, and the local articles of "Our desk"."""
        template = Template((files("syndicate.demo") / "config.toml").read_text("utf-8"))
        text = template.substitute(
            site_url=f"http://{listen}",
            listen=listen,
            time=f"{now:%H:%M}",
            sources="\n".join(_source(paper, newsroom) for paper in papers) + _DESK,
        )
        write_atomic(self.config, text.encode())
        for name, article in local_articles():
            dated = _TIME_PLACEHOLDER.sub(
                lambda match: _format_time(match[1], now - timedelta(hours=float(match[2]))), article
            )
            write_atomic(self.folder / "our-desk" / name, dated.encode())


@contextmanager
def open_demo_folder(folder: Path) -> Iterator[DemoFolder]:
    """Lock the folder and remove the files of an earlier demo.

    Raises ``SyndicateError`` if the folder has a file of that name from elsewhere, and ``StoreBusy`` while a
    demo or daemon uses the folder.
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
    """Return a TOML basic string, which allows the escapes of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _format_time(style: str, at: datetime) -> str:
    """Format a time as ISO 8601 or as on a page."""
    if style == "iso":
        return at.isoformat(timespec="minutes")
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


_DESK = """
# A folder of Markdown, HTML and plain text files: articles of this site. Links lead to this site's
# pages, and feeds carry the whole text.
[[sources]]
name = "Our desk"
url = "our-desk"
section = "city"
own = true

"""
