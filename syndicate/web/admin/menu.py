"""Menu of the admin pages."""

from syndicate.jobs.admin.admin_facts import MenuCounts
from syndicate.model.actors import ROLES
from syndicate.text.tables import table_of

_GROUPS = table_of(__name__)["groups"]


def menu_of(role: str, path: str, counts: MenuCounts) -> list[tuple[str, list[dict[str, object]]]]:
    """Return the groups of entries that a role may open; ``path`` is the address of the page."""
    scopes = ROLES.get(role, frozenset())
    groups = []
    for group in _GROUPS:
        shown = [entry for entry in group["entries"] if not entry[2] or entry[2] in scopes]
        if shown:
            groups.append((group["name"], [_entry(name, below, path, counts) for name, below, _ in shown]))
    return groups


def _entry(name: str, below: str, path: str, counts: MenuCounts) -> dict[str, object]:
    """Return an entry; ``count`` objects need a person, with a ``level`` of ``warn`` or ``bad``."""
    address = f"/admin{below}"
    is_current = path == address or (below != "/" and path.startswith(f"{address}/"))
    count, level = counts.get(below, (0, ""))
    entry = {"name": name, "address": address, "is_current": is_current}
    return {**entry, "count": count, "level": level}
