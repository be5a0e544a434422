"""Related links: their order in context, the evidence a link needs, and round-ups."""

import pytest

from syndicate.model import ScoredLink
from syndicate.stories import StoryIndex, StoryOptions, is_report, without_round_ups
from syndicate.stories.article_kind import is_round_up
from syndicate.stories.link_scores import Match, in_context
from tests.stories.newsroom import FLOOD, article, compare, place, similar

OPTIONS = StoryOptions()
# One name in common, and nothing else: an airport and a golf tournament in Kenya.
STRANGERS = {
    "en": (
        ("Kenya's main airport resumes flights after strike", "Controllers in Kenya are back at work."),
        ("Kenya Open golf ends in a play-off", "A birdie decided the tournament in Kenya."),
    ),
    "de": (
        ("Kenia: Hauptflughafen nimmt Betrieb wieder auf", "Die Lotsen in Kenia arbeiten wieder."),
        ("Golf in Kenia: Titelverteidiger siegt", "Ein Birdie entschied das Turnier in Kenia."),
    ),
    "fr": (
        ("Kenya : l'aéroport rouvre après la grève", "Les vols depuis le Kenya ont repris mardi."),
        ("Open de golf du Kenya : victoire en barrage", "Un birdie a décidé du tournoi au Kenya."),
    ),
    "es": (
        ("Kenia reabre su aeropuerto tras la huelga", "Los vuelos desde Kenia se reanudaron el martes."),
        ("El Abierto de golf de Kenia se decide", "Un birdie decidió el torneo en Kenia."),
    ),
    "ru": (
        ("Аэропорт Кении возобновил полёты", "Рейсы из Кении возобновились после забастовки."),
        ("Турнир по гольфу в Кении завершился", "Один удар решил исход турнира в Кении."),
    ),
}


def scored(*article_ids: int, hinted: int = 0) -> list[ScoredLink]:
    return [
        ScoredLink(article_id=one, score=0.5, parts={"words": 0.5} | ({"hint": 0.3} if one == hinted else {}))
        for one in article_ids
    ]


@pytest.mark.parametrize("language", STRANGERS)
def test_one_name_in_common_links_nothing(language: str) -> None:
    index = StoryIndex(OPTIONS)
    for number, (title, text) in enumerate(STRANGERS[language], 1):
        place(index, article(number, title, text, language=language))
    found = compare(index, 2, 1)
    assert found.score > OPTIONS.related_threshold(100)
    assert (index.related(1), index.related(2)) == ((), ())


def test_a_name_and_more_in_common_is_a_link() -> None:
    index = StoryIndex(OPTIONS)
    place(index, article(1, *STRANGERS["en"][0]))
    text = "Passengers left Nairobi as controllers ended their strike."
    place(index, article(2, "Flights resume at Kenya's main airport", text))
    assert [one.article_id for one in index.related(1)] == [2]


def test_an_article_that_is_nearer_to_others_comes_later() -> None:
    index = StoryIndex(StoryOptions(story_gain=0.0))
    own = "ferry strike harbour crews"
    hub = "alder birch cedar elm fir hazel"
    place(index, article(1, f"{own} {hub} pilots", language=""))
    place(index, article(2, f"{hub} lime maple", language=""))
    place(index, article(3, f"{hub} oak pine", language=""))
    place(index, article(4, f"{own} rowan spruce teak walnut willow yew", language=""))
    place(index, article(5, f"{own} pilots quay", language=""))
    assert compare(index, 5, 1).score > compare(index, 5, 4).score
    assert [one.article_id for one in similar(index, 5)][:2] == [4, 1]


def test_context_compares_what_neighbours_have_in_common_with_either_side() -> None:
    match = Match(0.5, 0.0, 1, 0.5, 0.0, 0.0, 0.0, 0.0)
    assert in_context(match, [], OPTIONS, same_story=False) == match
    hub = in_context(match, [(0.6, 0.2), (0.4, 0.0)], OPTIONS, same_story=False)
    assert hub.context == pytest.approx(-0.4 * OPTIONS.context_share)
    friend = in_context(match, [(0.2, 0.3)], OPTIONS, same_story=True)
    assert friend.context == pytest.approx(0.1 * OPTIONS.context_share)
    assert friend.story == pytest.approx(0.5 * OPTIONS.story_gain)
    assert sum(friend.scored().parts.values()) == pytest.approx(friend.score)


def test_two_sources_in_one_story_need_less_for_a_link() -> None:
    index = StoryIndex(OPTIONS)
    for number, (title, text) in enumerate(FLOOD, 1):
        place(index, article(number, title, text))
    assert all(one.parts["story"] > 0 for one in index.related(1))


def test_a_series_of_one_source_gains_nothing_by_being_one_story() -> None:
    index = StoryIndex(OPTIONS)
    for number, (title, text) in enumerate(FLOOD, 1):
        place(index, article(number, title, text, source_id=1))
    assert len(index.articles_of(1)) == len(FLOOD)
    assert not any("story" in one.parts for one in similar(index, 1))


def test_a_round_up_is_linked_only_where_it_is_the_best() -> None:
    assert [one.article_id for one in without_round_ups(1, scored(2, 3, 4), {3, 4})] == [2]
    assert [one.article_id for one in without_round_ups(1, scored(3, 2, 4), {3, 4})] == [3, 2]


def test_a_round_up_keeps_two_links_and_none_to_another() -> None:
    assert [one.article_id for one in without_round_ups(1, scored(2, 3, 4, 5), {1, 2})] == [3, 4]


def test_what_a_source_lists_itself_is_linked_though_it_is_a_round_up() -> None:
    assert [one.article_id for one in without_round_ups(1, scored(2, 3, hinted=3), {3})] == [2, 3]
    assert [one.article_id for one in without_round_ups(1, scored(2, 3, hinted=3), {1, 3})] == [2, 3]


@pytest.mark.parametrize(
    "title",
    [
        "Africa: All of Africa Today - February 17, 2026",
        "South Africa: Suspect Held - South African News Briefs - February 17, 2026",
        "Weekly links #34",
        "Presseschau: Streit um den Haushalt",
        "Revue de presse",
        "Resumen del día",
        "أبرز الأخبار",
    ],
)
def test_round_ups_are_known_by_their_titles(title: str) -> None:
    assert is_round_up(title)
    assert not is_report(title)


@pytest.mark.parametrize(
    "title", ["Court hears appeal of the maker of Roundup weedkiller", "Opinion: the flood was no accident"]
)
def test_other_articles_are_no_round_ups(title: str) -> None:
    assert not is_round_up(title)
