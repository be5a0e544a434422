"""Parts of the digest: contents, sections, coverage, growth, marks, and links to the site."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from syndicate.model import EditionContent
from syndicate.newsletter.lint.findings import Origins
from syndicate.newsletter.lint.mail_lint import errors_of, lint_mail
from syndicate.newsletter.mail_context import by_section
from syndicate.newsletter.periods import Period
from syndicate.newsletter.story_views import content_from_stories
from tests.newsletter.rendering import SITE, Elements, link, render, story
from tests.newsletter.stories import NOW, newsletter


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


def test_the_contents_line_names_the_first_five_stories_shortly() -> None:
    long = "The harbour authority opens the northern quay to night ferries from Monday on"
    rendered = render(tuple(story(number, title=f"{number} {long}") for number in range(1, 8)))
    assert "Today:\n" + "".join(
        f"- {number} The harbour authority opens the northern…\n" for number in range(1, 6)
    ) in (rendered.text)
    assert rendered.html.count("the northern…</span>") == 5
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
    site = replace(SITE, accent="#7a1f5c", accent_dark="#f0a8d8")
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
