"""Each command that installs syndicate works on the day it is read, and the release knows all of them."""

import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
RELEASING = CHECKOUT / "docs" / "releasing.md"
NAME = "syndicate-news"
INSTALLS = re.compile(r"(?:(?:pipx|pip|uv tool) install|uvx) [^\n`|#(]*")
# The checkout, with or without extras, or the built file in a repository of its own.
LOCAL = re.compile(r"(?<= )('?)\.(?=[\[' ]|$)|\./syndicate_news-\*\.whl")


def install_commands() -> set[tuple[str, str]]:
    """Each command that installs syndicate, with the file that tells a reader to type it."""
    files = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", CHECKOUT / "syndicate" / "errors.py"]
    files += [*(CHECKOUT / "docs").glob("*.md"), *(CHECKOUT / "deploy" / "static").iterdir()]
    return {
        (file.relative_to(CHECKOUT).as_posix(), command.strip())
        for file in set(files) - {RELEASING}
        for command in INSTALLS.findall(file.read_text("utf-8"))
        if NAME in command or LOCAL.search(command)
    }


def listed_commands() -> dict[tuple[str, str], str]:
    """The table of ``releasing.md``: file and command of today, with the command of the released package."""
    rows = re.findall(
        r"^\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|$", RELEASING.read_text("utf-8"), re.MULTILINE
    )
    return {(file, today): released for file, today, released in rows}


def test_no_page_installs_from_an_index_that_does_not_have_the_package():
    assert {found for found in install_commands() if NAME in found[1]} == set()


def test_the_release_lists_every_command_that_installs_from_a_checkout():
    assert set(listed_commands()) == install_commands()


def test_a_released_command_differs_from_that_of_today_in_the_package_only():
    for (_, today), released in listed_commands().items():
        assert LOCAL.sub(lambda found: (found[1] or "") + NAME, today) == released
