from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from syndicate.access.random_keys import hash_key
from syndicate.errors import ActionRefused
from syndicate.jobs.admin.access.sign_in import Client, SignInFailed, SignInJob
from syndicate.jobs.admin.access.user_actions import UserActions
from syndicate.jobs.admin.actions import perform
from syndicate.model.actors import ActionResult, Change, command_actor
from syndicate.store import Store
from syndicate.store.access import attempt_store, audit_store, session_store, user_store
from tests.factories import NOW


def change(key: str = "", request_hash: str = "") -> Change:
    return Change(actor=command_actor("root"), now=NOW, key=key, request_hash=request_hash)


def sign_in(store: Store) -> SignInJob:
    return SignInJob(store=store, users=UserActions(store=store))


def test_two_requests_with_one_key_at_once_are_one_change(store: Store):
    ready = Barrier(4)

    def ask(_: int) -> ActionResult:
        ready.wait()
        return perform(store, change("key"), "thing.do", "", lambda _: ActionResult(kind="thing", id="1"))

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(ask, range(4)))
    assert sorted(result.is_repeated for result in results) == [False, True, True, True]
    with store.read() as connection:
        assert len(audit_store.audit_rows(connection)) == 1


def test_a_key_is_free_again_after_a_failure_and_after_a_day(store: Store):
    def fail(_: object) -> ActionResult:
        raise ActionRefused("no", "No.")

    done = ActionResult(kind="thing")
    with pytest.raises(ActionRefused):
        perform(store, change("key"), "thing.do", "", fail)
    assert not perform(store, change("key"), "thing.do", "", lambda _: done).is_repeated
    assert perform(store, change("key"), "thing.do", "", lambda _: done).is_repeated
    with pytest.raises(ActionRefused, match="another request"):
        perform(store, change("key", "other"), "thing.do", "", lambda _: done)
    later = Change(actor=command_actor("root"), now=NOW + timedelta(days=1), key="key")
    assert not perform(store, later, "thing.do", "", lambda _: done).is_repeated


def test_attempts_at_once_are_all_counted(store: Store):
    client, job, ready = Client(network="192.0.2.0/24"), sign_in(store), Barrier(8)

    def attempt(_: int) -> bool:
        ready.wait()
        try:
            job._count("nora@news.example", client, NOW)
        except SignInFailed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 5
    with store.read() as connection:
        found = attempt_store.attempts_since(connection, "account", "nora@news.example", NOW)
    assert (found.count, found.last) == (5, NOW)


@pytest.mark.all
def test_two_admins_cannot_remove_each_other_at_once(store: Store):
    users, ready = UserActions(store=store), Barrier(2)
    ids = [
        int(users.add(change(), f"{n}@news.example", "admin", password="seven quiet harbours").result.id)
        for n in range(2)
    ]

    def remove(user_id: int) -> bool:
        ready.wait()
        try:
            users.remove(change(), user_id)
        except ActionRefused:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, ids)) == [False, True]


def test_a_session_is_found_by_the_hash_of_its_id_until_it_ends(store: Store):
    job = sign_in(store)
    with store.write() as connection:
        number = user_store.add_user(
            connection, address="a@b.example", address_key="a@b.example", name="", role="editor", now=NOW
        )
        user = user_store.find_user(connection, user_id=number)
        assert user is not None
        session_id = job.open_session(connection, user, Client(), NOW)
    with store.write() as connection:
        session = session_store.find_session(connection, hash_key(session_id), NOW)
        assert session is not None
        assert session_store.find_session(connection, session_id, NOW) is None
        assert session_store.end_sessions(connection, number, except_hash=session.id_hash) == 0
        user_store.delete_user(connection, number)
    with store.read() as connection:
        assert session_store.find_session(connection, session.id_hash, NOW) is None


def test_a_code_of_the_second_step_counts_once(store: Store):
    with store.write() as connection:
        number = user_store.add_user(
            connection, address="a@b.example", address_key="a@b.example", name="", role="editor", now=NOW
        )
        user_store.replace_codes(connection, number, ["one", "two"])
        assert user_store.use_step(connection, number, 7)
        assert not user_store.use_step(connection, number, 7)
        assert user_store.use_code(connection, number, "one", NOW)
        assert not user_store.use_code(connection, number, "one", NOW)
        assert user_store.codes_left(connection, number) == 1
