"""One event told in several languages: one story, and only with strong evidence."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import pytest

from benchmarks.across_languages import Report, pairs, precision_and_recall, read_reports, stream
from syndicate.memory import release_tables
from syndicate.model import StoredArticle
from syndicate.store.core.column_types import to_microseconds
from syndicate.stories import StoryIndex, StoryOptions
from syndicate.stories.across_languages import RecentMeanings
from syndicate.stories.duplicates import is_copy
from syndicate.stories.terms.shared_vectors import DIMENSIONS, TABLE, rows_of, shared_meanings
from syndicate.stories.terms.word_vectors import LENGTH
from tests.stories.newsroom import START, article, place, terms_of

FERRY = {
    "en": (
        "Ferry runs aground off Corsica",
        "A ferry with 1,240 passengers ran aground near Bastia at night.",
    ),
    "fr": (
        "Un ferry s'échoue au large de la Corse",
        "Le ferry et ses 1.240 passagers se sont échoués près de Bastia.",
    ),
    "de": (
        "Fähre läuft vor Korsika auf Grund",
        "Nachts ist eine Fähre mit 1.240 Passagieren bei Bastia gestrandet.",
    ),
}
STRIKE = {
    "en": (
        "Ferry crews in Corsica strike over pay",
        "Sailors stopped work at Bastia and demand 8 per cent more.",
    ),
    "de": ("Lokführer legen Bahnverkehr in Bayern lahm", "Die Gewerkschaft fordert kürzere Arbeitszeiten."),
}


def put(index: StoryIndex, number: int, language: str, report: tuple[str, str]) -> int | None:
    """Place a report; the result is its story."""
    place(index, article(number, *report, language=language))
    return index.story_of(number)


def packed(title: str, text: str, language: str) -> np.ndarray:
    return shared_meanings([(title, text, language)])[0].astype(float) / LENGTH


def test_reports_of_one_event_in_several_languages_are_one_story() -> None:
    index = StoryIndex(StoryOptions())
    stories = {put(index, number, tag, FERRY[tag]) for number, tag in enumerate(FERRY, 1)}
    assert len(stories) == 1
    # The others are offered as links, and none is called a copy.
    assert {link.article_id for link in index.related(1)} == {2, 3}
    assert len({index.text_of(number) for number in (1, 2, 3)}) == 3


@pytest.mark.parametrize(
    "event", ["pol-sarkozy", "biz-tariff", "election-poland", "culture-nobel", "space-mars"]
)
def test_most_reports_of_real_events_are_one_story_whatever_the_script(event: str) -> None:
    index = StoryIndex(StoryOptions())
    told = [report for report in read_reports() if report.event == event]
    stories = [put(index, number, one.language, (one.title, one.text)) for number, one in enumerate(told, 1)]
    # Precision goes first: the last of four may stay alone.
    assert max(map(stories.count, stories)) >= 3


def test_other_events_stay_apart_in_every_language() -> None:
    index = StoryIndex(StoryOptions())
    ferry = put(index, 1, "en", FERRY["en"])
    assert put(index, 2, "de", STRIKE["de"]) != ferry
    assert index.related(2) == ()


def test_without_the_setting_a_story_has_one_language() -> None:
    index = StoryIndex(StoryOptions(across_languages=False))
    stories = [put(index, number, tag, FERRY[tag]) for number, tag in enumerate(FERRY, 1)]
    assert len(set(stories)) == 3
    assert index.related(1) == ()


def test_a_report_without_its_own_table_is_compared_by_its_words() -> None:
    text = (
        "Trajekt Aurelia nasukao se kod Bastije",
        "Na trajektu Aurelia bilo je 1240 putnika, javlja Corse Matin.",
    )
    index = StoryIndex(StoryOptions())
    assert put(index, 1, "hr", text) == put(
        index, 2, "sr", (f"{text[0]} noću", f"{text[1]} Nitko nije stradao.")
    )


def test_the_same_words_in_two_languages_are_never_copies() -> None:
    space = StoryIndex(StoryOptions())
    title, text = FERRY["en"]
    mine, theirs = (space.fingerprint(article(1, title, text, language=tag)) for tag in ("en", "nl"))
    assert not is_copy(mine, theirs, StoryOptions())


@pytest.mark.all
def test_pairs_set_aside_that_are_said_to_be_one_event_are_so() -> None:
    precision, recall = precision_and_recall([*pairs(read_reports(), "held", StoryOptions())])
    assert precision >= 0.95
    assert recall >= 0.6


@pytest.mark.all
def test_stories_of_a_mixed_newsroom_are_mostly_right_also_where_half_of_the_events_are_told_once() -> None:
    found, links = stream(read_reports(), "held", StoryOptions(), seed=1)
    precision, recall = precision_and_recall(found)
    assert precision >= 0.85
    assert recall >= 0.5
    assert sum(links) >= 0.95 * len(links)


def test_a_restart_finds_the_reports_of_other_languages_again() -> None:
    index = StoryIndex(StoryOptions())
    for number, tag in enumerate(("fr", "de"), 1):
        put(index, number, tag, FERRY[tag])
    rows = [
        StoredArticle(
            number,
            number,
            to_microseconds(START),
            tag,
            index.story_of(number),
            number,
            0.0,
            0,
            index.packed(number),
        )
        for number, tag in enumerate(("fr", "de"), 1)
    ]
    restarted = StoryIndex(StoryOptions(), next_text_label=3)
    restarted.load([rows])
    assert put(restarted, 3, "en", FERRY["en"]) == put(index, 3, "en", FERRY["en"]) == index.story_of(1)


def test_forgotten_and_oldest_reports_are_no_candidates() -> None:
    recent = RecentMeanings(StoryOptions(across_recent=300))
    index = StoryIndex(StoryOptions())
    german, french = (index.fingerprint(article(1, *FERRY[tag], language=tag)) for tag in ("de", "fr"))
    for number in range(301):
        recent.add(number, french)
    assert set(recent.nearest(german)) <= {*range(1, 301)}
    for number in range(1, 300):
        recent.remove(number, french)
    assert recent.nearest(german) == [300]
    recent.remove(300, french)
    recent.remove(300, french)
    assert recent.nearest(german) == []


@pytest.mark.parametrize(
    ("tag", "near", "far"),
    [
        ("es", "El parlamento aprueba la ley de pensiones", "El delantero marca dos goles en la final"),
        ("ru", "Парламент принял закон о пенсиях", "Нападающий забил два гола в финале"),
        ("ja", "議会が年金法を可決した", "ストライカーが決勝で2得点を挙げた"),
        ("ko", "의회가 연금법을 통과시켰다", "공격수가 결승전에서 두 골을 넣었다"),
        ("tr", "Meclis emeklilik yasasını kabul etti", "Forvet finalde iki gol attı"),
        ("pl", "Parlament przyjął ustawę emerytalną", "Napastnik strzelił dwa gole w finale"),
    ],
)
def test_a_text_and_its_translation_point_in_the_same_direction(tag: str, near: str, far: str) -> None:
    english = packed("Parliament passes the law on pensions", "", "en")
    assert english @ packed(near, "", tag) > english @ packed(far, "", tag) + 0.3


@pytest.mark.parametrize(
    ("title", "tag"),
    [
        ("", "en"),
        ("Ja", "de"),
        ("1 2 3 4 5 6 7", "fr"),
        ("Årets prisvinnare är utsedd", "sv"),
        ("A law", ""),
        ("\ud800" * 9, "zh"),
    ],
)
def test_few_words_and_languages_without_a_table_have_no_shared_meaning(title: str, tag: str) -> None:
    assert len(shared_meanings([(title, "", tag)])[0]) == 0


def test_a_name_is_known_by_its_pieces_and_long_runs_are_cut() -> None:
    assert (
        packed("Antofagastas Bürgermeisterkandidatin", "", "de")
        @ packed("Antofagasta mayor candidate", "", "en")
        > 0.3
    )
    assert len(terms_of("国" * 5000, "会" * 5000, "zh").shared) in (0, DIMENSIONS)


def test_a_word_has_the_same_pieces_alone_and_among_words_of_other_scripts() -> None:
    words = ["Oberbürgermeisterkandidatin", "Россиянка", "東京大学院生", "Antofagastas", "المستشفيات"]
    words += ["xqzkv", "x", "Antofagasta" * 5]
    release_tables()
    together = rows_of([" ".join(words), words[0]])
    release_tables()
    alone = [rows_of([word])[0] for word in words]
    assert together == [[*chain.from_iterable(alone)], alone[0]]
    # A single letter tells nothing, and of five repetitions the first forty letters are read.
    assert (alone[5], alone[6], len(alone[7])) == ([], [], 17)


def test_the_table_of_pieces_stays_below_seventeen_megabytes() -> None:
    assert TABLE.stat().st_size < 17_000_000


def test_reports_are_complete() -> None:
    reports: Sequence[Report] = read_reports()
    assert len(reports) >= 300
    assert all(report.title and report.text for report in reports)


@pytest.mark.parametrize("language", ["de", "en", "tr"])
def test_letters_without_words_have_no_meaning_that_could_join_languages(language: str) -> None:
    text = "abtkefi srrtgeo kabdfel urtgsna pokbaeg iktrufa nbdaoge lsutrke fgabido ketrnup"
    assert not packed(text, "", language).any()
    assert packed("The harbour and the ferry to the island of Corsica", "", language).any()
