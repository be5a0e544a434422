"""Parse robots.txt (RFC 9309). Pure; the only importer of protego.

The standard library's parser lacks wildcards, applies the first rule instead of the longest, and ends a group
at an empty line.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from protego import Protego

from syndicate.ingest.limits import MAX_ROBOTS_BYTES

MAX_CACHE_AGE = timedelta(hours=24)
"""RFC 9309 section 2.4: cached rules must not be used for longer than 24 hours."""
RETRY_WHEN_UNREACHABLE = timedelta(hours=1)
MAX_DELAY_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsFile:
    """Response to a request for robots.txt; ``status`` is 0 without a response."""

    status: int
    rules: str
    expires: datetime

    @property
    def reachable(self) -> bool:
        """False if the rules are unknown: then every URL is disallowed (RFC 9309 section 2.3.1.4)."""
        return 200 <= self.status < 500 and self.status != 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Rules of an origin for this user agent; ``delay`` is ``Crawl-delay`` in seconds."""

    parsed: Protego
    agent: str
    delay: float

    def allows(self, url: str) -> bool:
        """Return whether the rules allow a request for this URL."""
        return bool(self.parsed.can_fetch(url, self.agent))


def parse_robots_response(status: int, body: bytes, now: datetime) -> RobotsFile:
    """Build the file from a response; a 4xx means no rules, a 5xx or no response means unknown rules."""
    text = body[:MAX_ROBOTS_BYTES].decode("utf-8", "replace") if status == 200 else ""
    file = RobotsFile(status=status, rules=text, expires=now + MAX_CACHE_AGE)
    return file if file.reachable else replace(file, expires=now + RETRY_WHEN_UNREACHABLE)


def parse_robots_rules(file: RobotsFile, agent: str) -> Rules:
    """Parse the rules for a product token such as ``syndicate``."""
    parsed = Protego.parse(file.rules)
    delay = parsed.crawl_delay(agent)
    return Rules(parsed=parsed, agent=agent, delay=min(float(delay or 0.0), MAX_DELAY_SECONDS))


def product_token(user_agent: str) -> str:
    """Return the product token that robots.txt uses: the User-Agent's first word (RFC 9309 section 2.2.1)."""
    return user_agent.partition("/")[0].split(" ")[0] or "syndicate"
