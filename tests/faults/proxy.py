"""TCP proxy that stops passing bytes, as a network that is partitioned, and goes on."""

import asyncio
import threading
from contextlib import suppress
from typing import Self


class Proxy:
    """Listener on a loopback port; ``target`` is the path of a Unix socket or a TCP port.

    While ``closed``, bytes and new connections wait: nothing is refused and nothing is lost.
    """

    def __init__(self, target: str | int) -> None:
        self._target = target
        self.port = 0

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)))
        self._thread.start()
        ready.wait()
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def close(self) -> None:
        """Let nothing pass."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def open(self) -> None:
        """Pass the bytes that wait, and all later ones."""
        self._loop.call_soon_threadsafe(self._open.set)

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._open, self._end = asyncio.Event(), asyncio.Event()
        self._open.set()
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._end.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            await self._open.wait()
            if isinstance(self._target, str):
                back_reader, back_writer = await asyncio.open_unix_connection(self._target)
            else:
                back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._target)
            await asyncio.gather(self._pass(reader, back_writer), self._pass(back_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
