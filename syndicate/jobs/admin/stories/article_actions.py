"""Own articles: programs add them to a source of kind ``api``, and edit them under the same key."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from syndicate.errors import ActionRefused, WrongFields, existing
from syndicate.ingest.page.full_text import DocumentContent
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.jobs.admin.actions import perform, require
from syndicate.jobs.ingest.entry_importer import EntryImporter, write_plans
from syndicate.jobs.ingest.entry_plan import EntryPlan
from syndicate.model import Source
from syndicate.model.actors import ActionResult, Change
from syndicate.store import Connection
from syndicate.store.ingest.added_sources import find_source

SCOPE = "articles:write"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleActions:
    """Actions on own articles; the parsers, rules and limits are those of any feed."""

    importer: EntryImporter

    def add(self, change: Change, source_name: str, item: Mapping[str, Any]) -> ActionResult:
        """Add an item of a JSON Feed to a source, or edit the article with the same ``id``.

        Raises ``NotFound`` for an unknown source, ``ActionRefused`` (not-an-api-source) for any other kind,
        ``WrongFields`` for an item that no feed could have.
        """
        require(change, SCOPE)
        with self.importer.store.read() as connection:
            source = existing(find_source(connection, source_name), f"source {source_name!r}")
        if source.kind.is_polled:
            raise ActionRefused(
                "not-an-api-source",
                f"Source {source.name!r} is read from {source.kind.value}s. Add a source of kind api.",
            )
        (plan,) = self.importer.plan([self._content(source, item)], change.now)
        work = partial(_store, plan=plan, change=change)
        return perform(self.importer.store, change, "article.add", SCOPE, work)

    def _content(self, source: Source, item: Mapping[str, Any]) -> DocumentContent:
        feed = {"version": "https://jsonfeed.org/version/1.1", "title": source.name, "items": [item]}
        body = json.dumps(feed).encode()
        request = ParseRequest(body=body, url=source.url, content_type="application/feed+json")
        parsed = self.importer.parser().parse(request)
        if parsed.refused or not parsed.entries:
            raise WrongFields({"title": "; ".join(reason for _, reason in parsed.refused)})
        return DocumentContent(source=source, parsed=parsed, whole=True, date_by_first_seen=True)


def _store(connection: Connection, plan: EntryPlan, change: Change) -> ActionResult:
    """Write the article of a plan; a paused or removed source takes none."""
    name = plan.content.source.name
    source = find_source(connection, name)
    if source is None or source.paused:
        raise ActionRefused("paused", f"Source {name!r} is paused. Resume it, and send the article again.")
    (added,) = write_plans(connection, [plan], change.now)
    if plan.new and not added:
        raise ActionRefused("still-running", "Another request adds this article now. Send it again.")
    if plan.refused:
        raise WrongFields({"title": plan.refused[0][1]})
    article = next(iter([*plan.new, *(changed for _, changed in plan.changed)]), None)
    outcome = "added" if added else "changed" if plan.changed else "dropped" if plan.dropped else "unchanged"
    facts: dict[str, Any] = {"outcome": outcome, "source": name}
    if plan.dropped:
        facts["rule"] = plan.dropped[0].rule
    return ActionResult(
        kind="article",
        id=article.uid if article else "",
        message=f"The article is {outcome}.",
        after={"source": name, "title": article.title} if article else None,
        facts=facts,
        is_change=article is not None,
    )
