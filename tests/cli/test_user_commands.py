"""Commands for users, tokens and the audit log."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.empty_stores import write_empty_store

NORA = "nora@example.org"


@pytest.fixture
def office(run: Run, tmp_path: Path) -> Run:
    """An installation with an admin."""
    (tmp_path / "config.toml").write_text("[admin]\nenabled = true\n", "utf-8")
    write_empty_store(tmp_path)
    (tmp_path / "password").write_text("seven quiet harbours\n", "utf-8")
    assert run(f"users add {NORA} --name Nora --password-file password --by ada").code == 0
    return run


@pytest.mark.all
def test_users_are_added_listed_changed_and_removed(office: Run):
    assert re.search(rf"{NORA} +Nora +admin", office("users list").out)
    added = office("users add sam@example.org --link --json").json
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/admin/password/[\w-]{43}", added["link"])
    assert "was added as editor" in added["message"]
    assert office("users role sam@example.org admin").code == 0
    assert office("users password sam@example.org --password-file password").code == 0
    assert "/admin/password/" in office("users password sam@example.org --link").out
    assert "no session" in office("users sessions sam@example.org").out
    both = office("users sessions sam@example.org --end --second-step-off --json").json
    assert (both["changed"], both["message"]) == (
        False,
        "sam@example.org has no second step. sam@example.org was signed out of 0 sessions.",
    )
    assert office(f"users sessions {NORA} --second-step-off").out == f"{NORA} has no second step.\n"
    assert office(f"users remove {NORA}").code == 0
    assert [user["address"] for user in office("users list --json").json["users"]] == ["sam@example.org"]


def test_the_last_admin_stays_and_unknown_users_are_named(office: Run):
    assert "last admin" in office(f"users role {NORA} editor").err
    assert "last admin" in office(f"users remove {NORA}").err
    assert "There is no user eve@example.org" in office("users password eve@example.org --link").err


def test_a_password_that_cannot_be_used_adds_no_user(office: Run, tmp_path: Path):
    (tmp_path / "short").write_text("short", "utf-8")
    (tmp_path / "empty").touch()
    codes = [office(f"users add sam@example.org --password-file {name}").code for name in ("short", "empty")]
    assert (codes, len(office("users list --json").json["users"])) == ([1, 2], 1)


def test_a_user_of_pages_that_are_off_is_told_how_to_switch_them_on(office: Run, tmp_path: Path):
    assert office("users add sam@example.org --link").err == ""
    (tmp_path / "config.toml").write_text("", "utf-8")
    assert "[admin]" in office("users password sam@example.org --link").err


def test_a_password_is_asked_for_at_a_terminal_only(office: Run):
    refused = office("users add sam@example.org")
    assert (refused.code, "--password-file" in refused.err) == (2, True)


@pytest.mark.parametrize("command", ["add sam@example.org", f"password {NORA}"])
def test_a_link_and_a_password_are_not_given_together(office: Run, command: str):
    refused = office(f"users {command} --link --password-file password")
    assert (refused.code, "Give --link" in refused.err) == (2, True)


def test_a_token_is_printed_once_and_revoked(office: Run):
    added = office(
        f"tokens add bot --user {NORA} --scope articles:read --scope metrics:read --days 90 --json"
    )
    assert added.json["token"].startswith("syn_")
    (listed,) = office("tokens list --json").json["tokens"]
    assert (listed["name"], listed["scopes"]) == ("bot", "articles:read metrics:read")
    assert added.json["token"] not in office("tokens list --json").out
    assert "was revoked" in office(f"tokens revoke {listed['id']}").out
    assert office(f"tokens revoke {listed['id']} --json").json["changed"] is False
    shown = office("tokens list").out
    assert "bot" in shown
    # Both scopes are readable in 80 columns.
    assert {"articles:read", "metrics:read"} <= set(shown.split())


def test_the_audit_log_names_the_person_behind_a_command(office: Run):
    office("users add sam@example.org --link")
    (first,) = office("audit list --json --actor ada").json["rows"]
    assert (first["action"], first["actor_kind"], first["after"]["role"]) == ("user.add", "command", "admin")
    assert len(office("audit list --json --action user.add").json["rows"]) == 2
    assert "user 1" in office("audit list --limit 5").out
    assert "no such row" in office("audit list --kind source --id 5").out


@pytest.mark.all
def test_check_shows_the_admin_pages_and_refuses_a_header_without_proxies(office: Run, tmp_path: Path):
    assert "a second step is asked of no role" in office("check").out
    (tmp_path / "config.toml").write_text('[admin]\nenabled = true\nuser_header = "Remote-User"\n', "utf-8")
    assert "only used together" in office("check").err


def test_init_switches_the_admin_pages_on(run: Run, tmp_path: Path):
    assert "[admin] enabled = true" in run("init").out
    assert "\n[admin]\nenabled = true " in (tmp_path / "config.toml").read_text("utf-8")
    assert run("check").code == 0
