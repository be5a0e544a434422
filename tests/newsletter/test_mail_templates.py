import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syndicate.errors import RenderError
from syndicate.newsletter.lint.mail_lint import errors_of, lint_mail
from syndicate.newsletter.render import inline_styles
from syndicate.newsletter.story_views import TOKEN
from syndicate.templating import Templates
from tests.newsletter.rendering import LINK, ROOT, Elements, link, render, story
from tests.template_variables import variables

HOSTILE: list[dict[str, Any]] = [
    {"title": "<script>alert(1)</script>", "summary": "</td></table><form action=x>"},
    {"title": "{{ 7*7 }}{% raw %}", "summary": "{# x #}"},
    {"title": f"Leave {TOKEN} now", "summary": f"https://evil.example/?t={TOKEN}"},
    {"title": TOKEN[:10] + TOKEN + TOKEN[10:], "section": TOKEN},
    {"title": TOKEN[:10] + "\x00\u202e" + TOKEN[10:], "summary": TOKEN[:10] + "\x00" + TOKEN[10:]},
    {
        "title": "https://evil.example/free",
        "summary": "See https://evil.example/a-very-long-address-with-hyphens/" * 2,
    },
    {"title": '"onmouseover="alert(1)', "url": 'https://a.example/"onmouseover="alert(1)'},
    {"url": "javascript:alert(1)"},
    {"url": f"https://evil.example/{TOKEN}"},
    {"url": "https://a.example/?a=1&b=2&copy=3&amp;lt;"},
    {"title": "<!--", "summary": "<![endif]--><style>*{display:none}</style>"},
    {"title": "x\x00y\ud800z\u202ereversed", "summary": "\r\n.\r\nQUIT"},
    {"title": "W" * 5000, "summary": "w" * 50_000},
    {"title": "", "summary": ""},
    {"language": '"><b>', "direction": "ltr"},
    {"section": "<b>x</b>\n" * 50},
]


@pytest.mark.parametrize("article", HOSTILE)
@pytest.mark.sampled(5)
def test_CF1_no_article_breaks_the_mail_or_leaks_the_token(article: dict[str, Any]) -> None:
    wild = story(1, **article)
    related = link(2, **{name: value for name, value in article.items() if name in ("title", "url")})
    lead = replace(wild.lead, related=(related,), coverage=(replace(related, source_name="<i>x</i>"),))
    rendered = render((replace(wild, lead=lead, coverage=3), story(3, kind="trending", **article)))
    assert errors_of(lint_mail(rendered)) == ()
    elements = Elements(rendered.html)
    assert {tag for tag, _ in elements.found} <= {
        *("html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td"),
        *("h1", "h2", "h3", "p", "a", "span", "img"),
    }
    assert not [name for _, attributes in elements.found for name in attributes if name.startswith("on")]
    assert (rendered.html.count(TOKEN), rendered.text.count(TOKEN), rendered.subject.count(TOKEN)) == (
        1,
        1,
        0,
    )


@pytest.mark.parametrize(
    "style",
    [
        '<link rel="stylesheet" href="https://x.example/a.css">',
        "<LINK href=//x.example/a.css rel='alternate stylesheet'>",
        "<style>@import url(https://x.example/a.css);</style>",
        "<style>@IMPORT 'a.css';</style>",
    ],
)
def test_a_template_with_a_style_sheet_from_elsewhere_is_refused_and_nothing_is_fetched(style: str) -> None:
    with pytest.raises(RenderError, match="style sheet"):
        inline_styles(f"<html><head>{style}</head><body><p>x</p></body></html>")


def test_inlining_keeps_important_media_rules_and_the_token() -> None:
    html = inline_styles(
        "<!DOCTYPE html><html><head>"
        "<style>p{color:red}@media (max-width:9px){p{color:blue !important}}</style>"
        f'</head><body><p>Café <a href="{LINK}">x</a></p></body></html>'
    )
    assert '<p style="color:red">Café' in html
    assert re.search(r"@media \(max-width: ?9px\)\s*{\s*p\s*{\s*color: blue !important", html)
    assert f'href="{LINK}"' in html


def test_a_users_template_overrides_one_block_and_keeps_the_rest(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "digest.html").write_text(
        '{% extends "!builtin/mail/digest.html" %}'
        "{% block masthead %}<tr><td><h1>Ours</h1></td></tr>{% endblock %}"
    )
    rendered = render(folder=tmp_path)
    assert "<h1" in rendered.html
    assert "Ours" in rendered.html
    assert "The Morning Brief</h1>" not in rendered.html
    assert errors_of(lint_mail(rendered)) == ()


def test_a_template_with_a_typo_names_the_place(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "digest.txt").write_text("line\n{{ newsletter.tittle }}\n")
    with pytest.raises(RenderError, match=r"mail/digest\.txt, line 2"):
        render(folder=tmp_path)


def test_every_variable_a_mail_template_takes_is_documented() -> None:
    documented = set(
        re.findall(r"`([a-z_.]+)`", (ROOT / "docs" / "templates.md").read_text(encoding="utf-8"))
    )
    templates = Templates()
    blocks = [name for name in templates.names() if name.startswith("mail/blocks/")]
    for name in ("mail/digest.html", "mail/digest.txt", "mail/digest.subject.txt", *blocks):
        assert variables(templates, name) <= documented


def test_a_mail_of_millions_of_characters_is_refused_before_its_styles_are_inlined(tmp_path):
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "digest.html").write_text("{{ 'x' * 1000001 }}")
    with pytest.raises(RenderError, match=r"mail/digest\.html makes 1,000,001 characters"):
        render(folder=tmp_path)


@pytest.mark.parametrize("page", ["", " \n", "<!-- ", "<!-- nothing -->"])
def test_a_template_that_makes_no_page_is_an_error(page: str) -> None:
    with pytest.raises(RenderError, match=r"mail/digest\.html makes no page that a mail can show"):
        inline_styles(page)
