"""WebSub subscriptions: who promised to send us what a source publishes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class HubState(StrEnum):
    """State of a subscription at a hub.

    ``wanted``: a feed named its hub, which was not asked yet. ``asked``: the hub was asked and has to verify
    that it was us. ``active``: verified, until the lease ends. ``denied``: the hub refused.
    ``leaving``: we want it to end. ``ended``: it has; the callback answers 410.
    """

    WANTED = "wanted"
    ASKED = "asked"
    ACTIVE = "active"
    DENIED = "denied"
    LEAVING = "leaving"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A hub and the topic to ask it for, as a feed named them (W3C WebSub section 4)."""

    url: str
    topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSubscription:
    """One source's subscription. ``callback`` and ``secret`` are ours alone and never shown.

    ``expires`` is when the lease ends; ``next_try`` when we have something to say to the hub again.
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
    """Unread content from a hub. ``url`` is the topic, ``content_type`` the hub's field."""

    id: int
    source_id: int
    url: str
    content_type: str
    body: bytes
    received: datetime
