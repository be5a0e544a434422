"""Killed before and after every commit of letting an edition go: nobody gets it twice, nobody is skipped.

See ``desk_driver.py``.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from syndicate.store import open_store
from syndicate.store.access import audit_store
from syndicate.store.mail import delivery_store, edition_store, review_store
from tests.crash.desk_driver import CHOOSER, POINT
from tests.crash.newsroom import READERS
from tests.crash.test_every_commit import (
    CHECKOUT,
    FEEDS,
    check_that_all_were_killed,
    folder,
    in_folders,
    received,
)
from tests.net.scripted_server import ScriptedServer

__all__ = ["folder"]

pytestmark = [pytest.mark.all, pytest.mark.timeout(900)]

ACTION = {"approve": ("approve", "ann"), "undo": ("approve", "ann"), "deadline": ("deadline", "syndicate")}


def test_DF1_an_edition_is_let_go_to_each_reader_once_whenever_the_desk_is_killed(folder: Path) -> None:
    folder.mkdir()
    with ScriptedServer(FEEDS) as server:
        command = [sys.executable, "-m", "tests.crash.desk_driver", str(folder), server.url("")]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    points = {one["point"]: one["signal"] for one in map(json.loads, done.stdout.splitlines())}
    # The edition and its form: in one commit by the editor, in one each by the deadline.
    check_that_all_were_killed(points, {"approve": 1, "undo": 2, "deadline": 2})
    for point in points:
        check(folder / point)
    each = {f"{reader}.{POINT}@example.org": len(points) for reader in READERS}
    assert received(in_folders(folder)) == each


def check(place: Path) -> None:
    """The edition and its form were let go once, and each reader was sent the one that is theirs."""
    action = ACTION[place.name.partition("-")[0]]
    store = open_store(f"sqlite:///{place / 'syndicate.db'}")
    with store.read() as connection:
        (report,) = edition_store.report_editions(connection)
        (form,) = review_store.variants_of(connection, report.edition)
        issue_id, form_id = report.edition.id, form.edition.id
        let_go = {
            edition_id: [
                (one.action, one.changed_by) for one in review_store.edition_changes(connection, edition_id)
            ]
            for edition_id in (issue_id, form_id)
        }
        audited = audit_store.audit_rows(connection)[::-1]
        found = [one.delivery for one in delivery_store.list_deliveries(connection)]
    store.dispose()
    assert (report.state, form.state) == ("cut", "variant"), place.name
    assert [let_go[issue_id][-1], let_go[form_id][-1]] == [action, action], place.name
    if action[0] == "approve":
        # Each decision has its row in the audit log, and the other way round.
        decided = [name.replace("take back", "take-back") for name, _ in let_go[issue_id]]
        assert [f"edition.{name}" for name in decided] == [row.action for row in audited], place.name
    else:
        assert let_go == {issue_id: [action], form_id: [action]}, place.name
    assert {one.address: one.edition_id for one in found} == {
        f"{reader}.{POINT}@example.org": form_id if reader == CHOOSER else issue_id for reader in READERS
    }, place.name
    assert [one.state.value for one in found] == ["sent"] * len(READERS), place.name
