"""Messages written in Markdown: their blocks, the mistakes in them, and the mail."""

from typing import Any

import pytest

from syndicate.errors import SyndicateError
from syndicate.model import ContentPart, EditionContent
from syndicate.newsletter.lint.mail_lint import errors_of, lint_mail
from syndicate.newsletter.story_views import TOKEN, content_from_stories
from syndicate.newsletter.written_message import MessageBlock, first_heading, parse_message
from tests.newsletter.edition import full_edition
from tests.newsletter.rendering import SITE, render
from tests.newsletter.stories import newsletter

TEXT = """# Open day at the harbour

Come and see the **new quay** on [Saturday](https://news.example.com/day?a=1&b=2).

{{ story 12 }}
{{ story https://paper.example/a?b=c }}
{{ top 5 }}
{{trending 3}}
{{ channel sport 2 }}
{{ latest }}

{{ button "Book a seat" https://news.example.com/book }}

- bread
- milk
"""


def test_blocks_stand_between_prose_in_order() -> None:
    blocks = parse_message(TEXT)
    assert [(block.kind, block.name, block.limit) for block in blocks if block.kind != "prose"] == [
        ("story", "12", 1),
        ("story", "https://paper.example/a?b=c", 1),
        ("top", "", 5),
        ("trending", "", 3),
        ("channel", "sport", 2),
        ("latest", "", 50),
    ]
    opening, button, closing = (block for block in blocks if block.kind == "prose")
    assert opening.html.startswith("<h2>Open day at the harbour</h2>")
    assert "Saturday (https://news.example.com/day?a=1&b=2)" in opening.text
    assert 'href="https://news.example.com/book">Book a seat</a>' in button.html
    assert button.text == "Book a seat:\nhttps://news.example.com/book"
    assert closing.text == "- bread\n\n- milk"
    assert first_heading(blocks) == "Open day at the harbour"
    assert first_heading(parse_message("Hello\n\n# Later")) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        "{{ storys 12 }}",
        "{{ story }}",
        "{{ story twelve }}",
        "{{ top }}",
        "{{ top 0 }}",
        "{{ top 51 }}",
        "{{ top ten }}",
        "{{ channel sport }}",
        '{{ button "Book" javascript:alert(1) }}',
        "{{ button https://news.example.com/ }}",
        '{{ button "Book https://news.example.com/ }}',
        "{{ }}",
        "Dear {{ name }},",
        "{{ name",
    ],
)
def test_a_wrong_block_is_an_error_with_its_line(wrong: str) -> None:
    with pytest.raises(SyndicateError, match=r"^line 7: "):
        parse_message(f"Hello\n\n{wrong}\n", first_line=5)


def test_code_may_show_blocks_and_raw_html_is_text() -> None:
    (block,) = parse_message("```\n{{ top 5 }}\n```\n\n<script>alert(1)</script>")
    assert "{{ top 5 }}" in block.html
    assert "&lt;script&gt;" in block.html
    assert parse_message(f"a {TOKEN} b")[0].text == "a  b"


@pytest.mark.parametrize(
    "text",
    [
        f"{TOKEN[:7]}{TOKEN}{TOKEN[7:]} x",
        "[x](https://thief.example/?" + TOKEN.replace("-", "\\-") + ")",
        f"&#{ord(TOKEN[0])};{TOKEN[1:]} x",
        f'{{{{ button "x" https://thief.example/?{TOKEN[:7]}""{TOKEN[7:]} }}}}',
    ],
)
def test_no_spelling_of_the_placeholder_leads_a_token_elsewhere(text: str) -> None:
    (block,) = parse_message(text)
    assert "x" in block.text
    assert TOKEN not in block.html + block.text


def test_a_message_longer_than_any_mail_is_refused_unread() -> None:
    with pytest.raises(SyndicateError, match="300,000 characters"):
        parse_message("![[](" * 60_000)
    assert parse_message(" \n\n") == ()


def content(**changes: Any) -> EditionContent:
    stories = content_from_stories(full_edition()[:3], SITE).stories
    prose = [part_of(block) for block in parse_message(TEXT) if block.kind == "prose"]
    places = [ContentPart(article_id=story.article_id) for story in stories]
    return EditionContent(stories=stories, title="Open day", parts=(prose[0], *places, *prose[1:]), **changes)


def part_of(block: MessageBlock) -> ContentPart:
    return ContentPart(html=block.html, text=block.text)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_written_mail_passes_lint_in_every_direction(language: str) -> None:
    made = content()
    rendered = render(content=made, letter=newsletter(language=language), logo_url=f"{SITE.url}/logo.png")
    assert errors_of(lint_mail(rendered, content=made)) == ()
    assert rendered.subject == "Open day"
    place = rendered.html.index
    first, second, _ = (story.title for story in made.stories)
    order = ["new quay</strong>", first, second, ">Book a seat</a>", ">milk</li>"]
    assert sorted(order, key=place) == order
    assert "Book a seat:\nhttps://news.example.com/book\n" in rendered.text


@pytest.mark.all
def test_the_preheader_is_the_editors_own_or_the_opening_words() -> None:
    assert ">Bring a friend" in render(content=content(preheader="Bring a friend")).html
    assert ">Open day at the harbour Come and see" in render(content=content()).html


def test_a_correction_names_itself_in_the_subject() -> None:
    rendered = render(content=content(correction="It is on Sunday."))
    assert rendered.subject == "Correction: Open day"
    assert "It is on Sunday." in rendered.text


def test_a_written_mail_needs_no_story() -> None:
    made = EditionContent(stories=(), title="Moving", parts=(ContentPart(html="<p>Hi</p>", text="Hi"),))
    assert errors_of(lint_mail(render(content=made), content=made)) == ()
