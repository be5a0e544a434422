import asyncio

from syndicate.net.politeness import HostLocks


def test_F13_hosts_do_not_wait_for_each_other():
    order: list[str] = []

    async def visit(locks: HostLocks, host: str) -> None:
        async with locks.acquire(host):
            order.append(host)
            await asyncio.sleep(0)

    async def visits() -> None:
        locks = HostLocks(0.02)
        await asyncio.gather(*(visit(locks, host) for host in "aaabc"))

    asyncio.run(visits())
    assert order[:3] == ["a", "b", "c"]
    assert order[3:] == ["a", "a"]


def test_F13_a_host_is_forgotten_once_its_pause_is_over():
    async def visits() -> tuple[int, int]:
        locks = HostLocks(0.01)
        for host in ("a", "b"):
            async with locks.acquire(host):
                pass
        known = len(locks)
        while len(locks):
            await asyncio.sleep(0.001)
        return known, len(locks)

    assert asyncio.run(visits()) == (2, 0)


def test_F13_a_cancelled_wait_gives_the_turn_to_the_next():
    async def visits() -> bool:
        locks = HostLocks(0.01)

        async def visit() -> bool:
            async with locks.acquire("a"):
                return True

        async with locks.acquire("a"):
            first, second = asyncio.create_task(visit()), asyncio.create_task(visit())
            await asyncio.sleep(0)
            first.cancel()
        return await second

    assert asyncio.run(visits())
