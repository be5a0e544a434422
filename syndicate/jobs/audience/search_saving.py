"""Saving of searches, by subscribers and operators alike."""

from datetime import datetime

from syndicate.errors import ActionRefused, ConfigError, WrongFields
from syndicate.publish.channel_query import parse_query
from syndicate.store import Connection
from syndicate.store.output import saved_searches
from syndicate.store.output.saved_searches import SavedSearch
from syndicate.text.plain import clean_line

MOST_OF_A_SUBSCRIPTION = 10
MAX_QUERY = 200
MAX_PER_DAY = 24


def save_search(
    connection: Connection,
    query: str,
    subscription_id: int | None,
    now: datetime,
    *,
    by: str = "",
    per_day: int = 1,
) -> SavedSearch:
    """Save a search, or return the same search of the same owner. Raises ``ActionRefused``."""
    words = clean_line(query, MAX_QUERY + 1)
    try:
        wrong = "" if parse_query(words) else "Write words to search for."
    except ConfigError as error:
        wrong = str(error)
    if len(words) > MAX_QUERY:
        wrong = f"A search has at most {MAX_QUERY} characters."
    if wrong:
        raise WrongFields({"query": wrong})
    if not 1 <= per_day <= MAX_PER_DAY:
        raise WrongFields({"per_day": f"Choose 1 to {MAX_PER_DAY} mails a day."})
    own = [
        search
        for search in saved_searches.list_searches(connection, subscription_id)
        if search.subscription_id == subscription_id
    ]
    same = next((search for search in own if search.query == words), None)
    if same is not None:
        return same
    if subscription_id is not None and len(own) >= MOST_OF_A_SUBSCRIPTION:
        raise ActionRefused(
            "too-many-searches", f"At most {MOST_OF_A_SUBSCRIPTION} searches can be saved. End one first."
        )
    new = SavedSearch(
        id=0,
        subscription_id=subscription_id,
        created_by=by,
        query=words,
        per_day=per_day,
        seen_id=0,
        next_at=now,
        created=now,
    )
    return saved_searches.add_search(connection, new)
