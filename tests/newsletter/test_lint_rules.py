"""Lint's further rules: colours, support, structure, headers, trimming."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from syndicate.newsletter.lint.colours import check_colours, colour_of
from syndicate.newsletter.lint.findings import DoubtfulLinks, Origins, Severity
from syndicate.newsletter.lint.html_support import check_support
from syndicate.newsletter.lint.mail_lint import HTML_LIMIT_BYTES, html_size, lint_mail
from syndicate.newsletter.lint.mail_page import MailPage
from syndicate.newsletter.lint.structure import check_headers, check_structure
from syndicate.newsletter.story_views import content_from_stories
from syndicate.newsletter.trim import fit
from syndicate.templating import Templates
from syndicate.text.accent import contrast
from tests.newsletter.edition import full_edition
from tests.newsletter.rendering import SITE, render

PLACE = re.compile(r"mail/[\w.]+, line \d+$|article \d+ |config\.toml, ")
DARK = "<style>@media (prefers-color-scheme: dark) { %s }</style>"


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000", "#ffffff", 21.0),
        ("#777777", "white", 4.48),
        ("#767676", "#fff", 4.54),
        ("rgb(255, 0, 0)", "#fff", 4.0),
    ],
)
def test_M8_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    first, second = colour_of(one), colour_of(other)
    assert first is not None
    assert second is not None
    assert contrast(first, second) == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize(
    ("html", "scheme"),
    [
        ('<p style="color:#999">pale</p>', "light"),
        ('<td bgcolor="#333333"><p style="color:#444">dim</p></td>', "light"),
        ('<p style="color:#999;font-size:24px">large</p>', "light"),
        ('<p style="color:#777;font-size:24px">large enough</p>', ""),
        ('<div style="display:none"><p style="color:#fff">hidden</p></div>', ""),
        ('<p style="color:#222">black on white</p>', ""),
        (
            DARK % ".a { background-color: #000 !important; }"
            + '<div class="a"><p style="color:#222">x</p></div>',
            "dark",
        ),
        (DARK % "p { color: #333 !important; } p.b { color: #000 !important; }" + '<p class="b">x</p>', ""),
        (DARK % ".a { color: #fff !important; }" + '<p class="a" style="color:#222">x</p>', "dark"),
        (
            DARK % ".a { color: #fff; }"
            + '<p class="a" style="color:#222">not important, so it never wins</p>',
            "",
        ),
    ],
)
def test_M8_weak_text_is_found_in_either_scheme(html: str, scheme: str) -> None:
    found = check_colours(MailPage(html), Origins())
    assert [f"in the {scheme} scheme" in one.message for one in found] == ([True] if scheme else [])


@pytest.mark.parametrize(
    ("html", "feature"),
    [
        ('<div style="display: flex">x</div>', "display:flex"),
        ('<div style="position:absolute">x</div>', "position"),
        ("<style>@font-face { font-family: x; }</style>", "@font-face"),
        ('<p style="font-size: clamp(1px, 2px, 3px)">x</p>', "clamp("),
        ("<video></video>", "<video>"),
        ('<style>@import url("https://a.example/x.css"); p { color: #000 }</style>', "@import"),
        ('<p style="width: calc(1px + 2px)">x</p>', "calc("),
        ('<p style="background: red linear-gradient(red, blue)">x</p>', "linear-gradient("),
        ('<p style="color: var(--ink)">x</p>', "var("),
        ('<p style="padding: 1.5rem 0">x</p>', "1rem"),
        ('<p style="width: fit-content">x</p>', "fit-content"),
        ("<p style=\"font-family: 'min-content', Arial; color: #1ch\">x</p>", ""),
        ('<p style="border-radius: 4px; color: #000">degrades well</p>', ""),
    ],
)
def test_caniemail_names_what_is_not_supported(html: str, feature: str) -> None:
    found = check_support(MailPage(html), Origins())
    assert [one.message.split(" is not")[0] for one in found] == ([feature] if feature else [])


def test_a_finding_names_the_line_of_the_users_template(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "digest.html").write_text(
        '{% extends "!builtin/mail/digest.html" %}\n{% block masthead %}\n'
        '<tr><td style="display: grid"><h1>{{ newsletter.title }}</h1></td></tr>\n{% endblock %}\n'
    )
    templates = Templates(tmp_path)
    rendered = render(folder=tmp_path)
    found = lint_mail(rendered, Origins(find=lambda text, file: templates.find(text, "mail/", file)))
    assert "mail/digest.html, line 3" in [one.place for one in found if one.rule == "caniemail"]


def test_a_finding_names_the_article() -> None:
    content = content_from_stories(full_edition(), SITE)
    url = content.stories[0].url
    found = lint_mail(render(), Origins(content), DoubtfulLinks(dead={url: "gone (410)"}))
    (dead,) = [one for one in found if one.severity is Severity.ERROR]
    assert "Harbour bridge reopens" in dead.place
    assert f"{url} is dead: gone (410)" in dead.message


@pytest.mark.parametrize(
    ("html", "feature"),
    [
        ("<style>a:hover { color: #000 }</style>", ":hover"),
        ("<style>p:before, h1 { color: #000 }</style>", "::before"),
        ("<style>td > p { color: #000 }</style>", "a > b"),
        ("<style>@media (max-width: 1px) { [dir=rtl] { color: #000 } }</style>", "[attribute]"),
        ('<p style="letter-spacing: 1px">x</p>', "letter-spacing"),
        ("<ul><li>x</li></ul>", "<ul>"),
    ],
)
def test_what_costs_only_looks_or_works_in_part_is_a_warning(html: str, feature: str) -> None:
    (found,) = check_support(MailPage(html), Origins())
    assert (found.severity, found.message.split(" is ")[0]) == (Severity.WARNING, feature)


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("FREE MONEY INSIDE", "all capitals"),
        ("Re: our talk", "pretends to be an answer"),
        ("Win!!!", "several of !"),
        ("x" * 101, "cut it off at 100"),
        ("", "is empty"),
        ("العدد الجديد من النشرة", ""),
        ("新闻每日摘要第一期出版", ""),
    ],
)
def test_M15_subjects(subject: str, said: str) -> None:
    page = MailPage(f"<title>{subject}</title>" + "word " * 60)
    found = check_structure(subject, page, Origins())
    assert [said in one.message for one in found] == ([True] if said else [])


def test_spam_structure_of_links_and_pictures() -> None:
    html = '<p><img src="a"></p><a href="https://bad.example/">https://bank.example/</a><a href="https://bit.ly/x">y</a>'
    said = " ".join(one.message for one in check_structure("Hello", MailPage(html), Origins()))
    for part in ("only 23 characters", "shows bank.example but leads to bad.example", "hides behind bit.ly"):
        assert part in said
    html = '<a href="https://bank.example@bad.example/">https://bank.example/</a>'
    said = " ".join(one.message for one in check_structure("Hello", MailPage(html), Origins()))
    assert "shows bank.example but leads to bad.example" in said


HEAD = (
    b"From: a@example.com\r\nTo: b@example.com\r\nDate: x\r\nSubject: y\r\nMessage-ID: <z@example.com>\r\n"
    b"MIME-Version: 1.0\r\nList-Id: <x.example.com>\r\nAuto-Submitted: auto-generated\r\n"
    b"List-Unsubscribe: <https://x.example/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
)


@pytest.mark.parametrize(
    ("head", "rules"),
    [
        (HEAD, []),
        (HEAD.replace(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""), ["E9", "E9"]),
        (HEAD.replace(b"Subject: y", b"Subject: y\r\nSubject: z"), ["E1"]),
        (HEAD.replace(b"Subject: y", "Subject: ü".encode()), ["E2"]),
        (HEAD.replace(b"Subject: y", b"Subject: " + b"y" * 999), ["E2"]),
        (HEAD.replace(b"List-Id: <x.example.com>\r\n", b""), ["E8"]),
    ],
)
def test_header_rules_on_raw_bytes(head: bytes, rules: list[str]) -> None:
    assert [one.rule for one in check_headers(head + b"\r\nbody")] == rules


@pytest.mark.all
def test_M1_an_edition_too_large_is_trimmed_and_it_is_said_what_went() -> None:
    content = content_from_stories(full_edition(), SITE)
    whole = html_size(render(content=content).html)
    smaller, rendered, said = fit(content, lambda what: render(content=what), whole - 1)
    assert html_size(rendered.html) < whole
    assert len(smaller.stories) == len(content.stories)
    assert "further links of" in said[0]
    least, rendered, said = fit(content, lambda what: render(content=what), 1)
    assert [story.title for story in least.stories] == [content.stories[0].title]
    assert sum("the story" in one for one in said) == len(content.stories) - 1


def test_M1_what_fits_stays_as_it_is() -> None:
    content = content_from_stories(full_edition(), SITE)
    assert fit(content, lambda what: render(content=what), HTML_LIMIT_BYTES)[::2] == (content, ())


@pytest.mark.parametrize(("size", "severity"), [(79, None), (81, Severity.WARNING), (103, Severity.ERROR)])
def test_M1_a_large_mail_is_warned_of_before_it_is_cut_off(size: int, severity: Severity | None) -> None:
    rendered = render()
    padding = "x" * (size * 1024 - html_size(rendered.html))
    large = replace(rendered, html=rendered.html.replace("</body>", f"<!--{padding}--></body>"))
    found = [one.severity for one in lint_mail(large) if one.rule == "M1"]
    assert found == ([severity] if severity else [])


def test_E5_a_text_part_with_all_the_links_and_none_of_the_words_is_found(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "digest.txt").write_text(
        "{% for story in stories + trending %}{{ story.url }}\n"
        "{% for link in story.covered_by + story.related %}{{ link.url }}\n{% endfor %}{% endfor %}\n"
        "{{ reason }}\n{{ site.postal_address }}\n{{ unsubscribe_url }}\n{{ preferences_url }}\n"
        "{{ web_url }}\n{{ site.url }}/\n{{ site.google_news_url }}\n"
    )
    content = replace(
        content_from_stories(full_edition(), SITE), note="Look at the note.", correction="It was wrong."
    )
    found = lint_mail(render(folder=tmp_path, content=content), Origins(content), content=content)
    said = [str(one) for one in found if one.rule == "E5"]
    for story in content.stories:
        (headline,) = [one for one in said if f'headline "{story.title}"' in one]
        assert headline.startswith("article ")
    assert any("editor's note" in one for one in said)
    assert any("correction" in one for one in said)
    whole = render(content=content)
    assert not [one for one in lint_mail(whole, Origins(content), content=content) if one.rule == "E5"]


def test_the_text_part_shows_the_section_of_a_story() -> None:
    content = content_from_stories(full_edition(), SITE)
    lines = render(content=content).text.splitlines()
    for story in content.top:
        section = story.section[:1].upper() + story.section[1:]
        assert not section or section in lines
    assert any(story.section for story in content.top)


def test_every_finding_names_a_line_of_a_template_an_article_or_a_setting(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "digest.html").write_text(
        "<html><body><h1>x</h1><h1>y</h1><img src='x'></body></html>"
    )
    (tmp_path / "mail" / "digest.txt").write_text("https://a.example/only-here\n")
    (tmp_path / "mail" / "digest.subject.txt").write_text("{{ stories[0].title }}!!!{{ 'x' * 99 }}\n")
    (tmp_path / "mail" / "digest.reason.txt").write_text(" \n")
    templates, content = Templates(tmp_path), content_from_stories(full_edition(), SITE)
    origins = Origins(content, lambda text, file: templates.find(text, "mail/", file))
    rendered = replace(render(folder=tmp_path, content=content), preferences_url="https://a.example/choose")
    large = replace(rendered, html=rendered.html + "x" * HTML_LIMIT_BYTES)
    found = lint_mail(large, origins, content=content)
    assert {one.rule for one in found} >= {"M1", "B3", "M12", "E5", "M6", "M7", "M15", "spam", "C10"}
    assert [one.place for one in found if not PLACE.match(one.place)] == []


def test_a_digest_survives_being_stored() -> None:
    content = replace(content_from_stories(full_edition(), SITE), note="a\n\nb", correction="c", title="d")
    assert type(content).from_json(content.to_json()) == content


def test_M8_weak_text_of_an_own_block_is_found_in_that_block(tmp_path: Path) -> None:
    block = tmp_path / "mail" / "blocks" / "masthead.html"
    block.parent.mkdir(parents=True)
    block.write_text('<tr>\n<td style="color: #ddd; background-color: #fff">Weak as tea</td>\n</tr>\n')
    templates, content = Templates(tmp_path), content_from_stories(full_edition(), SITE)
    origins = Origins(content, lambda text, file: templates.find(text, "mail/", file, but="confirm"))
    found = lint_mail(render(folder=tmp_path, content=content), origins, content=content)
    assert {one.place for one in found if one.rule == "M8"} == {"mail/blocks/masthead.html, line 2"}
