"""docs/ranking.md gives the numbers the code has."""

from pathlib import Path

from syndicate.jobs.stories.story_facts import RARE_ARTICLES, RHYTHM_DAYS
from syndicate.newsletter.compose import ComposeOptions
from syndicate.publish.publish_options import PublishOptions
from syndicate.stories import RankingOptions, StoryOptions
from syndicate.stories.duplicates import MOSTLY_NEW
from syndicate.stories.lead_choice import CALM, FRESH
from syndicate.stories.lists import source_weights
from syndicate.stories.lists.list_slots import RARE_SHARE
from syndicate.stories.lists.story_ranking import ECHO_POWER, MAX_SINGLE_SOURCE, MIN_READS
from syndicate.stories.terms.shared_vectors import _LEAST_LETTERS, TEXT_READ
from syndicate.stories.terms.weighed_terms import NAME_WEIGHT, USUAL_WORD
from syndicate.stories.terms.word_frequencies import SHARES

TEXT = " ".join((Path(__file__).parents[2] / "docs" / "ranking.md").read_text("utf-8").split())
STORY = StoryOptions()
RANK = RankingOptions()
EDITION = ComposeOptions()
THRESHOLD = f"+ {STORY.slope:g} × ln(length / 100), {STORY.lowest:g}), {STORY.highest:g})"
STORY_THRESHOLD = f"+ {STORY.slope:g} × ln(length / 100), {STORY.story_lowest:g}), {STORY.highest:g})"
FRESH_FOR = PublishOptions(site_url="https://a.example", title="a").fresh_for


FORMULAS = [
    f"`half_life` is {RANK.half_life_hours:g} hours",
    f"0.5 ^ (age / ({RANK.lasting_times:g} × half_life))",
    f"below `floor` ({RANK.floor:g})",
    f"the `learn` time ({RANK.learn_days:g} days)",
    f"prior = max({source_weights.PRIOR_ARTICLES:g} × mean, {source_weights.MIN_PRIOR:g})",
    f"between {source_weights.MIN_WEIGHT:g} and {source_weights.MAX_WEIGHT:g}",
    f"as a share of {source_weights.ENOUGH_OTHERS} and at most 1",
    f"their sources + {source_weights.THEME_SMOOTHING:g}) / (their number",
    f"at most {RARE_ARTICLES} articles in the last {RHYTHM_DAYS} days",
    f"if that is {RANK.least_burst:g} or more",
    f"at least {MIN_READS} openings",
    f"fewer than {RANK.least_stories} stories",
    f"`burst` hours ({RANK.burst_hours:g})",
    f"`learned × theme` of a story that one source tells is at most {MAX_SINGLE_SOURCE:g}",
    f"at most {FRESH.total_seconds() / 3600:g} hours before the newest",
    f"until one is worth {CALM:g} more",
    f"usual = max(own, topic, {RANK.least_usual:g})",
    f"{STORY.posted_terms} most telling words",
    f"keeps its {STORY.latest} newest articles",
    f"{STORY.query_terms} rarest words",
    f"the {STORY.max_candidates} most promising",
    f"`[stories] window` ({STORY.window_days:g} days)",
    f"words = {STORY.word_weight:g} × cosine",
    f"names count {NAME_WEIGHT:g} times",
    f"characters = {STORY.character_weight:g} × cosine",
    f"time = −{STORY.time_share:g} × (words + characters + meaning)",
    f"hint = {STORY.hint:g} when",
    f"meaning = {STORY.meaning_weight:g} × fade",
    f"meaning = {STORY.shared_weight:g} × (cosine of meanings − {STORY.shared_chance:g})",
    f"first {TEXT_READ} characters",
    f"fewer than {_LEAST_LETTERS:g} letters on average",
    f"+ {STORY.across_figures:g} for each of up to 2 figures",
    f"− {STORY.across_figures:g} if both have figures",
    f"(1 + {STORY.across_slope:g} × (evidence − {STORY.across_threshold:g})), between",
    f"between 0 and {STORY.max_across:g} thresholds",
    f"the {STORY.across_nearest} nearest articles of each other language",
    f"`chance` = {STORY.chance_base:g} + {STORY.chance_slope:g} × ln",
    f"(100 / length) ^ {STORY.meaning_fade:g}",
    f"the title with {STORY.title_weight:g}",
    f"max({STORY.related_base:.2f} {THRESHOLD}",
    f"max({STORY.story_base:.2f} {STORY_THRESHOLD}",
    f"Of that, {STORY.coherence_prior:g} pairs",
    f"In a story of {STORY.large_story} or more",
    f"reaches {STORY.bridge:g} of what another one needs",
    f"at least {STORY.merge_share:g} + {STORY.merge_caution:g} / (articles of the smaller)",
    f"A story of {STORY.split_from} articles",
    f"two parts of {STORY.split_least} in 4 articles or more",
    f"that have less than {STORY.split_share:g} of",
    f"moves by {STORY.rival_share:g} × (its mean similarity to the {STORY.rivals} nearest",
    f"of other stories − {STORY.rival_usual:g} × the threshold",
    f"If an article has less than {STORY.story_evidence:g} of the threshold",
    f"of two articles of fewer than {STORY.long} characters only a usual word",
    f"from at least one of {round(1 / SHARES[USUAL_WORD], -1):.0f} articles",
    f"counts {STORY.story_aged:g} + {STORY.story_fresh - STORY.story_aged:.1f} × 0.5 ^ (days apart",
    f"(days apart / {STORY.story_half_life:g})",
    f"the {STORY.second_looks} nearest articles of other stories",
    f"and {STORY.second_look_gain:g} times as much as with its own",
    f"needs up to {STORY.own_caution:g} × the share",
    f"all of it after {STORY.own_hours:g} hours",
    f"nothing older than {STORY.repeat_hours:g} hours, and joining takes {STORY.repeat_caution:g} times",
    f"at most `related` ({STORY.related_limit}) other articles",
    f"story = {STORY.story_gain:g} × score if",
    f"context = −{STORY.context_share:g} × mean over n",
    f"*n* are the {STORY.context_size} best neighbours",
    f"still reach {STORY.evidence_share:g} of the threshold",
    f"≥ {STORY.evidence_share:g} × related",
    f"a sample of {STORY.story_sample} of its articles",
    f"similarity is at least {STORY.copy_similarity:g}",
    f"Jaccard index is at least {STORY.copy_jaccard:g}",
    f"{STORY.copy_containment:g} of the smaller set",
    f"at most {EDITION.per_source} of one source",
    f"at least {EDITION.moved_ratio:g} times the coverage it had",
    f"score of at least {EDITION.same_event:g} without",
]


def test_the_formulas_have_the_numbers_of_the_code():
    assert [words for words in FORMULAS if words not in TEXT] == []


def test_what_is_written_as_a_word_is_true_too():
    assert "at least two sources active" in TEXT
    assert RANK.least_sources == 2
    assert "at least two more sources bring it" in TEXT
    assert EDITION.moved_sources == 2
    assert "three quarters of its names (at least 3)" in TEXT
    assert (MOSTLY_NEW, STORY.apart_names) == (0.75, 3)
    assert "younger than two days" in TEXT
    assert FRESH_FOR == 2 * 86400
    assert "× (1 − 0.5 ^ days apart)" in TEXT
    assert STORY.time_half_life == 1
    assert "is the mean of two things" in TEXT
    assert STORY.nearest_share == 0.5
    assert "× √ (1 + Σ weight(r)" in TEXT
    assert ECHO_POWER == 0.5
    assert "if it has at least a third of the score" in TEXT
    assert RARE_SHARE == 1 / 3
