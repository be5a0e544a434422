"""Rules of robots.txt (RFC 9309). Pure; the only importer of protego.

The standard library's parser does not know wildcards, takes the first rule instead of the longest, and reads
an empty line as the end of a group.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from protego import Protego

MAX_BYTES = 512 * 1024
"""RFC 9309 section 2.5 asks for at least 500 KiB; what follows is not read."""
KEPT = timedelta(hours=24)
"""RFC 9309 section 2.4: not used for longer than a day."""
KEPT_WHEN_UNREACHABLE = timedelta(hours=1)
LONGEST_DELAY = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsFile:
    """Answer to a request for robots.txt; ``status`` is 0 when the origin did not answer."""

    origin: str
    status: int
    rules: str
    expires: datetime

    @property
    def reachable(self) -> bool:
        """False while the rules are unknown: then nothing is allowed, for now (RFC 9309 section 2.3.1.4)."""
        return 200 <= self.status < 500 and self.status != 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules for us on one origin; ``delay`` is the pause it asks for between two requests, in seconds."""

    parsed: Protego
    agent: str
    delay: float

    def allows(self, url: str) -> bool:
        """Return whether this address may be read."""
        return bool(self.parsed.can_fetch(url, self.agent))


def parse_robots_response(origin: str, status: int, body: bytes, now: datetime) -> RobotsFile:
    """Remember an answer. A 4xx means that there are no rules; a 5xx or no answer leaves them unknown."""
    text = body[:MAX_BYTES].decode("utf-8", "replace") if status == 200 else ""
    file = RobotsFile(origin=origin, status=status, rules=text, expires=now + KEPT)
    if file.reachable:
        return file
    return RobotsFile(origin=origin, status=status, rules="", expires=now + KEPT_WHEN_UNREACHABLE)


def parse_robots_rules(file: RobotsFile, agent: str) -> Rules:
    """The rules for a product token such as ``syndicate``, in whatever is written there."""
    parsed = Protego.parse(file.rules)
    delay = parsed.crawl_delay(agent)
    return Rules(parsed=parsed, agent=agent, delay=min(float(delay or 0.0), LONGEST_DELAY))


def robots_url(origin: str) -> str:
    """Return the address of an origin's robots.txt."""
    return f"{origin}/robots.txt"


def product_token(user_agent: str) -> str:
    """The name that robots.txt calls us by: the first word of the User-Agent (RFC 9309 section 2.2.1)."""
    return user_agent.partition("/")[0].split(" ")[0] or "syndicate"
