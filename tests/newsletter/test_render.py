import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syndicate.model import Enclosure, Image, Republish
from syndicate.newsletter.lint.mail_lint import errors_of, lint_mail
from syndicate.newsletter.periods import Period
from syndicate.newsletter.render import inline_styles
from syndicate.newsletter.sample_edition import sample_stories
from syndicate.newsletter.story_views import TOKEN, content_from_stories
from tests.newsletter.edition import full_edition
from tests.newsletter.rendering import CHOOSE, LINK, SITE, Elements, render, story
from tests.newsletter.stories import NOW, newsletter
from tests.template_variables import MAIL_LANGUAGES


@pytest.mark.parametrize("language", [*MAIL_LANGUAGES, "fr-CA"])
@pytest.mark.sampled(5)
def test_a_newsletter_speaks_its_own_language_and_lint_finds_nothing(language: str) -> None:
    letter, spoken = replace(newsletter(), language=language), language.removesuffix("-CA")

    edition = render(letter=letter)

    for english in ("min read", "Read more", "Also covered", "Unsubscribe", "because", "Trending"):
        assert english not in edition.html + edition.text
    assert f'<p class="small" lang="{spoken}"' in edition.html
    assert errors_of(lint_mail(edition)) == ()


@pytest.mark.parametrize(
    ("language", "colon"), [("en", ": "), ("fr", " : "), ("ja", "："), ("zh-Hant", "：")]
)
def test_a_colon_is_written_as_the_language_writes_it(language: str, colon: str) -> None:
    letter = replace(newsletter(), language=language)
    content = replace(content_from_stories((story(1),), SITE), correction="A mistake")
    edition = render(letter=letter, content=content)
    assert edition.subject.partition(content.stories[0].title)[0].endswith(colon)
    assert f"{colon.rstrip()}\n{LINK}" in edition.text.replace("\xa0", " ")


def test_an_edition_with_everything_passes_every_rule() -> None:
    assert errors_of(lint_mail(render())) == ()


def test_OF5_the_sample_that_check_renders_passes_every_rule() -> None:
    assert errors_of(lint_mail(render(sample_stories(NOW)))) == ()


def test_the_same_edition_renders_to_the_same_bytes() -> None:
    assert render() == render()


def test_E5_both_parts_hold_every_story_source_and_link() -> None:
    rendered = render()
    for item in full_edition():
        assert item.lead.article.title in rendered.text
        assert item.lead.article.url in rendered.text
        assert f'href="{item.lead.article.url}"' in rendered.html
    assert "Also covered by 4 others" in rendered.html
    assert "Also covered by 4 others:" in rendered.text
    assert "Also covered by 1 other:" in rendered.text


def test_the_lead_shows_three_headlines_of_others_and_each_further_story_two() -> None:
    edition = render()
    tables = re.findall(r"Also covered by (\d) others?</span>(.*?)</table>\n", edition.html, re.DOTALL)
    assert [(count, rows.count('class="title told"')) for count, rows in tables] == [
        ("4", 3),
        ("1", 1),
        ("3", 2),
    ]
    assert [rows.count('aria-hidden="true"') for _, rows in tables] == [3, 1, 2]
    lists = re.findall(r"Also covered by (\d) others?:\n((?:- .*\n  .*\n)*)", edition.text)
    assert [(count, rows.count("\n- ") + 1) for count, rows in lists] == [("4", 3), ("1", 1), ("3", 2)]


def test_M1_an_edition_of_twelve_full_stories_is_far_below_the_limit() -> None:
    one = full_edition()[0]
    many = tuple(
        replace(
            one, story_id=number, position=number, lead=replace(one.lead, link=f"https://a.example/{number}")
        )
        for number in range(1, 18)
    )
    assert len(render(many).html.encode()) < 82 * 1024


