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
        one.language
        for one in candidate.members
        if one.matches and one.language and (one.published >= since or one.told_at or one.still_news)
    ]
    language = next((one for one in (*preferred, *current) if one in current), "")
    lead_id = leads.get((candidate.story.id, language), candidate.story.lead_id)
    marked = [replace(one, foreign=is_foreign(one.language, language)) for one in candidate.members]
    members = sorted(marked, key=lambda one: (one.foreign, one.article_id != lead_id))
    return replace(candidate, story=replace(candidate.story, lead_id=lead_id), members=tuple(members))
