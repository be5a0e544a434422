"""The sources of a story as readers see them counted: on its page, in a feed, in the mail, in trending."""

from tests.jobs.room import Room
from tests.jobs.stories.test_languages import (
    DAILY,
    SEVEN,
    build,
    coverage,
    declare,
    items,
    join,
    page,
    report,
    texts,
    told,
)
from tests.jobs.stories.test_ranking import stored


def test_page_feed_and_mail_count_the_same_sources(room: Room) -> None:
    declare(room, DAILY + '[[channels]]\nname = "news"\nquery = "language:en"\n')
    ids = told(room, {"en": 5, "en-gb": 5, "de": 4, "fr": 3, "zh": 1})
    # A source that tells the story twice is one source.
    join(room, ids["en"], report(room, "en", 4, title="Ferries of the northern harbour stay in port"))
    output = build(room)
    assert coverage(page(room, ids["en"])) == "Full coverage: 5 sources"
    assert {item["_syndicate"]["sources"] for item in items(output, "news")} == {5}
    assert "Also covered by 4 others" in texts(room)


def test_four_sources_in_three_hours_are_trending_on_the_first_day_of_a_busy_section(room: Room) -> None:
    declare(room)
    for number in range(12):
        report(
            room, "ar", 1 + number / 4, title=f"Lone{number} subject{number} nobody{number} follows{number}"
        )
    ids = told(room, {"en": 2.5, "en-gb": 2, "de": 1, "fr": 0.5})
    story_id = join(room, *ids.values())
    room.services.stories.run(SEVEN)
    assert [story.story_id for story in stored(room, "trending")] == [story_id]
