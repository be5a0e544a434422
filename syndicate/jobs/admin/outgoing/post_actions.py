"""Actions on posts to other networks: send again, mark as posted, end the rest of a network."""

from dataclasses import dataclass

from syndicate.errors import NotFound
from syndicate.jobs.admin.actions import recorded_as
from syndicate.model.actors import ActionResult, Change
from syndicate.store import Connection, Store
from syndicate.store.events import post_store

_SCOPE = "deliveries:write"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostActions:
    """Decisions about posts."""

    store: Store

    @recorded_as("post.resend", _SCOPE)
    def resend(self, connection: Connection, change: Change, post_id: int) -> ActionResult:
        """Send an uncertain or failed post again; it may then stand there twice."""
        return _decided(post_store.resend_post(connection, post_id, change.now), post_id, "is sent again")

    @recorded_as("post.mark-posted", _SCOPE)
    def mark_posted(self, connection: Connection, change: Change, post_id: int) -> ActionResult:
        """Mark an uncertain post as sent."""
        return _decided(post_store.mark_posted(connection, post_id, change.now), post_id, "counts as posted")

    @recorded_as("network.resume", _SCOPE)
    def resume(self, connection: Connection, _change: Change, network: str) -> ActionResult:
        """End the rest of a network that refused posts."""
        if not post_store.resume(connection, network):
            raise NotFound(f"There is no network {network}.")
        return ActionResult(kind="network", id=network, message=f"Posting to {network} goes on.")


def _decided(is_done: bool, post_id: int, done: str) -> ActionResult:  # noqa: FBT001 a fact of the result
    if not is_done:
        raise NotFound(f"There is no post {post_id} in a state that allows this.")
    return ActionResult(kind="post", id=str(post_id), message=f"Post {post_id} {done}.")
