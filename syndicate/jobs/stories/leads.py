"""Leads and counts of stories, refreshed after their articles or the editor's decisions change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from syndicate.model import Story
from syndicate.store import Connection
from syndicate.store.stories import decision_store, index_rows, story_store
from syndicate.store.stories.story_leads import LanguageLeads, save_language_leads
from syndicate.stories import (
    Fingerprint,
    LeadCandidate,
    choose_lead,
    is_cut,
    is_report,
    lead_candidates,
    leading_language,
)
from syndicate.text.language import main_language

CHARACTERS_PER_WORD = 6

_Members = Mapping[int, Sequence[story_store.StoryArticleRow]]


def refresh_stories(connection: Connection, story_ids: Iterable[int], now: datetime) -> None:
    """Update the leads and the counts of stories from their articles."""
    members = _members(connection, story_ids)
    leads = _leads(connection, members, now)
    story_store.save_stories(
        connection,
        [
            Story(
                id=story_id,
                lead_id=leads[story_id, ""],
                created=now,
                updated=now,
                articles=len(rows),
                coverage=len({row.source_id for row in rows}),
            )
            for story_id, rows in members.items()
        ],
    )
    save_language_leads(connection, members, {key: lead for key, lead in leads.items() if key[1]})


def refresh_chosen_leads(connection: Connection, now: datetime) -> None:
    """Update the leads from the editor's decisions, including expired decisions."""
    members = _members(connection, decision_store.stories_with_choices(connection))
    leads = _leads(connection, members, now)
    stories = [*story_store.get_stories(connection, members).values()]
    led = [replace(story, lead_id=leads[story.id, ""]) for story in stories]
    story_store.save_stories(connection, [story for story in led if story not in stories])
    save_language_leads(connection, members, {key: lead for key, lead in leads.items() if key[1]})


def _members(connection: Connection, story_ids: Iterable[int]) -> _Members:
    return story_store.group_by_story(story_store.story_articles(connection, ids=sorted(story_ids)))


def _leads(connection: Connection, members: _Members, now: datetime) -> LanguageLeads:
    """Return the lead of each story (``""``), and in stories with several languages the lead in each."""
    leads = {(story_id, ""): rows[0].article_id for story_id, rows in members.items()}
    shared = {story_id: rows for story_id, rows in members.items() if len(rows) > 1}
    if not shared:
        return leads
    chosen = decision_store.chosen_articles(connection, at=now)
    groups: dict[tuple[int, str], list[LeadCandidate]] = {}
    for story_id, rows in shared.items():
        candidates = list(_candidates(rows, chosen))
        languages = {candidate.language for candidate in candidates} - {""}
        groups[story_id, ""] = lead_candidates(candidates)
        for language in languages if len(languages) > 1 else ():
            told = [candidate for candidate in candidates if candidate.language == language]
            groups[story_id, language] = lead_candidates(told)
    compared = {candidate.article_id for group in groups.values() if len(group) > 1 for candidate in group}
    facts = index_rows.lead_facts(connection, sorted(compared))
    several = {story_id for story_id, language in groups if language}
    for (story_id, language), group in groups.items():
        whole = [_with_facts(candidate, facts.get(candidate.article_id)) for candidate in group]
        first = leading_language(group) if story_id in several and not language else ""
        leads[story_id, language] = choose_lead(whole, first)
    for story_id in several:
        lead = next(group for group in groups[story_id, ""] if group.article_id == leads[story_id, ""])
        if lead.language:
            leads[story_id, lead.language] = lead.article_id
    return leads


def _candidates(
    rows: Sequence[story_store.StoryArticleRow], chosen: Mapping[int, int]
) -> Iterable[LeadCandidate]:
    first: dict[int, int] = {}
    for row in rows:
        first.setdefault(row.same_text, row.article_id)
        yield LeadCandidate(
            article_id=row.article_id,
            source_id=row.source_id,
            source_weight=row.weight,
            has_image=row.has_image,
            length=row.words * CHARACTERS_PER_WORD,
            published=row.published,
            is_copy=row.article_id != first[row.same_text],
            chosen=chosen.get(row.article_id, 0),
            language=main_language(row.language),
        )


def _with_facts(candidate: LeadCandidate, facts: index_rows.LeadFacts | None) -> LeadCandidate:
    if facts is None:
        return candidate
    report = is_report(facts.title, facts.section, facts.url) and not is_cut(facts.title)
    return replace(candidate, is_report=report, terms=Fingerprint.unpack_known(facts.terms))
