import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

import pytest

from syndicate.net import Fetched, FetchRequest, HttpOptions
from syndicate.net.client import HttpClient

OPEN = HttpOptions(allow_private=("127.0.0.1",), host_gap=0.0, total_timeout=20.0)

Fetch = Callable[..., Fetched]


@pytest.fixture
def options() -> HttpOptions:
    """Loopback allowed, no pauses."""
    return OPEN


@pytest.fixture
def fetch() -> Fetch:
    """Return ``fetch(url, etag=…)``: a request by a client of its own; ``changes`` are options."""

    def run(url: str, changes: dict[str, Any] | None = None, **request: Any) -> Fetched:
        async def once() -> Fetched:
            async with HttpClient(replace(OPEN, **(changes or {}))) as client:
                return await client.fetch(FetchRequest(url=url, **request))

        return asyncio.run(once())

    return run


class Bug(int):
    """Limit that raises when a size is compared with it: a bug in the middle of a response."""

    def __new__(cls, says: str) -> Self:
        bug = super().__new__(cls, 1)
        bug.says = says
        return bug

    says: str

    def __ge__(self, other: object) -> bool:
        raise ZeroDivisionError(self.says)
