"""Requests from the sign-up page, as rows."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from syndicate.store import Store
from syndicate.store.mail import newsletter_store
from syndicate.store.subscribers import sign_up_store
from tests.factories import NOW, newsletter

AT_ONCE = 12


def test_requests_that_come_at_the_same_moment_share_one_limit(store: Store) -> None:
    with store.write() as connection:
        newsletter_store.sync_newsletters(connection, [newsletter()], NOW)
    gate = Barrier(AT_ONCE)

    def ask(number: int) -> bool:
        address = f"reader-{number}@example.org"
        gate.wait()
        with store.write() as connection:
            return sign_up_store.record_sign_up(
                connection,
                newsletters=["daily"],
                address=(address, address, address),
                network="192.0.2.0/24",
                agreed="yes",
                now=NOW,
                expires=NOW + timedelta(days=1),
                limits=(3, 100),
            )

    with ThreadPoolExecutor(AT_ONCE) as pool:
        taken = list(pool.map(ask, range(AT_ONCE)))
    assert taken.count(True) == 3
