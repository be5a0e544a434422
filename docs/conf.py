"""Sphinx configuration: ``./run docs`` builds these pages into ``build/docs``.

Each build writes three pages: the help of every command, and from the top folder the changelog and the
guide for contributors.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
CHECKOUT = DOCS.parent
sys.path.insert(0, str(CHECKOUT))

from syndicate import __version__  # noqa: E402
from syndicate.cli import _syndicate  # noqa: E402

REPOSITORY = "https://github.com/syndicate-news/syndicate/"
FILES = f"{REPOSITORY}blob/main/"

project = "syndicate"
author = "The syndicate founders"
release = __version__
extensions = ["myst_parser"]
exclude_patterns = ["images"]
html_theme = "furo"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_title = f"syndicate {release}"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "source_repository": REPOSITORY,
    "source_branch": "main",
    "source_directory": "docs/",
}
# Levels of headings that get an address, as on code hosts.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]


GENERATED = DOCS / "generated"
TOP_PAGES = ("CHANGELOG", "CONTRIBUTING")


def _commands(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    """Yield path and help of a command and of all commands below it."""
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _commands(below, click.Context(below, info_name=name, parent=context))


def _help() -> str:
    context = click.Context(_syndicate, info_name="syndicate", max_content_width=80, terminal_width=80)
    parts = [f"## {path}\n\n```text\n{text}\n```\n" for path, text in _commands(_syndicate, context)]
    return "# Help of every command\n\nAs `--help` prints it.\n\n" + "\n".join(parts)


def _top_page(name: str) -> str:
    """Return a page of the top folder with its links as they are from ``docs/generated``."""
    text = (CHECKOUT / name).read_text("utf-8").replace("](docs/", "](../")
    return re.sub(r"\]\((?!\.\./|\w+:|#)", f"]({FILES}", text)


def _link_to_the_top(_app: Sphinx, page: str, source: list[str]) -> None:
    """Lead links that leave ``docs`` to the generated page, or to the file in the repository."""
    for name in TOP_PAGES:
        source[0] = source[0].replace(f"](../{name}.md", f"](generated/{name.lower()}.md")
    if not page.startswith("generated/"):
        source[0] = source[0].replace("](../", f"]({FILES}")


def setup(app: Sphinx) -> None:
    """Register the rewriting of links."""
    app.connect("source-read", _link_to_the_top)


GENERATED.mkdir(exist_ok=True)
(GENERATED / "help.md").write_text(_help(), "utf-8")
for top_page in TOP_PAGES:
    (GENERATED / f"{top_page.lower()}.md").write_text(_top_page(f"{top_page}.md"), "utf-8")
