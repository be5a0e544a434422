"""Facts of the newest articles of a list, from few indexed queries."""

from dataclasses import replace

from syndicate.jobs.publish.article_views import Headlines
from syndicate.jobs.publish.context import PublishContext
from syndicate.jobs.publish.lists.list_state import ListState
from syndicate.publish.lists.list_page import (
    SOURCE_SPAN,
    SPAN,
    ListPage,
    list_facts,
    most_active,
    most_covered,
)
from syndicate.publish.site import FEED_MINIMUM
from syndicate.store import Connection
from syndicate.store.core.column_types import from_microseconds
from syndicate.store.output import paged_lists, stale

# Maximum number of articles of which a list's page tells facts.
MAX_ROWS = 500
_MICROSECONDS = 1_000_000


def facts_of(
    connection: Connection,
    context: PublishContext,
    headlines: Headlines,
    state: ListState,
    content: ListPage,
) -> ListPage:
    """Return the first page of a list with the facts of its articles, and a section with its lead."""
    is_source = state.kind == "source"
    dated = [place for place in state.newest if place.published >= stale.FIRST_DATE]
    if not dated or (state.count < FEED_MINIMUM and state.kind in paged_lists.NAMED):
        return content
    span = int((SOURCE_SPAN if is_source else SPAN).total_seconds()) * _MICROSECONDS
    since = max(dated[-1].published - span, stale.FIRST_DATE)
    if state.kind in paged_lists.NAMED:
        # Few articles of a tag or an author fall into the span: the facts cover at least the articles shown.
        since = min(since, dated[0].published)
    listed = paged_lists.newest_rows(connection, state.kind, state.key, since=since, limit=MAX_ROWS)
    stories = paged_lists.story_coverage(connection, {row.story_id for row in listed})
    names = {number: source.name for number, source in context.views.sources.items()}
    own = "" if is_source else state.key
    facts = list_facts(listed, names, stories, context.options.time_zone, own)
    if is_source:
        partners = paged_lists.partner_sources(connection, stories)
        others = {names[n]: count for n, count in partners.items() if n in names and n != int(state.key)}
        total, at = paged_lists.count_of_source(connection, int(state.key))
        first = None if at is None else from_microseconds(at)
        facts = replace(facts, partners=most_active(others), total=total, first=first)
        return replace(content, facts=facts)
    lead = most_covered(listed, {number: coverage for number, (coverage, _) in stories.items()})
    if lead is None or state.kind != "section":
        return replace(content, facts=facts)
    # The leading article of the story if that is in the list, else the newest.
    ids = [row.article_id for row in listed if row.story_id == lead]
    number = stories[lead][1] if stories[lead][1] in ids else ids[0]
    return replace(content, facts=facts, lead=headlines.read(connection, [number])[number].headline)
