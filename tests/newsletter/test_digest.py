"""Parts of the digest: contents, sections, coverage, growth, marks, and links to the site."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from syndicate.model import EditionContent, Image
from syndicate.newsletter.lint.findings import Origins
from syndicate.newsletter.lint.mail_lint import errors_of, lint_mail
from syndicate.newsletter.mail_context import by_section
from syndicate.newsletter.periods import Period
from syndicate.newsletter.story_views import content_from_stories
from tests.newsletter.rendering import LINK, SITE, Elements, link, render, story
from tests.newsletter.stories import NOW, newsletter
from tests.template_variables import FEED_LANGUAGES


def content_of(sections: str) -> EditionContent:
    """Return a content with a story for each section; "-" is none."""
    names = enumerate(sections.split(), 1)
    return content_from_stories(
        tuple(story(number, section=name.replace("-", "")) for number, name in names), SITE
    )


def test_sections_come_in_the_order_of_their_best_story_and_two_of_one_story_share_a_heading() -> None:
    stories = content_of("a b b c d e").stories
    assert [(group.names, [item.story_id for item in group.stories]) for group in by_section(stories)] == [
        (("a",), [1]),
        (("b",), [2, 3]),
        (("c", "d"), [4, 5]),
        (("e",), [6]),
    ]
    assert [group.names for group in by_section(content_of("a - b - b").stories)] == [
        ("a",),
        (),
        ("b",),
    ]


def test_chosen_sections_come_first_in_their_order_and_in_any_spelling() -> None:
    stories = content_of("sport sport world world - - arts arts").stories
    chosen = by_section(stories, ("World", "ARTS", "none of these"))
    assert [group.names for group in chosen] == [("world",), ("arts",), ("sport",), ()]


def test_the_contents_line_names_the_first_five_stories_shortly() -> None:
    long = "The harbour authority opens the northern quay to night ferries from Monday on"
    rendered = render(tuple(story(number, title=f"{number} {long}") for number in range(1, 8)))
    assert "Today:\n" + "".join(
        f"- {number} The harbour authority opens the northern…\n" for number in range(1, 6)
    ) in (rendered.text)
    assert rendered.html.count("the northern…</span>") == 5
    harbour = "Die neue Donaudampfschifffahrtsgesellschaft fährt wieder"
    german = render(tuple(story(number, title=harbour) for number in range(1, 4)))
    assert "- Die neue Donaudampfschifffahrtsgesellschaft…\n" in german.text
    two = render((story(1), story(2)))
    assert "Today:" not in two.html + two.text
    weekly = render(
        tuple(story(number) for number in range(1, 4)),
        period=Period(start=NOW - timedelta(days=7), end=NOW),
        day_url=f"{SITE.url}/day.html",
    )
    assert "In this edition:" in weekly.text
    assert "day.html" not in weekly.html + weekly.text


def test_a_story_links_to_its_coverage_and_shows_its_growth_where_it_is_trending() -> None:
    content = content_from_stories((story(1), story(2, kind="trending")), SITE)
    page = f"{SITE.url}/site/stories/x-1.html"
    stories = (
        replace(content.stories[0], coverage_url=page, coverage_articles=9, new_sources=3, new_hours=4),
        replace(content.stories[1], new_sources=3, new_hours=4),
    )
    rendered = render(content=replace(content, stories=stories))
    assert ">Full coverage: 9 articles</a>" in rendered.html
    assert f"\nFull coverage: 9 articles\n{page}\n" in rendered.text
    assert rendered.text.count("+3 in 4 h") == rendered.html.count("+3 in 4 h") == 1
    assert "paper1 · +3 in 4 h" in rendered.text
    assert errors_of(lint_mail(rendered)) == ()


def test_read_more_follows_a_story_that_no_other_source_tells() -> None:
    alone, told = story(1), story(2, coverage=2)
    alone = replace(alone, lead=replace(alone.lead, related=(link(3),)))
    told = replace(told, lead=replace(told.lead, related=(link(4),), coverage=(link(5),)))
    rendered = render((alone, told))
    for part in (rendered.html, rendered.text):
        assert ["r.example/3" in part, "r.example/4" in part, "r.example/5" in part] == [True, False, True]


def test_marks_stand_at_the_start_side_of_the_mail_whatever_the_story() -> None:
    marks = [
        table["dir"]
        for table in Elements(render(letter=newsletter(language="ar")).html).all("table")
        if "dir" in table
    ]
    assert set(marks) == {"rtl"}


def test_a_site_has_its_own_accent_and_logo() -> None:
    site = replace(SITE, brand=replace(SITE.brand, accent="#7a1f5c", accent_dark="#f0a8d8"))
    rendered = render(site=site, logo_url=f"{SITE.url}/site/assets/logo.png")
    assert "#0a5c55" not in rendered.html
    assert "#78d0c4" not in rendered.html
    assert rendered.html.count("#f0a8d8") == 2
    (logo,) = (image for image in Elements(rendered.html).all("img") if image["src"].endswith("logo.png"))
    assert (logo["alt"], logo["height"]) == ("", "44")
    assert errors_of(lint_mail(rendered)) == ()


def test_the_mail_leads_to_the_day_and_to_a_subscription_of_ones_own() -> None:
    day, newsletters = f"{SITE.url}/day.html", f"{SITE.url}/newsletters.html"
    rendered = render(day_url=day, subscribe_url=newsletters)
    for part in (rendered.html, rendered.text):
        assert "Everything else today" in part
        assert "Get your own" in part
        assert day in part
        assert newsletters in part
    assert errors_of(lint_mail(rendered)) == ()
    assert "Everything else today" not in render().html


def test_a_mail_with_other_further_links_in_one_part_is_sent_with_a_warning(tmp_path: Path) -> None:
    """As of an operator who replaced a single part of the mail."""
    content = content_from_stories((story(1), story(2)), SITE)
    page, day = f"{SITE.url}/site/stories/x-1.html", f"{SITE.url}/day.html"
    first = replace(content.stories[0], coverage_url=page, coverage_articles=9)
    content = replace(content, stories=(first, *content.stories[1:]))
    (tmp_path / "mail").mkdir()
    plain = "{% for story in stories %}{{ story.title }} {{ story.url }}\n{% endfor %}"
    footer = "{{ reason }} {{ site.postal_address }} {{ unsubscribe_url }}\n{{ site.url }}/\n"
    (tmp_path / "mail" / "digest.txt").write_text(plain + footer)
    rendered = render(content=content, folder=tmp_path, day_url=day)
    findings = lint_mail(rendered, Origins(content, variables={day: "day_url"}), content=content)
    assert errors_of(findings) == ()
    assert [finding.message.rpartition(" ")[2] for finding in findings if finding.rule == "E5"] == [day, page]


def test_the_blocks_come_in_the_order_of_the_newsletter_in_both_parts() -> None:
    blocks = ("trending", "sections", "note", "lead", "correction")
    content = content_from_stories((story(1), story(2), story(3, kind="trending")), SITE)
    content = replace(content, note="A note", correction="A mistake")
    rendered = render(content=content, letter=newsletter(blocks=blocks))
    for part in (rendered.html, rendered.text):
        body = part[part.index("Trending" if part is rendered.html else "TRENDING") :]
        places = [body.index(text) for text in ("Title 3", "Title 2", "A note", "Title 1", "A mistake")]
        assert places == sorted(places)
        assert body.count("A note") == body.count("A mistake") == 1
    assert "<h1" not in rendered.html
    assert LINK in rendered.html
    assert errors_of(lint_mail(rendered, content=content)) == ()


def test_an_operator_replaces_one_block_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "mail" / "blocks").mkdir(parents=True)
    (tmp_path / "mail" / "blocks" / "masthead.html").write_text("<tr><td><h1>Ours</h1></td></tr>")
    rendered = render(folder=tmp_path)
    assert "Ours</h1>" in rendered.html
    assert "The Morning Brief</h1>" not in rendered.html
    assert "Trending" in rendered.html


def test_the_former_block_of_note_and_correction_still_replaces_both(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "digest.html").write_text(
        '{% extends "!builtin/mail/digest.html" %}{% block editor %}'
        "{{ editor(words.note, note ~ ' and ' ~ correction, language, direction) }}{% endblock %}"
    )
    content = replace(content_from_stories((story(1),), SITE), note="A note", correction="A mistake")
    html = render(content=content, folder=tmp_path).html
    assert "A note and A mistake</p>" in html
    assert html.count("A note") == 1


def test_images_stand_above_the_lead_beside_all_stories_or_nowhere() -> None:
    image = Image(url="https://a.example/x.jpg", width=1104, height=552)
    stories = tuple(story(number, image=image, coverage=2) for number in (1, 2, 3))

    def widths(images: str, language: str = "en") -> list[str]:
        html = render(stories, letter=newsletter(images=images, language=language)).html
        return [found["width"] for found in Elements(html).all("img")]

    assert [widths(images) for images in ("lead", "all", "none")] == [["544"], ["544", "104", "104"], []]
    rendered = render(stories, letter=newsletter(images="all", language="ar"))
    assert 'align="left"' in re.findall(r'<td class="small-picture"[^>]*>', rendered.html)[0]
    assert errors_of(lint_mail(rendered)) == ()


def test_a_small_picture_without_a_description_names_its_source() -> None:
    image = Image(url="https://a.example/x.jpg", width=1104)
    rendered = render((story(1), story(2, image=image)), letter=newsletter(images="all"))
    (picture,) = Elements(rendered.html).all("img")
    assert picture["alt"] == "Picture: paper1"


def test_an_update_by_the_publisher_shows_its_time_where_it_says_more() -> None:
    later = NOW - timedelta(minutes=10)
    rendered = render((story(1, updated=later), story(2, updated=NOW - timedelta(minutes=60, seconds=-5))))
    for part in (rendered.html, rendered.text):
        assert part.count("Updated") == 1
        assert "Updated 06:50" in part


def test_the_mail_is_sent_on_without_a_token_and_leads_to_the_edition_before() -> None:
    web, before = f"{SITE.url}/e.html", f"{SITE.url}/before.html"
    rendered = render((story(1, title="Who & what"),), web_url=web, previous_url=before)
    (link,) = (found["href"] for found in Elements(rendered.html).all("a") if "mailto:" in found["href"])
    assert link == "mailto:?subject=Who%20%26%20what&body=https%3A%2F%2Fnews.example.com%2Fe.html"
    assert "mailto:" not in rendered.text
    for part in (rendered.html, rendered.text):
        assert "Previous edition" in part
        assert before in part
    assert errors_of(lint_mail(rendered)) == ()
    assert "Share by email" not in render(previous_url="").html


def test_coverage_counts_articles_and_sources_in_one_link() -> None:
    content = content_from_stories((story(1),), SITE)
    page = f"{SITE.url}/site/stories/x-1.html"
    first = replace(content.stories[0], coverage_url=page, coverage_articles=9, coverage_sources=6)
    rendered = render(content=replace(content, stories=(first,)))
    assert ">Full coverage: 9 articles · 6 sources</a>" in rendered.html
    assert rendered.html.count(page) == 1


@pytest.mark.parametrize(
    ("language", "first", "both"),
    [
        ("de", "Wirtschaft", "Gesundheit und Our Harbour"),
        ("en", "Business", "Health and our harbour"),
        ("fr", "Entreprises", "Santé et our harbour"),
        ("ar", "أعمال", "صحة وOur Harbour"),
        ("ja", "ビジネス", "健康"),
        ("fi", "Business", "Health"),
    ],
)
def test_usual_sections_have_names_in_the_language_and_others_stay(
    language: str, first: str, both: str
) -> None:
    stories = (story(1, section="business"), story(2, section="Health"), story(3, section="Our Harbour"))
    rendered = render(stories, letter=newsletter(language=language))
    assert f"{first}</p>" in rendered.html
    assert both.casefold() in re.sub("<[^>]*>", "", rendered.html).casefold()
    assert first in rendered.text


@pytest.mark.parametrize("language", [name for name in FEED_LANGUAGES if name != "en"])
@pytest.mark.sampled(5)
def test_reading_times_and_sections_are_said_in_every_shipped_language(language: str) -> None:
    rendered = render((story(1, section="health", minutes=3),), letter=newsletter(language=language))
    assert "min read" not in rendered.html + rendered.text
    assert "health" not in re.sub(r"https?://\S+", "", rendered.html).casefold()
