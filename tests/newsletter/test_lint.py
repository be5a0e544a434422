from dataclasses import replace

import pytest

from syndicate.newsletter.lint.mail_lint import errors_of, lint_mail
from syndicate.newsletter.render import RenderedEdition
from syndicate.newsletter.story_views import TOKEN

LINK = f"https://news.example.com/unsubscribe/{TOKEN}"
GOOD = RenderedEdition(
    subject="Morning: bridge reopens",
    html="<html><head><title>Morning</title></head><body>"
    '<h2><a href="https://a.example/1?x=1&amp;y=2">Bridge</a></h2><img src="https://a.example/b.jpg" alt="">'
    "<p>You get this because\n you asked.</p><p>1 Quay &amp; Street</p>"
    f'<a href="{LINK}">Unsubscribe</a></body></html>',
    text=f"Bridge\nhttps://a.example/1?x=1&y=2\nYou get this because you asked.\n1 Quay & Street\n{LINK}\n",
    unsubscribe_url=LINK,
    postal_address="1 Quay & Street",
    reason="You get this because you asked.",
)


def errors(rendered: RenderedEdition) -> tuple[str, ...]:
    return errors_of(lint_mail(rendered))


def test_OF5_a_mail_with_everything_passes() -> None:
    assert errors(GOOD) == ()


def test_C10_a_template_without_the_link_to_choices_is_told_so_and_sent() -> None:
    choose = f"https://news.example.com/preferences/{TOKEN}"
    older = replace(GOOD, preferences_url=choose)
    assert errors(older) == ()
    assert [str(one) for one in lint_mail(older) if "preferences_url" in str(one)] != []
    newer = replace(
        older,
        html=older.html.replace("</body>", f'<a href="{choose}">Choose</a></body>'),
        text=GOOD.text + choose,
    )
    assert [one for one in lint_mail(newer) if "preferences_url" in str(one)] == []
    assert errors(newer) == ()


def html(old: str, new: str) -> RenderedEdition:
    assert old in GOOD.html
    return replace(GOOD, html=GOOD.html.replace(old, new))


def text(old: str, new: str) -> RenderedEdition:
    assert old in GOOD.text
    return replace(GOOD, text=GOOD.text.replace(old, new))


@pytest.mark.parametrize(
    ("rendered", "problem"),
    [
        (html(f'<a href="{LINK}">Unsubscribe</a>', ""), "The HTML part has no link to unsubscribe_url"),
        (html(f'<a href="{LINK}">', f"<a>{LINK}"), "no link to unsubscribe_url"),
        (
            html(f'<a href="{LINK}">Unsubscribe</a>', f'<!-- <a href="{LINK}">x</a> -->'),
            "no link to unsubscribe_url",
        ),
        (text(LINK, ""), "The text part does not show unsubscribe_url"),
        (html("1 Quay &amp; Street", ""), "The HTML part does not show the postal address"),
        (
            html("1 Quay &amp; Street", "<!-- 1 Quay & Street -->"),
            "The HTML part does not show the postal address",
        ),
        (text("1 Quay", "2 Quay"), "The text part does not show the postal address"),
        (replace(GOOD, postal_address=" "), "There is no postal address"),
        (html("because\n you asked", ""), "The HTML part does not show the reason"),
        (text("because you asked", ""), "The text part does not show the reason"),
        (replace(GOOD, subject=" "), "The subject is empty"),
        (html("Bridge</a>", f"Bridge</a> {TOKEN}"), "The HTML part has the reader's token outside"),
        (text("Bridge", f"https://evil.example/{TOKEN}"), "The text part has the reader's token outside"),
        (replace(GOOD, subject=TOKEN), "The subject has the reader's token outside"),
        (replace(GOOD, unsubscribe_url="https://news.example.com/leave"), "does not hold the reader's token"),
        (
            text("https://a.example/1?x=1&y=2", ""),
            "The text part lacks a link of the HTML part: https://a.example/1?x",
        ),
        (
            text("Bridge", "https://a.example/2"),
            "The HTML part lacks a link of the text part: https://a.example/2",
        ),
        (html("<h2>", "<script>1</script><h2>"), "<script>"),
        (html("<h2>", "<form><h2>"), "<form>"),
        (html("<h2>", '<base href="https://x.example/"><h2>'), "<base>"),
        (html("https://a.example/b.jpg", "http://a.example/b.jpg"), "does not begin with https://"),
        (html("https://a.example/b.jpg", "data:image/gif;base64,x"), "does not begin with https://"),
        (html(' alt=""', ""), "without an alt text"),
        (html("<h2>", '<a href="javascript:x">x</a><h2>'), 'leads nowhere: "javascript:x"'),
        (html("<h2>", '<a href="#top">x</a><h2>'), "leads nowhere"),
        (html("<h2>", '<a href="page.html">x</a><h2>'), 'is relative: "page.html"'),
        (html("<h2>", "x" * 105_000 + "<h2>"), "The HTML part has 102 KB"),
    ],
)
def test_OF5_what_a_template_lacks_is_named(rendered: RenderedEdition, problem: str) -> None:
    problems = errors(rendered)
    assert any(problem in found for found in problems), problems


def test_OF5_all_problems_are_named_at_once_and_each_once() -> None:
    problems = errors(replace(GOOD, html='<a href="#">x</a><a href="#">x</a>', text="", subject=""))
    assert len(problems) == len(set(problems)) >= 7


def test_the_text_part_shows_a_mail_address_without_its_scheme() -> None:
    link = replace(GOOD, html=GOOD.html.replace("<h2>", '<a href="mailto:desk@a.example">Write</a><h2>'))
    assert any("lacks a link of the HTML part: mailto:desk" in found for found in errors(link))
    assert errors(replace(link, text=f"{GOOD.text}\nWrite (desk@a.example)")) == ()


def test_a_url_in_a_headline_is_no_reason_to_refuse_an_edition() -> None:
    both = replace(
        GOOD,
        html=GOOD.html.replace("Bridge", "Why https://a.example/x, of all places"),
        text=GOOD.text.replace("Bridge", "Why https://a.example/x, of all places"),
    )
    assert errors(both) == ()
