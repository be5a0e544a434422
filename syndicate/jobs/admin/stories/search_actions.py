"""Saved searches of operators, and of subscribers on their behalf."""

from dataclasses import dataclass

from syndicate.errors import NotFound, WrongFields
from syndicate.jobs.admin.actions import recorded_as, require
from syndicate.jobs.audience.search_saving import save_search
from syndicate.jobs.publish.on_request.private_feed_job import PrivateFeedsJob
from syndicate.model.actors import ActionResult, Change
from syndicate.store import Connection, Store
from syndicate.store.output import saved_searches
from syndicate.store.output.saved_searches import SavedSearch
from syndicate.store.subscribers import audience_store

SCOPE, READERS = "channels:write", "subscribers:write"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchActions:
    """Saved searches: each is a private feed, and a mail or an event when something new matches."""

    store: Store
    feeds: PrivateFeedsJob | None

    @recorded_as("search.add", SCOPE)
    def add(
        self,
        connection: Connection,
        change: Change,
        query: str,
        *,
        per_day: int = 1,
        address_key: str = "",
        newsletter: str = "",
    ) -> ActionResult:
        """Save a search of an operator, or, with a mailbox, of its confirmed subscription."""
        owner = None
        if address_key:
            require(change, READERS)
            owner = audience_store.subscription_of(connection, address_key, newsletter)
            if owner is None or not audience_store.is_confirmed(connection, owner):
                raise WrongFields({"address": "This address has no confirmed subscription."})
        known = {search.id for search in saved_searches.list_searches(connection)}
        search = save_search(connection, query, owner, change.now, by=change.actor.name, per_day=per_day)
        feed = self._feed(connection, search)
        return ActionResult(
            kind="search",
            id=str(search.id),
            message=f"Search {search.id} is saved. Its feed: {feed or 'none without a web server'}",
            after={"query": search.query, "per_day": search.per_day},
            facts={"id": search.id, "query": search.query, "feed": feed},
            is_change=search.id not in known,
        )

    @recorded_as("search.end", SCOPE)
    def end(self, connection: Connection, change: Change, number: int) -> ActionResult:
        """End a search and its feed."""
        found = saved_searches.get_search(connection, number)
        if found and found.subscription_id:
            require(change, READERS)
        if not saved_searches.end_search(connection, number, change.now):
            raise NotFound(f"There is no saved search {number}.")
        return ActionResult(
            kind="search", id=str(number), message=f"Search {number} has ended.", facts={"ended": number}
        )

    def list(self, connection: Connection) -> list[tuple[SavedSearch, str]]:
        """Return the searches that have not ended, each with its feed, or ``""`` without a web server."""
        found = saved_searches.list_searches(connection)
        return [(search, self._feed(connection, search)) for search in found]

    def _feed(self, connection: Connection, search: SavedSearch) -> str:
        return self.feeds.search_url(connection, search.id) if self.feeds else ""
