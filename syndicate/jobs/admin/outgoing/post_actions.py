"""Actions on posts to other networks: send again, mark as posted, end the rest of a network."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from syndicate.errors import NotFound
from syndicate.jobs.admin.actions import perform, recorded_as
from syndicate.model.actors import ActionResult, Change
from syndicate.store import Connection, Store
from syndicate.store.events import post_store


@dataclass(frozen=True, slots=True, kw_only=True)
class PostActions:
    """Decisions about posts."""

    store: Store

    def resend(self, change: Change, post_id: int) -> ActionResult:
        """Send an uncertain or failed post again; it may then stand there twice."""
        return self._decide(change, "post.resend", post_id, post_store.resend_post, "is sent again")

    def mark_posted(self, change: Change, post_id: int) -> ActionResult:
        """Mark an uncertain post as sent."""
        return self._decide(change, "post.mark-posted", post_id, post_store.mark_posted, "counts as posted")

    @recorded_as("network.resume", "deliveries:write")
    def resume(self, connection: Connection, _change: Change, network: str) -> ActionResult:
        """End the rest of a network that refused posts."""
        if not post_store.resume(connection, network):
            raise NotFound(f"There is no network {network}.")
        return ActionResult(kind="network", id=network, message=f"Posting to {network} goes on.")

    def _decide(
        self,
        change: Change,
        action: str,
        post_id: int,
        decide: Callable[[Connection, int, datetime], bool],
        done: str,
    ) -> ActionResult:
        def work(connection: Connection) -> ActionResult:
            if not decide(connection, post_id, change.now):
                raise NotFound(f"There is no post {post_id} in a state that allows this.")
            return ActionResult(kind="post", id=str(post_id), message=f"Post {post_id} {done}.")

        return perform(self.store, change, action, "deliveries:write", work)
