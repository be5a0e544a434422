"""Listener of a worker: it ends when it is asked to, also without the database."""

import asyncio
from typing import Any, Literal

from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.testing import InMemoryConnector

from syndicate.queue.queue_worker import serve_queues


class LostDatabase(InMemoryConnector):
    """Queue in memory that can be out of reach."""

    is_lost = False

    def generic_execute(self, query: str, suffix: Literal["run", "one", "all"], **arguments: Any) -> Any:
        if self.is_lost:
            raise ConnectorException
        return super().generic_execute(query, suffix, **arguments)


def test_a_cancelled_listener_ends_even_when_the_database_is_out_of_reach() -> None:
    async def cancel_without_database() -> bool:
        connector = LostDatabase()
        app = App(connector=connector)
        async with app.open_async():
            listener = asyncio.create_task(serve_queues(app, ["stories"], 1))
            while not connector.workers:
                await asyncio.sleep(0)
            connector.is_lost = True
            listener.cancel()
            await asyncio.wait([listener], timeout=120)
            return listener.cancelled()

    assert asyncio.run(cancel_without_database())
