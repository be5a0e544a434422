"""Server on loopback that sends exactly the bytes of the test, and records its requests."""

import asyncio
import gzip
import ssl
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Answer = bytes | Script | list[bytes]


def answer(status: int = 200, body: bytes = b"<rss/>", /, **fields: str | bytes) -> bytes:
    """A response with Content-Length; ``_`` in a field's name stands for ``-``."""
    lines = [b"HTTP/1.1 %d Scripted" % status]
    if status not in (204, 304):
        fields.setdefault("Content_Length", str(len(body)))
    for name, value in fields.items():
        raw = value if isinstance(value, bytes) else value.encode("latin-1")
        lines.append(name.replace("_", "-").encode() + b": " + raw)
    return b"\r\n".join(lines) + b"\r\n\r\n" + (b"" if status in (204, 304) else body)


def gzipped(plain: bytes, **fields: str | bytes) -> bytes:
    return answer(200, gzip.compress(plain, mtime=0), Content_Encoding="gzip", **fields)


def redirect(location: str, status: int = 302) -> bytes:
    return answer(status, b"", Location=location)


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing until the client leaves."""
    await reader.read()


def then(*steps: bytes, forever: bytes = b"") -> Script:
    """Send each step; then ``forever`` again and again until the client leaves, or hang up."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for step in steps:
            writer.write(step)
        while forever:
            writer.write(forever)
            await writer.drain()
            await asyncio.sleep(0)
        await writer.drain()
        writer.close()

    return script


@dataclass
class Asked:
    """Request as it arrived."""

    path: str
    head: bytes

    def field(self, name: str) -> bytes | None:
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b": ")
            if key.lower() == name.lower().encode():
                return value
        return None


@dataclass
class ScriptedServer:
    """``with ScriptedServer({"/feed": answer()}) as server: … server.url("/feed")``.

    A list of answers is given out in turn, the last one for ever. Runs in a thread of its own, so
    that tests of threads and tests of coroutines can both use it.
    """

    answers: dict[str, Answer]
    tls: ssl.SSLContext | None = None
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0
    port: int = 0

    def url(self, path: str = "/feed", host: str = "127.0.0.1") -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def __enter__(self) -> Self:
        self._at_once = 0
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)))
        self._thread.start()
        ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        server.close()
        talks = asyncio.all_tasks() - {asyncio.current_task()}
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        except asyncio.CancelledError:
            # The server is closing; the stream protocol of 3.11 would log a cancelled handler.
            pass
        finally:
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first = await reader.readexactly(1)
        if first == b"\x16":  # a TLS hello on a plain port: what real servers say
            writer.write(answer(400, b"plain HTTP only"))
            await writer.drain()
            return False
        head = first + await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].decode("latin-1")
        self.asked.append(Asked(path, head))
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            step = self.answers.get(path, answer(404, b"nothing"))
            if isinstance(step, list):
                step = step.pop(0) if len(step) > 1 else step[0]
            if not isinstance(step, bytes):
                await step(reader, writer)
                return False
            # Another task gets its chance, so that overlapping requests can be seen to overlap.
            await asyncio.sleep(0)
            writer.write(step)
            await writer.drain()
            return True
        finally:
            self._at_once -= 1
