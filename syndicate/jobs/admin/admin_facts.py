"""Facts about the installation that pages and API of the operator show."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

MenuCounts = Mapping[str, tuple[int, str]]
"""Number of objects that need a person by path of the menu's entry, each with ``warn`` or ``bad``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminOptions:
    """Facts about the installation.

    ``url`` is the address of the admin pages' server, ``hosts`` are the accepted values of ``Host`` beside
    loopback. ``is_local`` is true if the server listens on loopback only. ``second_step`` is the set of roles
    that need a second step. ``take_back`` is in seconds.
    """

    title: str
    site_url: str
    url: str
    hosts: frozenset[str]
    zone: ZoneInfo
    is_local: bool
    second_step: frozenset[str] = frozenset()
    user_header: str = ""
    proxies: tuple[str, ...] = ()
    take_back: float = 60.0
