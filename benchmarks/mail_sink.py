"""A fast SMTP sink in a process of its own: takes every message, answers after a delay, keeps nothing.

``mail_sink.py [MILLISECONDS]`` prints its port. One thread, no parsing beyond what the protocol needs, so
that the sender is what is measured.
"""

import selectors
import socket
import sys
import time
from heapq import heappop, heappush

END = b"\r\n.\r\n"


class Client:
    """One connection: whether a body is coming in, and what is left of the last bytes."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.in_body = False
        self.rest = b""

    def take(self, data: bytes) -> bytes:
        """Return the reply to these bytes."""
        answer = b""
        data = self.rest + data
        while data:
            if self.in_body:
                _, end, data = data.rpartition(END)
                if not end:
                    self.rest = data[-4:]
                    return answer
                self.in_body = False
                answer += b"250 ok\r\n"
                continue
            line, end, data = data.partition(b"\r\n")
            if not end:
                self.rest = line
                return answer
            answer += self.command(line[:4].upper())
        self.rest = b""
        return answer

    def command(self, verb: bytes) -> bytes:
        """The answer to one command."""
        if verb == b"EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250-SIZE 50000000\r\n250 8BITMIME\r\n"
        if verb == b"DATA":
            self.in_body = True
            return b"354 go on\r\n"
        return b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n"


def main(delay: float) -> None:
    """Serve until killed."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    late: list[tuple[float, int, socket.socket, bytes]] = []
    number = 0
    while True:
        patience = max(0.0, late[0][0] - time.monotonic()) if late else None
        for key, _ in selector.select(patience):
            client: Client | None = key.data
            if client is None:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(connection, selectors.EVENT_READ, Client(connection))
                answer = b"220 sink\r\n"
            else:
                connection = client.connection
                try:
                    data = connection.recv(1 << 18)
                except OSError:
                    data = b""
                if not data:
                    selector.unregister(connection)
                    connection.close()
                    continue
                answer = client.take(data)
            if answer:
                number += 1
                heappush(late, (time.monotonic() + delay, number, connection, answer))
        while late and late[0][0] <= time.monotonic():
            _, _, connection, answer = heappop(late)
            try:
                connection.sendall(answer)
            except OSError:
                continue


if __name__ == "__main__":
    main(float(sys.argv[1]) / 1000 if len(sys.argv) > 1 else 0.0)