def test_M2_the_preheader_is_hidden_and_names_what_the_subject_does_not() -> None:
    rendered = render((story(1, title="First"), story(2, title="Second"), story(3, title="Third")))
    found = re.search(r'<div class="preheader" style="([^"]*)">([^\u034f]*)', rendered.html)
    assert found is not None
    # Tiny, or in the colour of its ground, it counts as a spammer's text (SpamAssassin: up to 3 points).
    assert found[1] == "display:none; max-height:0; overflow:hidden"
    assert found[2] == "Second · Third"


def test_M3_M4_styles_are_inline_and_only_media_rules_stay() -> None:
    rendered = render()
    (rules,) = re.findall(r"<style[^>]*>(.*?)</style>", re.sub(r"<!--.*?-->", "", rendered.html), re.DOTALL)
    assert (
        re.sub(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}", "", rules).strip()
        == ":root { color-scheme: light dark; }"
    )
    assert len(rules) < 8192
    assert "!important" in rules
    elements = Elements(rendered.html)
    assert all(table.get("role") == "presentation" for table in elements.all("table"))
    assert all("style" in cell for cell in elements.all("td"))


def test_M3_only_rules_that_nothing_uses_are_left_out_before_inlining() -> None:
    page = "<html><head><style>\n{}.a, .b p {{ margin: 0; }}\n</style></head>{}</html>"
    used = page.format("", '<body><p class="a">.c { color: red; }</p></body>')
    more = page.format(".c-d { color: blue; }\n", '<body><p class="a">.c { color: red; }</p></body>')
    assert inline_styles(more) == inline_styles(used)
    assert 'style="margin:0"' in inline_styles(used)
    assert ".c { color: red; }" in inline_styles(used)
    assert 'style="margin:0"' in inline_styles(page.format("", '<p class="a">Without a body tag</p>'))


def test_M5_language_and_direction_of_the_mail_and_of_each_story() -> None:
    elements = Elements(render().html)
    assert elements.all("html") == [{"lang": "en", "dir": "ltr"}]
    assert (elements.all("h2")[0]["lang"], elements.all("h2")[0]["dir"]) == ("en", "ltr")
    assert (elements.all("h3")[0]["lang"], elements.all("h3")[0]["dir"]) == ("ar", "rtl")


def test_M5_a_right_to_left_newsletter() -> None:
    elements = Elements(render(letter=newsletter(language="ar")).html)
    assert elements.all("html") == [{"lang": "ar", "dir": "rtl"}]


def test_M6_the_lead_picture_has_alt_text_and_no_height_that_stays_when_it_is_blocked() -> None:
    image = Image(url="https://a.example/x.jpg", width=1104, height=552, alt="A bridge")
    (picture,) = Elements(render((story(image=image),)).html).all("img")
    assert {name: picture.get(name) for name in ("src", "alt", "width", "height")} == {
        "src": "https://a.example/x.jpg",
        "alt": "A bridge",
        "width": "544",
        "height": None,
    }


@pytest.mark.parametrize(
    "image",
    [
        None,
        Image(url="http://a.example/x.jpg"),
        Image(url="data:image/png;base64,AAAA"),
        Image(url="javascript:alert(1)"),
        Image(url="https://a.example/pixel.gif", width=1, height=1),
        Image(url=f"https://a.example/{TOKEN}.jpg"),
    ],
)
def test_M6_a_picture_that_mail_cannot_show_is_left_out(image: Image | None) -> None:
    rendered = render((story(image=image),))
    assert Elements(rendered.html).all("img") == []
    assert errors_of(lint_mail(rendered)) == ()


def test_a_source_that_allows_nothing_to_be_republished_keeps_its_picture_and_files() -> None:
    talk = Enclosure(url="https://a.example/talk.mp3", media_type="audio/mpeg")
    image = Image(url="https://a.example/x.jpg", width=1104)

    rendered = render((story(republish=Republish.NONE, image=image, enclosures=(talk,)),))

    assert "a.example" not in rendered.html + rendered.text


