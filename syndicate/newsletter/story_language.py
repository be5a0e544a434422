"""Language in which an edition tells a story that has reports in several. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from syndicate.newsletter.compose import Candidate
from syndicate.text.language import is_foreign


def in_one_language(
    candidate: Candidate, leads: Mapping[tuple[int, str], int], preferred: Sequence[str], *, since: datetime
) -> Candidate:
    """Return a story with its articles in one language first, and marks on all others.

    That is the first of the ``preferred`` languages that the story has, else that of the article which would
    lead. A language counts if the newsletter takes an article in it that was published after ``since``, was
    told before or is still news. ``leads`` has leads by story and language.
    """
    current = [
        member.language
        for member in candidate.members
        if member.matches
        and member.language
        and (member.published >= since or member.told_at or member.still_news)
    ]
    language = next((text for text in (*preferred, *current) if text in current), "")
    lead_id = leads.get((candidate.story.id, language), candidate.story.lead_id)
    marked = [replace(member, foreign=is_foreign(member.language, language)) for member in candidate.members]
    members = sorted(marked, key=lambda member: (member.foreign, member.article_id != lead_id))
    return replace(candidate, story=replace(candidate.story, lead_id=lead_id), members=tuple(members))
