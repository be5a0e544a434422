"""The mail that asks for confirmation must have its link, our address, and nothing a mail must not have."""

from pathlib import Path

import pytest

from syndicate.audience.confirmation import ConfirmationContent, render_confirmation
from syndicate.model import Brand
from syndicate.newsletter.lint.confirmation_lint import CONFIRM, lint_confirmation
from syndicate.newsletter.lint.findings import LintFinding, Origins, Severity
from syndicate.templating import Templates
from tests.template_variables import MAIL_LANGUAGES

URL, ADDRESS = "https://news.example/confirm/token", "1 Quay & Street"


def found(folder: Path | None = None, language: str = "en") -> tuple[LintFinding, ...]:
    templates = Templates(folder)
    question = ConfirmationContent(
        newsletter="The digest",
        brand=Brand(title="The Newsroom", postal_address=ADDRESS),
        language=language,
        agreed="I want it.",
        confirm_url=URL,
        hours=72,
    )
    parts = render_confirmation(templates, question)

    def find(text: str, file: str) -> str:
        return templates.find(text, "mail/", "confirm.*" if file == "*.*" else file)

    origins = Origins(find=find, stem=CONFIRM)
    return lint_confirmation(parts, confirm_url=URL, postal_address=ADDRESS, origins=origins)


@pytest.mark.parametrize("language", ["en", *MAIL_LANGUAGES])
@pytest.mark.sampled(5)
def test_OF5_the_mail_that_ships_passes_without_a_word(language: str) -> None:
    assert found(language=language) == ()


@pytest.mark.parametrize(
    ("name", "old", "new", "rule"),
    [
        ("confirm.html", "{{ confirm_url }}", "#", "C1"),
        ("confirm.txt", "{{ confirm_url }}", "", "C1"),
        ("confirm.html", "{{ postal_address }}", "", "M12"),
        ("confirm.txt", "{{ postal_address }}", "", "M12"),
        ("confirm.html", "<h1 ", '<a href="https://shop.example/">Buy</a><h1 ', "C2"),
        ("confirm.html", "color: #5a5f62", "color: #dddddd", "M8"),
        ("confirm.html", "margin: 0 0 24px", "display: grid", "caniemail"),
        ("confirm.html", "<h1 ", "<form></form><h1 ", "M9"),
        ("confirm.subject.txt", "{{ words.confirm_subject(newsletter) }}", "", "M15"),
    ],
)
def test_OF5_what_is_wrong_with_a_template_of_ones_own_is_found(
    tmp_path: Path, name: str, old: str, new: str, rule: str
) -> None:
    text = Templates().read(f"mail/{name}").decode()
    assert old in text
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / name).write_text(text.replace(old, new), "utf-8")
    errors = [one for one in found(tmp_path) if one.severity is Severity.ERROR]
    assert rule in {one.rule for one in errors}
    assert all(one.place.startswith("mail/confirm.") for one in errors)


def test_M3_padding_stands_on_cells_only() -> None:
    """Word, which draws mail in Outlook, knows no padding of paragraphs and links."""
    css = Templates().read("mail/inline.css").decode()
    cells = {
        "around",
        "intro",
        "masthead",
        "signed",
        "picture",
        "lead",
        "block",
        "story",
        "heading",
        "trend",
        "closing",
        "editor",
    }
    cells |= {"row", "more", "footer", "contents", "credit", "line", "more-today"}
    cells |= {"beside", "button", "above", "rest", "small-picture", "notice", "share"}
    cells |= {"prose", "prose th, .prose td"}
    padded = [line.partition(" {")[0] for line in css.splitlines() if "padding" in line]
    assert {name.removeprefix(".") for name in padded} - {"body"} == cells