def test_the_first_recording_of_a_story_is_a_line_in_both_parts() -> None:
    paper = Enclosure(url="https://a.example/paper.pdf", media_type="application/pdf")
    talk = Enclosure(url="https://a.example/talk.mp3?a=1&b=2", media_type="audio/mpeg", duration=2040)

    rendered = render((story(enclosures=(paper, talk)),))

    assert ">Listen</a> (34 min)</p>" in rendered.html
    assert {"href": "https://a.example/talk.mp3?a=1&b=2"}.items() <= next(
        link.items() for link in Elements(rendered.html).all("a") if "talk" in link["href"]
    )
    assert "\nListen (34 min):\nhttps://a.example/talk.mp3?a=1&b=2\n" in rendered.text
    assert errors_of(lint_mail(rendered)) == ()
    assert "Herunterladen" in render((story(enclosures=(paper,)),), letter=newsletter(language="de")).html


def test_M7_one_h1_and_headings_for_the_lead_each_section_and_each_story() -> None:
    sections = ("World", "Health", "business", "World", "US")
    stories = tuple(story(number, section=name) for number, name in enumerate(sections, 1))
    rendered = render((*stories, story(6, kind="trending")))
    found = re.findall(r"<(h\d)[^>]*>(.*?)</h\d>", rendered.html)
    assert [(tag, re.sub("<[^>]*>", "", text)) for tag, text in found] == [
        ("h1", "The Morning Brief"),
        ("h2", "Title 1"),
        ("h2", "Health and business"),
        ("h3", "Title 2"),
        ("h3", "Title 3"),
        ("h2", "World and US"),
        ("h3", "Title 4"),
        ("h3", "Title 5"),
        ("h2", "Trending"),
        ("h3", "1. Title 6"),
    ]
    assert re.findall("Title \\d$", rendered.text, re.MULTILINE)[5:] == [
        *(f"Title {number}" for number in range(1, 7))
    ]


def test_M12_the_footer_says_why_who_and_how_to_leave() -> None:
    rendered = render(web_url="https://news.example.com/editions/1.html")
    for part in (rendered.html, rendered.text):
        assert (
            "You are receiving The Morning Brief because this address is subscribed to it at Harbour News."
            in part
        )
        assert "Harbour News, 1 Quay Street, 20457 Hamburg" in part
        assert LINK in part
        assert "https://news.example.com/editions/1.html" in part


@pytest.mark.parametrize(
    "changes",
    [
        {"web_url": ""},
        {"web_url": "https://a.example/1"},
        {"web_url": "https://a.example/1", "preferences_url": CHOOSE},
    ],
)
@pytest.mark.parametrize("url", ["", "https://news.example.com"])
@pytest.mark.parametrize("google", ["", "https://news.google.com/publications/x"])
@pytest.mark.sampled(4)
def test_M12_every_footer_passes(changes: dict[str, Any], url: str, google: str) -> None:
    rendered = render(site=replace(SITE, url=url, google_news_url=google), **changes)
    assert errors_of(lint_mail(rendered)) == ()
    assert not [finding for finding in lint_mail(rendered) if finding.rule == "C10"]


def test_C10_the_footer_leads_to_the_page_of_choices_in_both_parts() -> None:
    rendered = render(preferences_url=CHOOSE)
    assert [link["href"] for link in Elements(rendered.html).all("a")].count(CHOOSE) == 1
    assert rendered.text.count(CHOOSE) == 1
    assert "preferences" not in render().html + render().text


def test_a_mailto_leaves_where_no_web_server_answers() -> None:
    mail = f"mailto:unsubscribe@example.com?subject=unsubscribe%20{TOKEN}"
    rendered = render(unsubscribe_url=mail)
    assert errors_of(lint_mail(rendered)) == ()
    assert mail in [link["href"] for link in Elements(rendered.html).all("a")]


def test_M15_the_subject_is_the_first_headline_and_the_newsletter_where_it_is_wanted_and_fits() -> None:
    letter = newsletter(subject_name=True)
    full = "Harbour bridge reopens after three years of work, today"
    assert render((story(title="Bridge reopens"),)).subject == "Bridge reopens"
    assert render((story(title=full[:-7]),), letter=letter).subject == f"{full[:-7]} | The Morning Brief"
    assert render((story(title=full),), letter=letter).subject == full


