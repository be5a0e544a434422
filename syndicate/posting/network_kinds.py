"""Networks that channels post to: their limits, and the time for which a repeated request posts once."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

_LINK = re.compile(r"https?://\S+")
# Mastodon counts every link as 23 characters.
_MASTODON_LINK = "x" * 23
_FOR_EVER = timedelta(days=3650)


def graphemes(text: str) -> int:
    """Return the number of characters as readers see them: a family emoji is one."""
    import regex  # noqa: PLC0415 - settings import this module, and few installations post

    return len(regex.findall(r"\X", text))


def utf16_units(text: str) -> int:
    """Return the length in UTF-16, by which Telegram and Discord count."""
    return len(text.encode("utf-16-le")) // 2


def mastodon_length(text: str) -> int:
    """Return the length as Mastodon counts it."""
    return graphemes(_LINK.sub(_MASTODON_LINK, text))


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkKind:
    """Facts about a network.

    A text has at most ``limit``, as ``measure`` counts. ``repeatable`` is the time after the first attempt in
    which the network recognises a repeated request. ``needs`` are the settings that it needs beside a secret.
    """

    limit: int
    measure: Callable[[str], int]
    template: str
    repeatable: timedelta = timedelta(0)
    can_edit: bool = True
    address: str = ""
    needs: tuple[str, ...] = ()


_CHAT = "{title}\n{summary}\n{link}"
KINDS: Mapping[str, NetworkKind] = {
    # A receiver recognises the id of the post.
    "webhook": NetworkKind(
        limit=10_000, measure=len, template=_CHAT, repeatable=_FOR_EVER, needs=("address",)
    ),
    "slack": NetworkKind(limit=3000, measure=len, template=_CHAT, address="https://slack.com"),
    "discord": NetworkKind(limit=2000, measure=utf16_units, template=_CHAT),
    # Synapse forgets transactions after half an hour at the earliest.
    "matrix": NetworkKind(
        limit=4000,
        measure=len,
        template=_CHAT,
        repeatable=timedelta(minutes=25),
        needs=("address", "to"),
    ),
    "telegram": NetworkKind(
        limit=4096,
        measure=utf16_units,
        template=_CHAT + "\n{tags}",
        address="https://api.telegram.org",
        needs=("to",),
    ),
    # Mastodon keeps an Idempotency-Key for an hour.
    "mastodon": NetworkKind(
        limit=500,
        measure=mastodon_length,
        template="{title}\n\n{summary}\n\n{link}\n\n{tags}",
        repeatable=timedelta(minutes=55),
        needs=("address",),
    ),
    # This program chooses the key of a record; the link stands in the card.
    "bluesky": NetworkKind(
        limit=300,
        # Graphemes; and at most 3000 bytes.
        measure=lambda text: max(graphemes(text), -(-len(text.encode()) // 10)),
        template="{title}\n\n{tags}",
        repeatable=_FOR_EVER,
        can_edit=False,
        address="https://bsky.social",
        needs=("to",),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Declared network.

    ``to`` is a Slack channel, a Telegram chat, a Matrix room or a Bluesky account. At most ``rate`` posts
    go out in an hour, of stories no older than ``max_age``.
    """

    name: str
    kind: str
    address: str = ""
    to: str = ""
    secret: str = field(repr=False)
    template: str = ""
    rate: int = 6
    max_age: timedelta = timedelta(hours=3)

    @property
    def facts(self) -> NetworkKind:
        """Return the facts about its kind."""
        return KINDS[self.kind]

    @property
    def can_edit(self) -> bool:
        """Return whether a post can be changed: not over an incoming webhook of Slack."""
        return self.facts.can_edit and not (self.kind == "slack" and self.secret.startswith("https://"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PostContent:
    """Story as it is posted; ``image`` is an address or ``""``."""

    title: str
    link: str
    summary: str = ""
    source: str = ""
    section: str = ""
    image: str = ""
    language: str = ""
    tags: tuple[str, ...] = ()
