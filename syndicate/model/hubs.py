"""WebSub subscriptions at the hubs of sources."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class HubState(StrEnum):
    """State of a subscription at a hub.

    - ``wanted``: a feed named its hub, and the request is due
    - ``asked``: the request was sent; the hub has yet to verify it
    - ``active``: verified, until the lease ends
    - ``denied``: the hub refused
    - ``leaving``: the end of the subscription is requested
    - ``ended``: the hub verified the end; the callback answers 410
    """

    WANTED = "wanted"
    ASKED = "asked"
    ACTIVE = "active"
    DENIED = "denied"
    LEAVING = "leaving"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """Hub and topic as a feed names them (W3C WebSub section 4)."""

    url: str
    topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSubscription:
    """Subscription of a source at its hub.

    - ``hub``, ``topic``: URLs of the hub and of the feed as the hub knows it
    - ``callback``, ``secret``: secret part of the callback URL, and signature key; never shown
    - ``next_try``: time of the next request to the hub; ``attempts``: failed requests in a row
    - ``expires``: end of the lease; ``last_push``: time of the last valid push
    - ``error``: reason of the last failure
    """

    source_id: int
    hub: str
    topic: str
    callback: str
    secret: str
    state: HubState
    next_try: datetime
    expires: datetime | None = None
    last_push: datetime | None = None
    attempts: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Unread document pushed by a hub; ``url`` is the topic, ``content_type`` its header field."""

    id: int
    source_id: int
    url: str
    content_type: str
    body: bytes
    received: datetime
