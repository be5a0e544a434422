"""The article that leads a story: central, fresh, a report, changed calmly."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from syndicate.stories import (
    LeadCandidate,
    choose_lead,
    is_cut,
    is_report,
    lead_candidates,
    leading_language,
)
from syndicate.stories.terms.similarity import TermSpace
from tests.stories.newsroom import terms_of

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
FLOOD = "Douro floods the Ribeira quarter of Porto, Dom Luís bridge closed"
SPACE = TermSpace()


def candidate(article_id: int, hours: float = 1.0, title: str = "", **changes: object) -> LeadCandidate:
    """An article of so many hours ago."""
    fields: dict[str, object] = {
        "source_weight": 1.0,
        "has_image": False,
        "length": 1000,
        "published": NOW - timedelta(hours=hours),
        "terms": SPACE.weigh(terms_of(title, "", "en"), 0.6) if title else None,
        **changes,
    }
    return LeadCandidate(article_id=article_id, **fields)  # type: ignore[arg-type]


def lead(*articles: LeadCandidate) -> int:
    return choose_lead(lead_candidates(articles))


def test_a_report_of_days_ago_does_not_lead_a_story_that_moved_an_hour_ago() -> None:
    old = candidate(1, 77, has_image=True, length=9000, source_weight=5.0)
    assert lead(old, candidate(2, 1)) == 2
    # A story that rests is led by what was fresh when it moved last.
    assert lead(candidate(1, 80), candidate(2, 77), candidate(3, 78)) == 1


def test_of_fresh_reports_the_most_central_leads() -> None:
    titles = (
        "Bakers of Porto give bread to neighbours after the flood",
        FLOOD,
        "Douro floods Porto: hundreds leave the Ribeira quarter",
        "Porto flood closes the Dom Luís bridge over the Douro",
    )
    assert lead(*(candidate(number, 5 - number, title) for number, title in enumerate(titles))) == 2


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({}, {"is_copy": True, "source_weight": 5.0}),
        ({}, {"published": datetime(1, 1, 1, tzinfo=UTC), "source_weight": 5.0}),
        ({"chosen": 7}, {"source_weight": 5.0}),
        ({"chosen": 8}, {"chosen": 7}),
        ({}, {"is_report": False, "source_weight": 5.0}),
        ({"source_weight": 2.0}, {"has_image": True}),
    ],
)
def test_the_better_article_leads_whichever_came_first(
    better: dict[str, object], worse: dict[str, object]
) -> None:
    assert lead(candidate(1, 2, **worse), candidate(2, 1, **better)) == 2  # type: ignore[arg-type]
    assert lead(candidate(1, 1, **worse), candidate(2, 2, **better)) == 2  # type: ignore[arg-type]


def test_the_editors_choice_leads_though_it_is_old() -> None:
    assert lead(candidate(1, 77, chosen=1), *(candidate(number, 1) for number in range(2, 40))) == 1


def test_a_lead_stays_while_it_is_fresh_and_no_other_is_worth_much_more() -> None:
    first = candidate(1, 5, FLOOD)
    # A picture and a long text make a better article, and yet readers have seen the first.
    assert lead(first, candidate(2, 4, FLOOD, has_image=True, length=1500)) == 1
    # Two that come together are compared before anybody sees them: the first is no more than the first.
    assert lead(first, candidate(2, 4), candidate(3, 3)) == 1


def test_a_story_with_a_report_every_half_hour_changes_its_lead_a_few_times_a_day() -> None:
    articles = [candidate(number, 24 - number / 2, FLOOD) for number in range(48)]
    leads = [lead(*articles[: end + 1]) for end in range(48)]
    assert sum(before != after for before, after in pairwise(leads)) == 3


def test_an_opinion_piece_does_not_replace_a_report_for_a_day() -> None:
    report, opinion = candidate(1, 50), candidate(2, 50 - 20, is_report=False)
    assert lead(report, opinion) == 1
    assert lead(report, opinion, candidate(3, 50 - 24.5, is_report=False)) == 3
    assert lead(report, opinion, candidate(3, 50 - 23)) == 3
    assert lead(candidate(1, 50, is_report=False), opinion) == 2


@pytest.mark.parametrize("ending", ["…", "...", "… "])
def test_a_cut_title_is_known_by_its_ellipsis(ending: str) -> None:
    assert is_cut(f"A ferry on its way to{ending}")
    assert not is_cut("“… and then the ferry sank”")


def test_the_lead_does_not_depend_on_the_order_in_which_articles_are_given() -> None:
    articles = [
        candidate(number, 9 - number, title)
        for number, title in enumerate(
            (FLOOD, "Porto counts losses", "Dom Luís bridge of Porto closed", FLOOD)
        )
    ]
    assert lead(*articles) == lead(*reversed(articles))


def test_a_story_without_articles_has_no_lead() -> None:
    with pytest.raises(ValueError, match="empty"):
        lead_candidates([])
    assert lead(candidate(1, is_copy=True)) == 1


@pytest.mark.parametrize(
    "title",
    [
        "Opinion | The unjust killing marks a turning point",
        "Kommentar: Die Brücke hätte längst gesperrt sein müssen",
        "The bridge, and us — Editorial",
        "Africa: All of Africa Today - February 17, 2026",
        "12/18: CBS Evening News",
        "Research roundup: 7 cool science stories",
        "Porto’s week in review",
        "رأي: الجسر",
    ],
)
def test_opinion_pieces_and_round_ups_are_no_reports(title: str) -> None:
    assert not is_report(title)


@pytest.mark.parametrize(
    "title",
    [
        FLOOD,
        "Court hears appeal of the maker of Roundup weedkiller",
        "Host of CBS Evening News resigns",
        "Council comments on the flood",
        "Remarks at a UN Security Council briefing on Venezuela",
    ],
)
def test_news_about_opinions_and_programmes_is_a_report(title: str) -> None:
    assert is_report(title)


def test_section_and_address_tell_opinion_pieces_too() -> None:
    assert not is_report(FLOOD, section="Opinion")
    assert not is_report(FLOOD, url="https://paper.example/2026/opinion/flood")
    assert is_report(FLOOD, section="Porto", url="https://paper.example/opinions-differ")


def language(*reports: tuple[str, float]) -> str:
    """The language that leads, of reports (language, hours ago) by one source each."""
    candidates = [
        candidate(number, hours, language=name, source_id=number)
        for number, (name, hours) in enumerate(reports, 1)
    ]
    return leading_language(lead_candidates(candidates))


def test_a_language_leads_until_two_more_sources_tell_the_story_in_another() -> None:
    assert language(("en", 5), ("de", 4), ("de", 3)) == "en"
    assert language(("en", 5), ("de", 4), ("de", 3), ("de", 2)) == "de"
    assert language(("en", 5), ("de", 4), ("de", 3), ("de", 2), ("en", 1)) == "de"
    # Posts of one source are one source.
    assert language(("en", 5), *(("de", hours) for hours in (4, 3, 2))) == "de"
    same = [candidate(1, 5, language="en", source_id=1)]
    same += [candidate(number, 5 - number, language="de", source_id=2) for number in (2, 3, 4)]
    assert leading_language(lead_candidates(same)) == "en"


def test_a_language_without_a_fresh_report_leads_no_more() -> None:
    assert language(("en", 9), ("en", 8), ("en", 7.5), ("ar", 1)) == "ar"
    assert language(("en", 9), ("en", 8), ("en", 2), ("ar", 1)) == "en"


def test_an_editors_choice_and_reports_in_an_unknown_language() -> None:
    assert language(("", 5), ("fr", 4), ("", 3), ("", 2)) == "fr"
    assert language(("", 5), ("", 4)) == ""
    chosen = [candidate(1, 30, language="zh", chosen=7), candidate(2, 1, language="en", source_id=2)]
    assert leading_language(lead_candidates(chosen)) == "zh"


def test_the_lead_in_a_language_is_fresh_in_the_whole_story() -> None:
    """Spanish leads by its sources; its earliest report is older than ``FRESH`` before the newest of all."""
    early, late = (candidate(number, hours, language="es") for number, hours in ((1, 7), (2, 2)))
    newest = candidate(3, 0, language="en")
    assert choose_lead(lead_candidates([early, late, newest]), "es") == 2
    assert choose_lead(lead_candidates([early, late])) == 1