def test_M15_a_headline_is_whole_up_to_70_characters_and_cut_at_a_word_beyond() -> None:
    whole = "Harbour bridge reopens after three years of repairs, a week too early."
    assert len(whole) == 70
    assert render((story(title=whole),)).subject == whole
    assert render((story(title=f"{whole} No"),)).subject == f"{whole[:-7]}…"


def test_M15_a_long_or_wild_subject_is_one_short_line() -> None:
    subject = render((story(title="A\r\nBcc: x\u2028" + "very " * 50),)).subject
    assert len(subject) <= 70
    assert subject.isprintable()
    assert subject.endswith(" very…")


def test_an_update_says_so_everywhere() -> None:
    rendered = render((replace(story(title="Budget agreed"), follow_up=True),))
    assert rendered.subject == "Update: Budget agreed"
    assert "Update: Budget agreed" in rendered.text
    assert re.search("Update:</span> Budget agreed", rendered.html)


@pytest.mark.parametrize(
    ("ago", "days", "language", "shown"),
    [
        (timedelta(hours=1, minutes=55), 1, "", "05:05"),
        (timedelta(hours=16, minutes=55), 1, "", "Mon 14:05"),
        (timedelta(hours=26), 1, "", "Mon 05:00"),
        (timedelta(hours=16, minutes=55), 7, "", "Mon 14:05"),
        (timedelta(days=3), 7, "de", "Sa., 07:00"),
        (timedelta(days=3), 7, "ar", "السبت 07:00"),
        (timedelta(days=6), 7, "fr", "18 novembre 2026"),
        (timedelta(hours=6), 1, "", "24 November 2026"),
    ],
)
def test_each_item_has_its_time_on_the_clock_of_the_newsletter(
    ago: timedelta, days: int, language: str, shown: str
) -> None:
    """The edition of a Tuesday, 07:00 in Berlin; an article of midnight (UTC) has a date only."""
    end = NOW - timedelta(hours=1)
    period = Period(start=end - timedelta(days=days), end=end)
    letter = newsletter(time_zone="Europe/Berlin", language=language)

    stories = (story(published=end - ago), story(2, kind="trending", published=end - ago))
    rendered = render(stories, letter=letter, period=period)

    assert rendered.text.count(f"paper1 · {shown}\n") == 2
    assert rendered.html.count(f'<span dir="auto">{shown}</span>') == 2
    assert errors_of(lint_mail(rendered)) == ()


def test_an_item_without_a_date_has_no_time() -> None:
    undated = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=2, hours=3)
    assert "paper1\n" in render((story(published=undated),)).text


def test_an_edition_of_trending_stories_alone_has_a_subject() -> None:
    rendered = render((story(title="Rye bread", kind="trending"),))
    assert rendered.subject == "Rye bread"
    assert errors_of(lint_mail(rendered)) == ()


def test_a_source_that_allows_no_text_gives_its_headline_only() -> None:
    quiet = story(summary="Not ours to print.")
    source = replace(quiet.lead.source, republish=Republish.NONE)
    rendered = render((replace(quiet, lead=replace(quiet.lead, source=source)),))
    assert "Not ours to print." not in rendered.html + rendered.text


def test_a_text_that_says_only_the_headline_stands_once() -> None:
    text = "A garden robot measured the slowest query."

    rendered = render((story(title=text, summary=text),))

    assert rendered.text.count(text) == 1


def test_a_reading_time_of_one_minute_is_not_told_since_a_teaser_has_it_too() -> None:
    rendered = render((story(1, minutes=1), story(2, minutes=2)))

    assert "paper1 · 06:00\n" in rendered.text
    assert rendered.html.count("1 min read") == 1
    assert "2 min read" in rendered.text
    assert "2 min read" in rendered.html


def test_a_story_without_a_link_leads_to_our_page_or_is_plain() -> None:
    bare = story(url="")
    assert "https://news.example.com/site/articles/1.html" in render((bare,)).text
    rendered = render((bare,), site=replace(SITE, url=""))
    assert "Title 1" in rendered.html
    assert errors_of(lint_mail(rendered)) == ()
