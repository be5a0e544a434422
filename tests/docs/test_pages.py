"""Every page: links lead somewhere, examples are valid, and the README is true."""

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from syndicate import __version__
from syndicate.cli import _syndicate
from syndicate.store import schema
from syndicate.store.events.event_log import EVENTS

CHECKOUT = Path(__file__).parents[2]
DOCS = CHECKOUT / "docs"
ROOT_PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "feeds/README.md")
PAGES = sorted([*(CHECKOUT / name for name in ROOT_PAGES), *DOCS.glob("*.md")])
PATH_OF_A_FILE = re.compile(r"`((?:syndicate(?!/templates)|tests|templates|docs|benchmarks|\.ci)/[\w./-]+)`")
LINK = re.compile(r"(?<!`)\[(?:[^\]\[]|`[^`]*`|\[[^\]]*\])*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@cache
def text_of(page: Path) -> str:
    return page.read_text("utf-8")


@cache
def anchors(page: Path) -> set[str]:
    """The fragments by which a page's headings are reached, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def relative_links() -> list[tuple[str, str]]:
    found = [
        (page, link)
        for page in PAGES
        for link in LINK.findall(FENCE.sub("", text_of(page)))
        if "://" not in link
    ]
    return [(page.relative_to(CHECKOUT).as_posix(), link) for page, link in found]


def leads_somewhere(page: str, link: str) -> bool:
    path, _, fragment = link.partition("#")
    target = (CHECKOUT / page).parent / path if path else CHECKOUT / page
    return target.exists() and (not fragment or fragment in anchors(target))


def test_every_relative_link_leads_somewhere():
    assert [link for link in relative_links() if not leads_somewhere(*link)] == []


def test_every_file_that_a_page_names_is_there():
    named = [(page.name, path) for page in PAGES for path in PATH_OF_A_FILE.findall(text_of(page))]
    assert [(page, path) for page, path in named if not (CHECKOUT / path).exists()] == []


def test_every_file_on_a_route_through_the_code_is_there():
    paths = re.findall(r"`([a-z]+/[\w/]+\.py)`", text_of(DOCS / "architecture.md"))
    below = [path for path in paths if not path.startswith(("syndicate/", "tests/"))]
    assert below
    assert [path for path in below if not (CHECKOUT / "syndicate" / path).exists()] == []


def test_the_architecture_names_every_room_and_shelf():
    section = re.search(r"^## Rooms and shelves$(.*?)^## ", text_of(DOCS / "architecture.md"), re.M | re.S)
    assert section
    folders = {path.parent.relative_to(CHECKOUT) for path in (CHECKOUT / "syndicate").rglob("__init__.py")}
    names = {folder.name for folder in folders} - {"syndicate"}
    assert names - set(re.findall(r"`(\w+)`", section[1])) == set()


def test_no_page_has_the_name_of_a_page_that_sphinx_writes():
    assert {page.stem for page in DOCS.glob("*.md")} & {"search", "genindex", "py-modindex"} == set()


def test_every_page_is_linked_from_the_readme():
    pages = {page.name for page in DOCS.glob("*.md")} - {"index.md"}
    assert {page for page in pages if f"(docs/{page})" not in text_of(CHECKOUT / "README.md")} == set()


@pytest.mark.parametrize("command", ["./run demo", "./run test"])
def test_the_readme_begins_with_the_two_commands(command: str):
    first_block = FENCE.search(text_of(CHECKOUT / "README.md"))

    assert first_block
    assert command in first_block[2].splitlines()


def test_the_readme_is_short():
    assert len(text_of(CHECKOUT / "README.md").splitlines()) <= 120


def test_the_newest_entry_of_the_changelog_is_this_version():
    versions = re.findall(r"^## \[([^\]]+)\]", text_of(CHECKOUT / "CHANGELOG.md"), re.MULTILINE)

    assert versions[0] == __version__


def test_every_command_line_begins_with_a_command_there_is():
    known = set(_syndicate.list_commands(None))  # type: ignore[arg-type]
    fences = [fence for page in PAGES for fence in FENCE.findall(text_of(page))]
    blocks = [body for kind, body in fences if kind in ("console", "sh")]
    used = re.findall(r"(?:^|[ (/])syndicate ([a-z]+(?:-[a-z]+)*)", "\n".join(blocks), re.MULTILINE)

    assert set(used) <= known


def test_every_table_of_the_store_is_documented():
    text = text_of(DOCS / "architecture.md")
    assert [table for table in schema.metadata.tables if f"\n| `{table}` |" not in text] == []


def test_every_event_of_webhooks_is_documented():
    text = text_of(DOCS / "webhooks.md")
    assert [event for event in EVENTS if not re.search(rf"^\| .*`{event}`.* \|", text, re.MULTILINE)] == []


@pytest.mark.parametrize(
    ("page", "block"),
    [(page.name, body) for page in PAGES for kind, body in FENCE.findall(text_of(page)) if kind == "toml"],
)
def test_every_toml_example_is_toml(page: str, block: str):
    assert tomllib.loads(block)
