"""State of the installation, its jobs, and the audit log."""

from datetime import datetime
from typing import Any

from starlette.responses import Response

from syndicate.store.access import api_lists
from syndicate.store.output import stage_store
from syndicate.web.api.api_body import Id, Time
from syndicate.web.api.api_call import Call, ListQuery, Shown, stored_as
from syndicate.web.api.api_router import Resource

routes = Resource("system")


class ShownAudit(Shown):
    """Row of the audit log: an action of a user, a token, a command or an editor's link.

    ``before`` and ``after`` are the changed fields, without secrets.
    """

    id: Id
    at: datetime
    actor_kind: str
    actor_name: str
    token: Id | None = stored_as("token_id")
    action: str
    object_kind: str
    object_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    network: str


class ShownNeed(Shown):
    """Something that waits for a person; ``page`` is the page of the admin about it."""

    kind: str
    subject: str
    sentence: str
    detail: str
    since: datetime | None
    happens_by_itself: str
    is_failing: bool
    page: str = stored_as("href")


class ShownStatus(Shown):
    """State of the installation: ``well`` when nothing waits for a person."""

    well: bool
    needs: list[ShownNeed]


class ShownJob(Shown):
    """Job with its last run: its end, its duration, its error and what it did."""

    name: str = stored_as("stage")
    at: datetime
    ms: int
    problem: str
    success: datetime | None
    facts: dict[str, int | str] = stored_as("facts_json")


@routes.read("/status", ShownStatus, scope="sources:read")
def read_status(call: Call) -> Response:
    """Return what waits for a person, as `syndicate status` does."""
    needs = [*map(ShownNeed.model_validate, call.jobs.needs.current(call.now))]
    return call.show(ShownStatus(well=not needs, needs=needs))


@routes.page("/jobs", ShownJob, scope="admin:read")
def list_jobs(call: Call, paging: ListQuery) -> Response:
    """List the jobs with their last runs, by name."""
    with call.store.snapshot() as connection:
        rows = stage_store.stage_rows(connection).values()
    return call.whole([*map(ShownJob.model_validate, rows)], paging, lambda job: job.name)


@routes.page("/audit", ShownAudit, scope="admin:read")
def list_audit(
    call: Call,
    paging: ListQuery,
    actor: str = "",
    action: str = "",
    kind: str = "",
    object_id: str = "",
    updated_after: Time | None = None,
) -> Response:
    """List the audit log, the last row first."""
    filters: dict[str, Any] = {"actor": actor, "action": action, "kind": kind, "object": object_id}
    return call.page(api_lists.AUDIT, paging, ShownAudit, **filters, updated_after=updated_after)
