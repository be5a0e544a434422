"""What the web server is told once, and the promise of whoever answers unsubscribe links."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class WebOptions:
    """How long others may keep our answers, in seconds, and how many bytes of ours are kept in memory."""

    page_max_age: int = 300
    feed_max_age: int = 900
    cache_bytes: int = 8 * 1024 * 1024


class Unsubscriber(Protocol):
    """Answers for unsubscribe tokens. Both methods are called in worker threads and may block."""

    def look(self, token: str) -> str | None:
        """The title of the newsletter behind a token, or ``None``; changes nothing."""

    def unsubscribe(self, token: str) -> bool:
        """End the subscription behind a token at once; true also when it had ended before."""
