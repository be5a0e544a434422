import re
from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.newsletter.story_views import content_from_stories
from tests.newsletter.rendering import SITE, link, render, story
from tests.newsletter.stories import NOW, newsletter


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
    content = content_from_stories((first, second), SITE)
    urls = [one.url for item in content.stories for one in (*item.covered_by, *item.related)] + [
        item.url for item in content.stories
    ]
    assert len(urls) == len(set(urls))
    numbers = [[one.url.rsplit("/", 1)[1] for one in item.related] for item in content.stories]
    assert numbers == [["6", "7", "8"], ["9", "10", "11"]]


def test_other_coverage_names_each_source_once_and_never_its_own() -> None:
    first = story(1, coverage=9)
    own = first.lead.source.name
    links = (link(1, source_name=own), link(2), link(3, source_name="Source 2"), link(4), link(5), link(6))
    rendered = render((replace(first, lead=replace(first.lead, coverage=links)),))
    assert "Also covered by 8 others:" in rendered.text
    assert re.findall(r"- Related \d \((Source \d)\)", rendered.text) == ["Source 2", "Source 4", "Source 5"]


def test_other_coverage_links_to_the_newest_article_of_a_source() -> None:
    first = story(1, coverage=3)
    links = (
        link(2, published=NOW - timedelta(hours=5)),
        link(3, published=NOW - timedelta(hours=4)),
        link(4, source_name="Source 2", published=NOW - timedelta(hours=1)),
    )
    lead = replace(first.lead, coverage=links)
    text = render((replace(first, lead=lead),)).text
    found = re.findall(r"- .*\((Source \d)\)\n  https://r.example/(\d)", text)
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

    assert f"Also covered by 1 other:\n- Related 4 ({link(3).source_name})\n  {link(4).url}" in text


@pytest.mark.parametrize(
    ("language", "others", "foreign", "words"),
    [
        ("en", 3, 1, "Also covered by 3 others, 1 in another language\n"),
        ("en", 3, 2, "Also covered by 3 others, 2 in other languages\n"),
        ("en", 1, 1, "Also covered by 1 other in another language\n"),
        ("en", 2, 2, "Also covered by 2 others in other languages\n"),
        ("de", 3, 1, "Auch bei 3 anderen Quellen, davon 1 in einer anderen Sprache\n"),
        ("de", 1, 1, "Auch bei 1 anderen Quelle in einer anderen Sprache\n"),
        ("fr", 3, 2, "Également traité par 3 autres sources, dont 2 dans d’autres langues\n"),
        ("fr", 1, 1, "Également traité par 1 autre source dans une autre langue\n"),
        ("es", 3, 1, "También en otras 3 fuentes, 1 en otro idioma\n"),
        ("es", 2, 2, "También en otras 2 fuentes en otros idiomas\n"),
        ("ar", 2, 1, "غطاه أيضا مصدران آخران، أحدهما بلغة أخرى\n"),
        ("ar", 1, 1, "غطاه أيضا مصدر آخر بلغة أخرى\n"),
        ("ar", 5, 2, "غطاه أيضا 5 مصادر أخرى، منها مصدران بلغات أخرى\n"),
        ("ar", 15, 11, "غطاه أيضا 15 مصدرا آخر، منها 11 مصدرا بلغات أخرى\n"),
    ],
)
@pytest.mark.sampled(4)
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
        rendered.text.index(f"Also from {own}:") : rendered.text.index("Also covered by 1 other:")
    ]
    # The heading names the source.
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
