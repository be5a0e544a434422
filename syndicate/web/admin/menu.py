"""Menu of the admin pages."""

from syndicate.groups import grouped
from syndicate.jobs.admin.admin_facts import MenuCounts
from syndicate.model.actors import ROLES

# Group, name, path below /admin, and scope of each entry.
_ENTRIES = (
    ("", "Overview", "/", "sources:read"),
    ("Incoming", "Sources", "/sources", "sources:read"),
    ("Incoming", "Stories", "/stories", "articles:read"),
    ("Outgoing", "Channels", "/channels", "channels:read"),
    ("Outgoing", "Newsletters", "/newsletters", "newsletters:read"),
    ("Outgoing", "Deliveries", "/deliveries", "deliveries:read"),
    ("Outgoing", "Subscribers", "/subscribers", "deliveries:read"),
    ("System", "Settings", "/settings", ""),
    ("System", "System", "/system", "admin:read"),
)


def menu_of(role: str, path: str, counts: MenuCounts) -> list[tuple[str, list[dict[str, object]]]]:
    """Return the groups of entries that a role may open; ``path`` is the address of the page."""
    scopes = ("", *ROLES.get(role, ()))
    shown = (
        (group, _entry(name, below, path, counts))
        for group, name, below, scope in _ENTRIES
        if scope in scopes
    )
    return [*grouped(shown).items()]


def _entry(name: str, below: str, path: str, counts: MenuCounts) -> dict[str, object]:
    """Return an entry; ``count`` objects need a person, with a ``level`` of ``warn`` or ``bad``."""
    address = f"/admin{below}"
    is_current = path == address or (below != "/" and path.startswith(f"{address}/"))
    count, level = counts.get(below, (0, ""))
    return {"name": name, "address": address, "is_current": is_current, "count": count, "level": level}
