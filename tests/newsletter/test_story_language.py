"""The language in which an edition tells a story, and what becomes of its reports in others."""

from dataclasses import replace
from datetime import timedelta

from syndicate.newsletter.compose import Candidate, ComposeOptions, items_of
from syndicate.newsletter.story_language import in_one_language
from tests.newsletter.stories import NOW, PERIOD, candidate, member

SINCE = PERIOD.start - timedelta(days=1)


def story(*languages: str, hours: dict[int, float] | None = None, unmatched: int = 0) -> Candidate:
    """A story with a report in each of these languages, numbered from 1, by a source each."""
    members = [
        replace(
            member(number, source=number, hours_ago=(hours or {}).get(number, 1.0)),
            language=language,
            matches=number != unmatched,
        )
        for number, language in enumerate(languages, 1)
    ]
    found = candidate(1, top=1.0, coverage=len(languages))
    return replace(found, members=tuple(members))


def chosen(one: Candidate, *preferred: str, leads: dict[str, int] | None = None) -> tuple[int, list[int]]:
    """The lead, and the reports that are foreign."""
    known = {(1, language): lead for language, lead in (leads or {}).items()}
    found = in_one_language(one, known, preferred, since=SINCE)
    return found.story.lead_id, [member.article_id for member in found.members if member.foreign]


def test_the_first_preferred_language_of_a_story_leads_it() -> None:
    leads = {"en": 1, "de": 3, "fr": 4}
    assert chosen(story("en", "de", "de", "fr"), "de", leads=leads) == (3, [1, 4])
    assert chosen(story("en", "de", "de", "fr"), "tr", "fr", leads=leads) == (4, [1, 2, 3])
    assert chosen(story("en", "de", "de", "fr"), "tr", leads=leads) == (1, [2, 3, 4])


def test_a_language_counts_only_with_a_report_that_the_newsletter_takes_and_that_is_not_long_past() -> None:
    leads = {"en": 1, "de": 2}
    assert chosen(story("en", "de", unmatched=2), "de", leads=leads) == (1, [2])
    assert chosen(story("en", "de", hours={2: 100}), "de", leads=leads) == (1, [2])
    told = replace(story("en", "de", hours={2: 100}).members[1], told_at=NOW - timedelta(days=3), told_in=1)
    one = story("en", "de")
    one = replace(one, members=(one.members[0], told))
    assert chosen(one, "de", leads=leads) == (2, [1])


def test_reports_in_an_unknown_language_belong_to_every_story() -> None:
    assert chosen(story("en", "", "de"), "de", leads={"en": 1, "de": 3}) == (3, [1])
    assert chosen(story("", ""), "de") == (1, [])


def left_out(
    one: Candidate, *, everything: bool = False
) -> tuple[list[tuple[int, tuple[int, ...]]], list[tuple[int, str]]]:
    items, left = items_of(one, PERIOD, ComposeOptions(), first=False, everything=everything)
    return [(item.lead.article_id, item.tells) for item in items], [
        (x.article_id, x.reason.value) for x in left
    ]


def test_reports_in_other_languages_are_told_with_the_story_or_left_out_for_their_language() -> None:
    leads = {(1, "en"): 1, (1, "de"): 2}
    whole = in_one_language(story("en", "de"), leads, ["de"], since=SINCE)
    assert left_out(whole) == ([(2, (2, 1))], [])
    told_at = NOW - timedelta(days=1)
    members = tuple(
        replace(one, told_at=told_at, told_in=5) if one.language == "de" else one for one in whole.members
    )
    assert left_out(replace(whole, members=members)) == ([], [(1, "language")])


def test_every_post_of_a_source_that_has_the_edition_alone_is_an_item_whatever_its_language() -> None:
    leads = {(1, "en"): 1, (1, "de"): 2}
    whole = in_one_language(story("en", "de"), leads, ["de"], since=SINCE)
    alone = tuple(replace(one, source_id=7) for one in whole.members)
    items, rest = left_out(replace(whole, members=alone), everything=True)
    assert sorted(items) == [(1, (1,)), (2, (2,))]
    assert rest == []


def test_reports_in_other_languages_count_for_growth_but_do_not_lead_it() -> None:
    leads = {(1, "en"): 1, (1, "de"): 3}
    one = in_one_language(story("en", "en", "de", "fr"), leads, ["en"], since=SINCE)
    told_at = NOW - timedelta(days=1)
    members = tuple(
        replace(one, told_at=told_at, told_in=5) if one.article_id == 1 else one for one in one.members
    )
    assert left_out(replace(one, members=members)) == ([(2, (2, 3, 4))], [])
