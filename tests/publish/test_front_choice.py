from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from syndicate.model import Image, PublishedArticle, StoryLinks, known_since, undated_key
from syndicate.publish.front_choice import choose_front, growth_of, place_on_track, story_key
from syndicate.publish.site_headline import Growth, Headline, SectionBlock
from tests.publish.samples import NOW, published, related

PICTURE = Image(url="https://harbour.example/i.jpg", width=600, height=400)


def told(number: int, hours: list[float], **changes: Any) -> Headline:
    """Return a headline whose story other sources reported these hours ago."""
    links = tuple(
        related(
            1000 * number + place,
            source_name=f"Source {place}",
            published=NOW - timedelta(hours=age),
            same_text=1000 * number + place,
        )
        for place, age in enumerate(hours)
    )
    item = replace(
        published(number, **changes),
        sources=len(hours) + 1,
        story=StoryLinks(path=f"site/stories/{number:x}.html", links=links),
    )
    return Headline.of(item)


def alone(number: int, *, source: str = "", **changes: Any) -> Headline:
    headline = Headline.of(published(number, **changes))
    return replace(headline, source_name=source or f"Source {number}")


def chosen(headlines: list[Headline], now: datetime = NOW, **lists: Any) -> Any:
    given = {"top": headlines, "trending": [], "latest": headlines, "sections": []} | lists
    return choose_front(**given, now=now)


def test_no_story_stands_twice_above_latest_and_sections_leave_out_what_stands_above():
    top = [told(number, [1, 2], image=None) for number in range(1, 20)]
    block = SectionBlock(name="world", path="x", headlines=top)

    places = chosen(top, trending=top[3:15], sections=[block])

    shown = [places.lead, *places.under, *places.beside, *places.more, *places.trending]
    shown += [headline for section in places.sections for headline in section.headlines]
    assert len(shown) == len(set(map(story_key, shown))) == 19


def test_latest_is_shorter_if_its_titles_are_longer():
    top = [told(number, [1, 2], image=None) for number in range(1, 20)]
    long = [replace(headline, title="A long title of an article " * 4) for headline in top]

    counts = [len(chosen(top, latest=latest).latest) for latest in (top, long)]

    assert 8 <= counts[1] < counts[0] <= 18


def test_a_block_with_too_few_stories_of_its_own_is_left_out_and_takes_none_from_the_next():
    top = [alone(number, image=None) for number in range(1, 40)]
    few = SectionBlock(name="few", path="x", headlines=[*top[:9], *top[30:33]])
    enough = SectionBlock(name="enough", path="y", headlines=top[30:34])

    places = chosen(top[:12], latest=top, sections=[few, enough], section_minimum=4)

    assert [block.name for block in places.sections] == ["enough"]
    assert len(places.sections[0].headlines) == 4


def test_the_second_column_has_at_most_two_stories_of_a_source():
    top = [alone(number, source="Loud" if number < 10 else "") for number in range(1, 20)]

    places = chosen(top)

    assert [headline.source_name for headline in places.beside].count("Loud") <= 2
    assert len(places.beside) == 4


def test_a_lead_without_a_picture_has_four_stories_below_it():
    pictured = chosen([alone(number, image=PICTURE) for number in range(1, 20)])
    plain = chosen([alone(number, image=None) for number in range(1, 20)])

    assert (len(pictured.under), len(plain.under)) == (2, 4)


def test_old_material_shows_the_newest_and_nothing_as_news():
    headlines = [alone(number) for number in range(1, 20)]

    places = chosen(headlines, now=NOW + timedelta(hours=40), trending=headlines)

    assert places.old
    assert places.lead == headlines[0]
    assert list(places.under) == headlines[1:5]
    assert list(places.latest) == headlines[5:18]
    assert (list(places.trending), list(places.lanes), list(places.beside)) == ([], [], [])


def test_few_stories_stand_in_two_columns_and_latest_repeats_none_of_them():
    headlines = [alone(number) for number in range(1, 9)]

    places = chosen(headlines)

    assert not places.wide
    assert not places.beside
    left = {story_key(headline) for headline in (places.lead, *places.under)}
    assert len(left) == 5
    assert not left & {story_key(headline) for headline in places.latest}


def test_an_undated_article_is_as_old_as_its_first_sight():
    headline = alone(1, published=undated_key(NOW), updated=NOW)

    assert not chosen([headline]).old
    assert chosen([headline]).lead.hot is None


def test_a_story_is_hot_for_a_new_report_else_for_many_sources_else_for_growth():
    new, many = told(5, [0.5]), told(6, [2, 3, 4, 5, 6])
    growing, quiet = told(7, [8]), told(8, [9])
    headlines = [new, many, growing, quiet]

    places = chosen(headlines, trending=[growing])

    found = [places.lead, *places.under]
    assert [headline.hot and headline.hot.kind for headline in found] == ["new", "sources", "growing", None]
    assert (found[1].hot.sources, found[1].hot.hours) == (5, 4)


def test_the_growth_of_a_story_counts_sources_before_its_newest_report():
    assert growth_of(told(1, [1, 2, 3.5, 20])) == Growth(sources=3, hours=3)
    assert growth_of(told(1, [1, 20])) is None
    assert growth_of(alone(1)) is None


def test_lanes_need_three_stories_of_three_sources_and_show_the_most_covered_first():
    stories = [told(1, [1, 2]), told(2, [1, 2, 3, 70]), told(3, [5, 6, 50])]

    assert chosen(stories[:2]).lanes == []
    lanes = chosen(stories).lanes

    assert [lane.headline.title for lane in lanes] == [stories[i].title for i in (1, 2, 0)]
    assert lanes[0].ring is None
    assert lanes[0].start == 0
    assert len(lanes[0].dots) == 3
    assert [hot for _, hot in lanes[2].dots] == [True]


@given(st.floats(0, 60), st.floats(0, 60))
def test_time_runs_with_the_direction_of_the_page(early: float, late: float):
    early, late = max(early, late), min(early, late)
    at, later = NOW - timedelta(hours=early), NOW - timedelta(hours=late)

    places = [place_on_track(time, NOW, mirrored=False) for time in (at, later)]
    mirrored = [place_on_track(time, NOW, mirrored=True) for time in (at, later)]

    assert 0 <= places[0] <= places[1] <= 100
    assert 100 >= mirrored[0] >= mirrored[1] >= 0


def test_nothing_is_chosen_from_nothing():
    places = chosen([])

    assert places.lead is None
    assert not places.old


def test_equal_rows_and_step_give_equal_places():
    items: list[PublishedArticle] = [published(number) for number in range(1, 30)]
    headlines = [Headline.of(item) for item in items]

    assert chosen(headlines) == chosen(list(headlines))
    assert max(known_since(item.article.published) for item in items) < NOW
