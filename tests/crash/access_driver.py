"""Kills changes of users and tokens right before and right after their commits, and asks again.

Run as a program: ``access_driver.py FOLDER``. Prints one JSON object a line: the killed change, the signal,
and after the second request the numbers of objects, audit rows and results.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import FromClause, func, select

from syndicate.jobs.admin.access.token_actions import TokenActions
from syndicate.jobs.admin.access.user_actions import UserActions
from syndicate.model.actors import Change, command_actor
from syndicate.store import Store, open_store, schema
from tests.crash.driver import forked, watch_commits
from tests.factories import NOW

CHANGE = Change(actor=command_actor("root"), now=NOW, key="once")
ACTIONS: Mapping[str, Callable[[Store], object]] = {
    "user.add": lambda store: UserActions(store=store).add(CHANGE, "sam@news.example", "editor"),
    "user.role": lambda store: UserActions(store=store).set_role(CHANGE, 1, "admin"),
    "user.remove": lambda store: UserActions(store=store).remove(CHANGE, 1),
    "token.add": lambda store: TokenActions(store=store).add(CHANGE, "bot", ["articles:read"], user_id=1),
}
"""Changes of a store with one editor."""


def main(folder: Path) -> None:
    """Kill each change before and after its commit."""
    for action, change in ACTIONS.items():
        for when in ("before", "after"):
            url = f"sqlite:///{folder / f'{action}-{when}.db'}"
            forked(lambda: prepare(url))  # noqa: B023 called at once
            ended = forked(lambda: act(url, change, when))  # noqa: B023
            between = counted(url, action)
            again = forked(lambda: act(url, change, ""))  # noqa: B023
            row = {"action": action, "when": when, "signal": ended, "again": again}
            sys.stdout.write(json.dumps({**row, "between": between, "after": counted(url, action)}) + "\n")


def prepare(url: str) -> None:
    """Make a store with one editor."""
    store = open_store(url)
    store.migrate()
    UserActions(store=store).add(Change(actor=CHANGE.actor, now=NOW), "ada@news.example", "editor")


def act(url: str, change: Callable[[Store], object], when: str) -> None:
    """Perform a change, and die at its commit."""
    store = open_store(url)
    if when:
        watch_commits(when, 1)
    change(store)


def counted(url: str, action: str) -> dict[str, int]:
    """Return the state that the change makes, and the rows that must go with it."""
    store = open_store(url)
    with store.read() as connection:

        def count(query: FromClause) -> int:
            return connection.scalar(select(func.count()).select_from(query)) or 0

        rows = select(schema.audit).where(schema.audit.c.action == action).subquery()
        found = {
            "users": count(schema.users),
            "admins": count(select(schema.users).where(schema.users.c.role == "admin").subquery()),
            "tokens": count(schema.tokens),
            # The first is that of the editor who was there before.
            "audit": count(rows) - (action == "user.add"),
            "results": count(schema.repeated_requests),
        }
    store.dispose()
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
