import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syndicate.errors import RenderError
from syndicate.model import Digest, EditionStory, Enclosure, Image, Newsletter, RelatedLink, Republish
from syndicate.newsletter.lint.mail_lint import errors_of, lint_mail
from syndicate.newsletter.periods import Period
from syndicate.newsletter.render import TOKEN, RenderedEdition, SiteFacts, inline_styles, render_edition
from syndicate.newsletter.sample_edition import sample_stories
from syndicate.newsletter.story_views import digest_from_stories
from syndicate.templating import Templates
from tests.newsletter.edition import full_edition
from tests.newsletter.stories import NOW, PERIOD, newsletter, published
from tests.template_variables import variables

ROOT = Path(__file__).parents[2]
LINK = f"https://news.example.com/unsubscribe/{TOKEN}"
CHOOSE = f"https://news.example.com/preferences/{TOKEN}"
SITE = SiteFacts(
    title="Harbour News",
    url="https://news.example.com",
    postal_address="Harbour News, 1 Quay Street, 20457 Hamburg",
    zone=ZoneInfo("Europe/Berlin"),
)


def render(
    stories: tuple[EditionStory, ...] | None = None, folder: Path | None = None, **changes: Any
) -> RenderedEdition:
    facts: dict[str, Any] = {"period": PERIOD, "site": SITE, "unsubscribe_url": LINK} | changes
    letter: Newsletter = facts.pop("letter", newsletter())
    digest: Digest = facts.pop("digest", None) or digest_from_stories(
        stories or full_edition(), facts["site"]
    )
    return render_edition(Templates(folder), letter, digest, **facts)


def story(number: int = 1, *, kind: str = "top", coverage: int = 1, **article: Any) -> EditionStory:
    lead = published(number, **article)
    return EditionStory(story_id=number, position=number, kind=kind, coverage=coverage, lead=lead)


