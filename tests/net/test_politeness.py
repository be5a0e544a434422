import asyncio

from syndicate.net.politeness import HostLocks


def test_F13_hosts_do_not_wait_for_each_other():
    order: list[str] = []

    async def visit(turns: HostLocks, host: str) -> None:
        async with turns.turn(host):
            order.append(host)
            await asyncio.sleep(0)

    async def visits() -> None:
        turns = HostLocks(0.02)
        await asyncio.gather(*(visit(turns, host) for host in "aaabc"))

    asyncio.run(visits())
    assert order[:3] == ["a", "b", "c"]
    assert order[3:] == ["a", "a"]


def test_F13_a_host_is_forgotten_once_its_pause_is_over():
    async def visits() -> tuple[int, int]:
        turns = HostLocks(0.01)
        for host in ("a", "b"):
            async with turns.turn(host):
                pass
        known = len(turns)
        while len(turns):
            await asyncio.sleep(0.001)
        return known, len(turns)

    assert asyncio.run(visits()) == (2, 0)


def test_F13_a_cancelled_wait_gives_the_turn_to_the_next():
    async def visits() -> bool:
        turns = HostLocks(0.01)

        async def visit() -> bool:
            async with turns.turn("a"):
                return True

        async with turns.turn("a"):
            first, second = asyncio.create_task(visit()), asyncio.create_task(visit())
            await asyncio.sleep(0)
            first.cancel()
        return await second

    assert asyncio.run(visits())
