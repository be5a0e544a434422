"""Choice of the language in which an edition tells a story with reports in several languages. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from syndicate.newsletter.compose import Candidate
from syndicate.text.language import is_foreign


def in_one_language(
    candidate: Candidate, leads: Mapping[tuple[int, str], int], preferred: Sequence[str], *, since: datetime
) -> Candidate:
    """Return a story with its articles in the chosen language first, and the other articles marked foreign.

    The language is the first of ``preferred`` that the story has, else the language of its lead. A language
    counts if the newsletter takes an article in it that was published after ``since``, was told before or is
    still news. ``leads`` has leads by story and language.
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
    marked = [
        replace(member, foreign=foreign) if foreign != member.foreign else member
        for member, foreign in ((one, is_foreign(one.language, language)) for one in candidate.members)
    ]
    members = sorted(marked, key=lambda member: (member.foreign, member.article_id != lead_id))
    story = candidate.story
    if story.lead_id != lead_id:
        story = replace(story, lead_id=lead_id)
    return replace(candidate, story=story, members=tuple(members))
