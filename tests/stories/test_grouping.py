"""When an article joins a story, when two stories are one, when one is two."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest

from syndicate.stories import IndexedArticle, StoryIndex, StoryOptions
from syndicate.stories.grouping_rules import (
    MERGED,
    SPLIT,
    Coherence,
    age_order,
    match_story,
    required_merge_share,
    two_parts,
)
from tests.stories.newsroom import BANK, FLOOD, START, article, compare, place

OPTIONS = StoryOptions()


def known(mean_similarity: float, pairs: int) -> Coherence:
    found = Coherence()
    found.add(mean_similarity, pairs)
    return found


def joins(
    nearest: float,
    mean_similarity: float,
    coherence: Coherence,
    threshold: float = 0.2,
    rivals: float = OPTIONS.rival_usual,
) -> bool:
    return match_story(
        story=1,
        nearest=(7, nearest),
        members=[mean_similarity] * 5,
        coherence=coherence,
        pair_threshold=threshold,
        rivals=rivals * threshold,
        options=OPTIONS,
    ).joins


def test_an_article_joins_what_it_is_as_like_as_the_articles_there_are_to_each_other() -> None:
    assert joins(0.3, 0.2, known(0.2, 50))
    assert not joins(0.3, 0.2, known(0.6, 50)), "this story is tight: the article is a neighbour of it"
    assert joins(0.25, 0.1, known(0.08, 50)), "this story is loose: nobody in it is nearer to the others"
    assert not joins(0.25, 0.1, Coherence()), "of a story of one article nothing is known"


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_the_rules_do_not_depend_on_the_scale_of_the_likeness(scale: float) -> None:
    for nearest, mean_similarity, expected in ((0.3, 0.2, True), (0.15, 0.1, False)):
        measured = joins(scale * nearest, scale * mean_similarity, known(scale * 0.2, 50), scale * 0.2)
        assert measured is expected


def test_what_leaves_a_story_no_longer_counts_for_its_coherence() -> None:
    found = known(0.4, 10)
    found.add(0.8, 5)
    found.add(0.8, -5)
    assert found.expected(0.2, OPTIONS) == pytest.approx(known(0.4, 10).expected(0.2, OPTIONS))


def test_small_stories_must_have_more_in_common_to_become_one() -> None:
    threshold = [required_merge_share((size, 40), OPTIONS) for size in (1, 2, 5, 40)]
    assert threshold == sorted(threshold, reverse=True)


def test_stories_are_ordered_by_age_and_those_without_a_row_are_the_youngest() -> None:
    assert sorted([-12, 40, -7, 3], key=age_order) == [3, 40, -7, -12]


def test_two_parts_that_share_nothing_are_found() -> None:
    similarity = np.full((6, 6), 0.02)
    for group in ([0, 2, 4], [1, 3, 5]):
        similarity[np.ix_(group, group)] = 0.5
    first, second, across = two_parts(similarity)
    assert {frozenset(first), frozenset(second)} == {frozenset({0, 2, 4}), frozenset({1, 3, 5})}
    assert across == pytest.approx(0.04)


def test_an_article_between_two_stories_makes_them_one_and_the_older_id_stays() -> None:
    index = StoryIndex(StoryOptions(merge_share=0.0, merge_caution=0.0, bridge=0.0, split_from=1 << 20))
    place(index, article(1, *BANK[0]))
    place(index, article(2, *FLOOD[0]))
    place(index, article(3, *FLOOD[0]))
    placement = place(index, article(4, f"{FLOOD[1][0]} {BANK[1][0]}", f"{FLOOD[1][1]} {BANK[1][1]}"))
    (change,) = placement.regrouped
    assert (change.kind, change.story, change.into) == (MERGED, 2, 1)
    assert set(change.article_ids) >= {2, 3}
    assert {index.story_of(number) for number in range(1, 5)} == {placement.story} == {1}
    assert set(index.articles_of(1)) == {1, 2, 3, 4}


def test_two_events_are_not_merged_by_one_article_that_names_both() -> None:
    index = StoryIndex(OPTIONS)
    for number, text in enumerate((FLOOD[0], BANK[0], FLOOD[1], BANK[1]), start=1):
        place(index, article(number, *text))
    both = f"{FLOOD[2][1]} Meanwhile {BANK[1][1]}"
    assert place(index, article(5, "Porto flood and interest rates: the day in brief", both)).regrouped == ()
    assert index.story_of(1) != index.story_of(2)


def wrongly_together() -> StoryIndex:
    """A story that holds two events, four articles each, because somebody put them together."""
    index = StoryIndex(StoryOptions(copy_jaccard=2.0, copy_containment=2.0))
    flood = [*FLOOD, ("Douro falls, Porto cleans up", f"{FLOOD[0][1]} {FLOOD[1][1]}")]
    bank = [*BANK, ("Brandt on rates", BANK[0][1]), ("Quarter point", BANK[1][1])]
    for number, text in enumerate((*flood, *bank[:3]), start=1):
        place(index, article(number, *text))
        index.assign(number, 1)
    return index


def test_a_story_of_two_events_is_taken_apart_when_it_has_doubled() -> None:
    index = wrongly_together()
    placement = place(index, article(8, "Rates and inflation: Brandt explains", BANK[0][1]))
    (change,) = placement.regrouped
    assert (change.kind, change.story) == (SPLIT, 1)
    assert {frozenset(index.articles_of(1)), frozenset(index.articles_of(change.into))} == {
        frozenset({1, 2, 3, 4}),
        frozenset({5, 6, 7, 8}),
    }
    assert change.into == -min(change.article_ids)


def test_a_chain_of_articles_that_each_resemble_the_last_is_no_giant_story() -> None:
    """Article n shares words with n - 1 and n + 1 only; nearest neighbours alone would join them all."""
    rng = random.Random(3)
    syllables = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
    words = ["".join(rng.choices(syllables, k=4)) for _ in range(400)]
    index = StoryIndex(OPTIONS)
    for number in range(1, 150):
        text = " ".join(words[2 * number : 2 * number + 6])
        place(index, article(number, text, language="", published=START + timedelta(minutes=number)))
    assert max(Counter(index.story_of(number) for number in range(1, 150)).values()) <= 16


def test_copies_follow_their_original_into_another_story() -> None:
    index = StoryIndex(OPTIONS)
    items: list[IndexedArticle] = [article(number, *FLOOD[0]) for number in (1, 2, 3)]
    for item in items:
        place(index, item)
    index.merge(1, 9)
    assert [index.story_of(number) for number in (1, 2, 3)] == [9, 9, 9]
    assert index.articles_of(9) == (1, 2, 3)
    assert index.articles_of(1) == ()


def test_a_name_at_the_start_of_a_sentence_keeps_two_reports_of_one_event_together() -> None:
    index = StoryIndex(OPTIONS)
    closed = (
        "Aldravia closes seven of eight border crossings with Sorvika. The migrants will move on, said Zoran "
        "Melanovic."
    )
    standby = (
        "Thousands of migrants reach Aldravia through the last border crossings. The army is on standby, "
        "said Kolinda Gravar."
    )
    first = place(index, article(1, "Border crossings close", closed))
    second = place(index, article(2, "Migrants reach the border", standby))
    assert first.story is None
    assert second.story == 1


def test_other_names_in_alike_sentences_are_another_event() -> None:
    index = StoryIndex(OPTIONS)
    for number, names in enumerate((("Aldra", "Ilmar", "Jorpe"), ("Brevik", "Corvo", "Dalum")), start=1):
        town, mayor, river = names
        text = (
            f"The fire in the harbour of {town} has been put out, the mayor {mayor} said. Smoke from the "
            f"{river} docks was seen for miles. Nobody was hurt in the fire."
        )
        assert place(index, article(number, f"Fire in {town} harbour", text)).story is None


def test_an_article_as_near_to_other_stories_needs_more_and_a_lonely_one_less() -> None:
    assert not joins(0.21, 0.2, Coherence(), rivals=1.0)
    assert joins(0.21, 0.2, Coherence())
    assert joins(0.19, 0.19, Coherence(), rivals=0.0)


ROUND_UPS = (
    ("en", "News in brief: floods and rates"),
    ("de", "Floods and rates | Presseschau"),
    ("fr", "Floods and rates | Revue de presse"),
    ("es", "Resumen de la semana: floods and rates"),
    ("ar", "موجز الأخبار: floods and rates"),
)


@pytest.mark.parametrize(("language", "title"), ROUND_UPS)
def test_a_round_up_joins_no_story_and_nothing_joins_it(language: str, title: str) -> None:
    index = StoryIndex(StoryOptions(merge_share=0.0, merge_caution=0.0, bridge=0.0))
    both = f"{FLOOD[0][1][:120]} {BANK[0][1][:120]}"
    place(index, article(1, *FLOOD[0]))
    place(index, article(2, *BANK[0]))
    round_up = place(index, article(3, title, both, language=language))
    assert round_up.twin is None
    assert (round_up.story, round_up.story_match, round_up.regrouped) == (None, None, ())
    index.remove(1)
    index.remove(2)
    assert place(index, article(4, *FLOOD[1])).story is None
    assert place(index, article(5, *BANK[1])).story is None


SERIES = (
    ("en", "Lunar Phase {}", "Tonight the Moon stands high over the harbour and shines until morning comes."),
    (
        "de",
        "Mondphase {}",
        "Heute Nacht steht der Mond hoch über dem Hafen und scheint bis zum frühen Morgen.",
    ),
    (
        "es",
        "Fase lunar {}",
        "Esta noche la Luna está alta sobre el puerto y brilla hasta que llega la mañana.",
    ),
    ("ru", "Фаза Луны {}", "Этой ночью Луна стоит высоко над гаванью и светит до самого раннего утра."),
    ("tr", "Ayın evresi {}", "Bu gece Ay limanın üzerinde yüksekte duruyor ve sabaha kadar parlıyor."),
)


@pytest.mark.parametrize(("language", "title", "text"), SERIES)
def test_numbers_of_a_series_of_one_source_are_no_story(language: str, title: str, text: str) -> None:
    index = StoryIndex(OPTIONS)
    for number in range(1, 5):
        told = f"{text} {' '.join(BANK[number % 2][1].split()[:4])}"
        item = article(number, title.format(50 + number), told, language=language, source_id=1)
        assert place(index, item).story is None


def test_a_number_of_a_series_and_a_feast_with_the_same_word_are_strangers() -> None:
    index = StoryIndex(OPTIONS)
    phase = "The Moon is a waxing crescent tonight, a third of it bright and above the hills until fog comes."
    feast = (
        "Thousands watched dragon dances in Manila, lit red paper lanterns and ate rice cakes with families."
    )
    airport = (
        "Planes take off again after pilots and ground staff ended their strike over unpaid wages and shifts."
    )
    golf = "Sixty players tee off on Thursday at Muthaiga, where the champion Amara Nwosu defends her title."
    place(index, article(1, "Lunar Phase 54", phase))
    place(index, article(2, "Lunar New Year draws crowds", feast))
    place(index, article(3, "Kenya's main airport resumes flights", airport))
    place(index, article(4, "Kenya Open golf begins", golf))
    assert len({index.story_of(number) for number in range(1, 5)}) == 4


@pytest.mark.parametrize(("source", "hours", "joined"), [(2, 48, True), (1, 1, True), (1, 48, False)])
def test_a_source_that_comes_back_after_days_needs_more_likeness(
    source: int, hours: int, joined: bool
) -> None:
    index = StoryIndex(StoryOptions(own_caution=3.0))
    place(index, article(1, *FLOOD[0], source_id=1))
    later = article(2, *FLOOD[1], source_id=source, published=START + timedelta(hours=hours))
    assert (place(index, later).story == 1) is joined


def test_an_article_follows_the_report_that_shows_where_it_belongs() -> None:
    index = StoryIndex(OPTIONS)
    for number, text in enumerate((FLOOD[0], BANK[0], BANK[1], FLOOD[1]), start=1):
        place(index, article(number, *text))
    index.assign(4, 2)
    assert index.story_of(4) == index.story_of(3) == 2
    placement = place(index, article(5, *FLOOD[2]))
    (change,) = placement.regrouped
    assert (change.kind, change.story, change.into, change.article_ids) == (SPLIT, 2, 1, (4,))
    assert set(index.articles_of(1)) == {1, 4, 5}
    assert set(index.articles_of(2)) == {2, 3}


def test_a_lone_article_that_follows_takes_its_story_along() -> None:
    index = StoryIndex(StoryOptions(bridge=0.5, merge_share=9.0))
    place(index, article(1, *FLOOD[0]))
    place(index, article(2, *BANK[0]))
    place(index, article(3, *FLOOD[1]))
    index.assign(3, 3)
    placement = place(index, article(4, *FLOOD[2]))
    (change,) = placement.regrouped
    assert change.kind == MERGED
    assert {index.story_of(number) for number in (1, 3, 4)} == {placement.story}


def test_a_title_that_a_source_repeats_does_not_follow() -> None:
    index = StoryIndex(StoryOptions(merge_share=9.0))
    place(index, article(1, *FLOOD[0], source_id=1))
    place(index, article(2, FLOOD[0][0], FLOOD[1][1], source_id=1, published=START + timedelta(days=2)))
    index.assign(2, 2)
    placement = place(index, article(3, *FLOOD[2], published=START + timedelta(hours=9)))
    assert placement.regrouped == ()
    assert index.story_of(2) == 2


@pytest.mark.parametrize(("days", "one_story"), [(0, True), (5, False)])
def test_reports_of_one_day_need_less_in_common_than_reports_of_several(days: int, one_story: bool) -> None:
    first, second = BANK
    later = START + timedelta(days=days)
    index = StoryIndex(OPTIONS)
    place(index, article(1, *first, published=START))
    place(index, article(2, *second, published=later))
    link = compare(index, 1, 2)
    similarity = link.parts["words"] + link.parts.get("meaning", 0.0)
    bar = StoryOptions(story_base=similarity, story_lowest=similarity, slope=0.0, highest=1.0)
    index = StoryIndex(bar)
    place(index, article(1, *first, published=START))
    place(index, article(2, *second, published=later))
    assert (index.story_of(1) == index.story_of(2)) is one_story


POSTS = (
    "AI is getting good at predictions, and gamblers on horses notice",
    "From a bicycle tour along the Danube to programming with AI",
    "The gardener and AI: which tomatoes survive a cold night in May",
    "Why small museums buy AI to find mould behind their paintings",
    "Marathon runners ask AI when to rest, and get hurt less often",
    "Piano lessons from AI: my daughter plays Schumann after a winter",
)


def posted(titles: Sequence[str]) -> StoryIndex:
    index = StoryIndex(OPTIONS)
    for number, title in enumerate(titles, 1):
        place(index, article(number, title))
    return index


def test_short_posts_that_share_a_usual_word_only_are_no_story() -> None:
    index = posted(POSTS)
    assert len({index.story_of(number) for number in range(1, len(POSTS) + 1)}) == len(POSTS)


def test_short_posts_that_share_a_rare_name_are_a_story() -> None:
    index = posted(["Titanfall is getting good reviews", "From a bicycle tour to Titanfall"])
    assert index.story_of(1) == index.story_of(2)


CRANES = (
    "Ghana: Cranes must move again",
    (
        "The Ghanaian docks have three cranes that nobody may use. The crews ask for a doctor on every shift "
        "and an answer by Friday."
    ),
)
DRUM = (
    "Ghana: Drum comes home",
    (
        "A Ghanaian drum that a collector had bought at a fair is back. He never played it, he says, and "
        "schools may borrow it from now on."
    ),
)
DOCTOR = (
    "Ghana: Doctor comes, and cranes move",
    (
        "After a night of talks the Ghanaian docks have a doctor on every shift. The crews are back, and all "
        "three cranes may be used."
    ),
)


@pytest.mark.parametrize(("second", "one_story"), [(DRUM, False), (DOCTOR, True)])
def test_a_country_and_its_adjective_are_no_evidence_of_one_event(
    second: tuple[str, str], one_story: bool
) -> None:
    index = StoryIndex(OPTIONS)
    place(index, article(1, *CRANES))
    place(index, article(2, *second))
    assert (index.story_of(1) == index.story_of(2)) is one_story


CLIP = (
    "From Night Shift with Ola and Ben, episode {}. Ola Marsh and Ben Tully talk, the rest is on our channel."
)


@pytest.mark.parametrize(
    ("title", "source", "one_story"),
    [("Ferry tickets", 7, False), ("The parrot has a licence", 7, True), ("Ferry tickets", 8, True)],
)
def test_articles_of_one_source_need_a_word_of_the_title_in_common(
    title: str, source: int, one_story: bool
) -> None:
    index = StoryIndex(OPTIONS)
    place(index, article(1, "A parrot learns to drive", CLIP.format("71, The Wrong Ladder"), source_id=7))
    place(index, article(2, title, CLIP.format("72, Soup for Two"), source_id=source))
    assert (index.story_of(1) == index.story_of(2)) is one_story


ARCHIVE = (
    "Archive of Lord Averill opened",
    (
        "The archive of the late Lord Averill fills two rooms of the county library. Historians may read the "
        "letters from Monday on, and expect to learn what became of the canal company."
    ),
)


@pytest.mark.parametrize(
    ("short", "one_story"),
    [
        (("Lord Averill", "From Night Shift, with Ola and Ben"), False),
        (("Averill archive: letters tell of the canal company", "Historians read on Monday"), True),
    ],
)
def test_a_name_joins_no_short_text_to_a_report(short: tuple[str, str], one_story: bool) -> None:
    index = StoryIndex(OPTIONS)
    place(index, article(1, *ARCHIVE))
    place(index, article(2, *short))
    assert (index.story_of(1) == index.story_of(2)) is one_story