class Elements(HTMLParser):
    """Every start tag with its attributes, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.mark.parametrize("language", ["ar", "de", "es", "fr-CA"])
def test_a_newsletter_speaks_its_own_language_and_lint_finds_nothing(language: str) -> None:
    letter = replace(newsletter(), language=language)

    edition = render(letter=letter)

    for english in ("min read", "Read more", "Also covered", "Unsubscribe", "because", "Trending"):
        assert english not in edition.html + edition.text
    assert f'<p class="small" lang="{language[:2]}"' in edition.html
    assert errors_of(lint_mail(edition)) == ()


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
    assert "Also covered by 4 other sources" in rendered.html
    assert "Also covered by 4 other sources:" in rendered.text
    assert "Also covered by 1 other source:" in rendered.text


def test_a_list_of_sources_that_names_only_some_says_how_many_more_there_are() -> None:
    edition = render()
    lists = dict(re.findall(r"Also covered by (\d) other sources?(.*?)</p>", edition.html))
    named = lists["4"].count("<a ")
    assert 0 < named < 4
    assert lists["4"].endswith(f"</a> and {4 - named} more")
    assert lists["1"].endswith("</a>")
    assert edition.text.count(f"\n- and {4 - named} more\n") == edition.html.count(" more</p>")


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


def test_M5_language_and_direction_of_the_mail_and_of_each_story() -> None:
    elements = Elements(render().html)
    assert elements.all("html") == [{"lang": "en", "dir": "ltr"}]
    assert [(h.get("lang"), h.get("dir")) for h in elements.all("h2")[:2]] == [("en", "ltr"), ("ar", "rtl")]


def test_M5_a_right_to_left_newsletter() -> None:
    elements = Elements(render(letter=newsletter(language="ar")).html)
    assert elements.all("html") == [{"lang": "ar", "dir": "rtl"}]


def test_M6_the_lead_picture_has_size_and_alt_text() -> None:
    image = Image(url="https://a.example/x.jpg", width=1104, height=552, alt="A bridge")
    (picture,) = Elements(render((story(image=image),)).html).all("img")
    assert {name: picture[name] for name in ("src", "alt", "width", "height")} == {
        "src": "https://a.example/x.jpg",
        "alt": "A bridge",
        "width": "552",
        "height": "276",
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


def test_M7_one_h1_and_an_h2_for_each_story() -> None:
    tags = [tag for tag, _ in Elements(render().html).found if re.fullmatch("h[1-6]", tag)]
    assert tags == ["h1", "h2", "h2", "h2", "h2", "h2", "h3", "h3"]


def test_M12_the_footer_says_why_who_and_how_to_leave() -> None:
    rendered = render(web_url="https://news.example.com/editions/1.html")
    for part in (rendered.html, rendered.text):
        assert (
            "You are receiving The Morning Brief because this address was subscribed to it at Harbour News."
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


def test_M15_the_subject_is_the_first_headline_and_the_newsletter_where_there_is_space() -> None:
    assert render((story(title="Bridge reopens"),)).subject == "Bridge reopens | The Morning Brief"
    full = "Harbour bridge reopens after three years of work, today"
    assert render((story(title=full[:-7]),)).subject == f"{full[:-7]} | The Morning Brief"
    assert render((story(title=full),)).subject == full


def test_M15_a_long_or_wild_subject_is_one_short_line() -> None:
    subject = render((story(title="A\r\nBcc: x\u2028" + "very " * 50),)).subject
    assert len(subject) <= 100
    assert subject.isprintable()
    assert subject.endswith(" very…")


def test_an_update_says_so_everywhere() -> None:
    rendered = render((replace(story(title="Budget agreed"), follow_up=True),))
    assert rendered.subject == "Update: Budget agreed | The Morning Brief"
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
    assert rendered.subject == "Rye bread | The Morning Brief"
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

    assert "1 min read" not in rendered.text + rendered.html
    assert "2 min read" in rendered.text
    assert "2 min read" in rendered.html


def test_a_story_without_a_link_leads_to_our_page_or_is_plain() -> None:
    bare = story(url="")
    assert "https://news.example.com/site/articles/1.html" in render((bare,)).text
    rendered = render((bare,), site=replace(SITE, url=""))
    assert "Title 1" in rendered.html
    assert errors_of(lint_mail(rendered)) == ()


def link(number: int, **changes: Any) -> RelatedLink:
    facts: dict[str, Any] = {
        "title": f"Related {number}",
        "url": f"https://r.example/{number}",
        "source_name": f"Source {number}",
    }
    facts |= {"article_id": number, "uid": str(number), "path": "", "published": NOW} | changes
    return RelatedLink(**facts)


def test_related_links_are_three_at_most_and_never_a_story_of_the_same_edition() -> None:
    first, second = story(1), story(2)
    lead = replace(
        first.lead, related=(link(1, url=second.lead.link), *(link(number) for number in range(2, 9)))
    )
    text = render((replace(first, lead=lead), second)).text
    assert re.findall(r"- Related (\d)", text) == ["2", "3", "4"]


def test_each_link_stands_once_in_an_edition() -> None:
    first, second = story(1, coverage=9), story(2, coverage=2)
    told = tuple(link(number) for number in range(1, 6))
    more = tuple(link(number) for number in range(4, 12))
    hinted = link(20, url=second.lead.link, parts={"hint": 0.3})
    first = replace(first, lead=replace(first.lead, coverage=told, related=(hinted, *more)))
    second = replace(second, lead=replace(second.lead, coverage=(link(6), link(13)), related=more))
    digest = digest_from_stories((first, second), SITE)
    urls = [one.url for item in digest.stories for one in (*item.covered_by, *item.related)] + [
        item.url for item in digest.stories
    ]
    assert len(urls) == len(set(urls))
    numbers = [[one.url.rsplit("/", 1)[1] for one in item.related] for item in digest.stories]
    assert numbers == [["6", "7", "8"], ["9", "10", "11"]]


def test_other_coverage_names_each_source_once_and_never_its_own() -> None:
    first = story(1, coverage=9)
    own = first.lead.source.name
    links = (link(1, source_name=own), link(2), link(3, source_name="Source 2"), link(4), link(5), link(6))
    rendered = render((replace(first, lead=replace(first.lead, coverage=links)),))
    assert "Also covered by 8 other sources:" in rendered.text
    assert re.findall(r"- (Source \d)", rendered.text) == ["Source 2", "Source 4", "Source 5"]


def test_other_coverage_links_to_the_newest_article_of_a_source() -> None:
    first = story(1, coverage=3)
    links = (
        link(2, published=NOW - timedelta(hours=5)),
        link(3, published=NOW - timedelta(hours=4)),
        link(4, source_name="Source 2", published=NOW - timedelta(hours=1)),
    )
    lead = replace(first.lead, coverage=links)
    text = render((replace(first, lead=lead),)).text
    found = re.findall(r"- (Source \d)\n  https://r.example/(\d)", text)
    assert found == [("Source 2", "4"), ("Source 3", "3")]


def test_coverage_that_the_edition_links_to_elsewhere_is_not_counted() -> None:
    first = replace(story(1), lead=replace(story(1).lead, related=(link(3),)))
    second = story(2, coverage=2)

    text = render((first, replace(second, lead=replace(second.lead, coverage=(link(3),))))).text

    assert "Also covered" not in text


def test_a_source_with_a_link_of_its_own_is_counted_though_the_edition_links_to_another() -> None:
    first = replace(story(1), lead=replace(story(1).lead, related=(link(3),)))
    lead = replace(story(2).lead, coverage=(link(3), replace(link(4), source_name=link(3).source_name)))

    text = render((first, replace(story(2, coverage=2), lead=lead))).text

    assert f"Also covered by 1 other source:\n- {link(3).source_name}\n  {link(4).url}" in text


@pytest.mark.parametrize(
    ("language", "others", "foreign", "words"),
    [
        ("en", 3, 1, "Also covered by 3 other sources, 1 in another language\n"),
        ("en", 3, 2, "Also covered by 3 other sources, 2 in other languages\n"),
        ("en", 1, 1, "Also covered by 1 other source in another language\n"),
        ("en", 2, 2, "Also covered by 2 other sources in other languages\n"),
        ("de", 3, 1, "Auch bei 3 anderen Quellen, davon 1 in einer anderen Sprache\n"),
        ("de", 1, 1, "Auch bei 1 anderen Quelle in einer anderen Sprache\n"),
        ("fr", 3, 2, "Également traité par 3 autres sources, dont 2 dans d’autres langues\n"),
        ("fr", 1, 1, "Également traité par 1 autre source dans une autre langue\n"),
        ("es", 3, 1, "También en 3 otras fuentes, 1 en otro idioma\n"),
        ("es", 2, 2, "También en 2 otras fuentes en otros idiomas\n"),
        ("ar", 2, 1, "غطاه أيضا مصدران آخران، أحدهما بلغة أخرى\n"),
        ("ar", 1, 1, "غطاه أيضا مصدر آخر بلغة أخرى\n"),
        ("ar", 5, 2, "غطاه أيضا 5 مصادر أخرى، منها مصدران بلغات أخرى\n"),
        ("ar", 15, 11, "غطاه أيضا 15 مصدرا آخر، منها 11 مصدرا بلغات أخرى\n"),
    ],
)
def test_sources_in_other_languages_are_counted_as_a_newsroom_writes(
    language: str, others: int, foreign: int, words: str
) -> None:
    told = story(1, coverage=others + 1)
    told = replace(told, lead=replace(told.lead, foreign_sources=foreign))

    assert words in render((told,), letter=replace(newsletter(), language=language)).text


def test_further_posts_of_the_source_are_linked_by_their_headlines_each_once() -> None:
    first = story(1, coverage=2)
    own = first.lead.source.name
    titles = (
        "Title 1",
        "Ferry sails",
        "Ferry sails",
        "Pier opens",
        "Mole closes",
        "Buoy drifts",
        "Crane falls",
        "Net tears",
    )
    further = [replace(link(number, source_name=own), title=title) for number, title in enumerate(titles, 10)]
    lead = replace(first.lead, coverage=(*further, link(2)), related=(link(17), link(5)))

    rendered = render((replace(first, lead=lead),))

    shown = rendered.text[
        rendered.text.index(f"Also from {own}:") : rendered.text.index("Also covered by 1 other source:")
    ]
    assert re.findall(r"- (.*)", shown) == [
        "Ferry sails",
        "Pier opens",
        "Mole closes",
        "Buoy drifts",
        "Crane falls",
    ]
    assert rendered.html.count("Ferry sails") == 1
    # "Read more" names nothing that the story tells.
    assert "r.example/17" not in rendered.text


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
    for name in ("mail/digest.html", "mail/digest.txt", "mail/digest.subject.txt"):
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
