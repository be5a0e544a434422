"""What a source is worth, learned from what others made of its stories."""

import pytest

from syndicate.stories import Record, learn_weights, theme_weight


def record(articles: int, prominence: float) -> Record:
    return Record(articles=articles, prominence=prominence)


def test_a_source_whose_stories_others_tell_weighs_more_than_one_that_floods() -> None:
    weights = learn_weights({1: record(100, 60.0), 2: record(1000, 50.0), 3: record(100, 20.0)})
    assert weights[1] > weights[3] > weights[2]


def test_the_average_article_weighs_one() -> None:
    records = {1: record(100, 60.0), 2: record(300, 60.0)}
    weights = learn_weights(records)
    # Smoothing pulls every source a little towards 1, so the mean is not exact.
    assert sum(weights[source] * one.articles for source, one in records.items()) / 400 == pytest.approx(
        1, abs=0.05
    )


def test_one_article_that_was_taken_up_proves_little_where_hardly_any_is() -> None:
    # Three hundred articles of the first day, of which six were told by one other source.
    weights = learn_weights({1: record(300, 1.4), 2: record(17, 0.6)})
    assert 1.0 < weights[2] < 1.3
    assert 0.7 < weights[1] < 1.1


def test_a_rare_source_is_near_one_until_it_has_shown_more() -> None:
    weights = learn_weights({1: record(1000, 300.0), 2: record(1, 0.0), 3: record(1, 1.0)})
    assert 0.8 < weights[2] < 1 < weights[3] < 1.5


def test_nobody_is_silenced_or_deafening() -> None:
    weights = learn_weights({1: record(10_000, 0.0), 2: record(10_000, 100.0), 3: record(500, 500.0)})
    assert weights == {1: 0.25, 2: pytest.approx(0.35, abs=0.02), 3: 4.0}


@pytest.mark.parametrize(
    "records", [{}, {1: Record(articles=0, prominence=0.0)}, {1: Record(articles=9, prominence=0.0)}]
)
def test_where_nothing_was_learned_all_weigh_the_same(records: dict[int, Record]) -> None:
    assert learn_weights(records) == dict.fromkeys(records, 1.0)


def test_a_source_that_weighty_sources_follow_weighs_more_than_one_that_light_ones_follow() -> None:
    records = {
        1: Record(articles=100, prominence=40.0, followers={3: 40.0}),
        2: Record(articles=100, prominence=40.0, followers={4: 40.0}),
        3: record(100, 60.0),
        4: record(100, 5.0),
    }
    weights = learn_weights(records)
    assert weights[3] > 1 > weights[4]
    assert weights[1] > 1.5 * weights[2]


def test_a_theme_is_the_cubed_mean_of_its_sources_with_four_ordinary_articles_beside_them() -> None:
    assert theme_weight([]) == 1.0
    assert theme_weight([(3.0, 4)]) == 8.0
    assert theme_weight([(0.25, 2), (1.0, 2)]) == pytest.approx(((0.5 + 2 + 4) / 8) ** 3)
