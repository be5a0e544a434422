"""Whatever the byte at which a connection ends: at most one accepted body for each message."""

import socket
import threading
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.delivery.outgoing import Message, OutgoingMail, SendResult
from syndicate.delivery.smtp.bounded_smtp import SmtpOptions
from syndicate.delivery.smtp.sender import SmtpSender
from syndicate.errors import Deferred, Uncertain
from tests.examples import examples

_REPLIES = {b"MAIL": b"250 ok\r\n", b"RCPT": b"250 ok\r\n", b"RSET": b"250 ok\r\n", b"DATA": b"354 go on\r\n"}


class CuttingServer:
    """Reads or writes so many bytes on each connection in turn, then closes it; the last one lives on."""

    def __init__(self, cuts: Sequence[tuple[int, int]], *, pipelining: bool) -> None:
        self.accepted: list[bytes] = []
        self._cuts = list(cuts)
        self._hello = b"250-test\r\n250 PIPELINING\r\n" if pipelining else b"250 test\r\n"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                cut = self._cuts.pop(0) if self._cuts else (1 << 30, 1 << 30)
                thread = threading.Thread(target=self._talk, args=(connection, *cut))
                self._threads.append(thread)
                thread.start()

    def _talk(self, connection: socket.socket, to_read: int, to_write: int) -> None:
        body: bytes | None = None
        unread = b""
        answer = b"220 hello\r\n"
        with connection, suppress(OSError):
            while True:
                connection.sendall(answer[:to_write])
                to_write -= len(answer)
                if to_write < 0:
                    return
                answer = b""
                while b"\r\n" not in unread:
                    data = connection.recv(min(to_read, 65536))
                    to_read -= len(data)
                    if not data:
                        return
                    unread += data
                line, unread = unread.split(b"\r\n", 1)
                if body is None:
                    verb = line[:4].upper()
                    answer = self._hello if verb == b"EHLO" else _REPLIES.get(verb, b"221 bye\r\n")
                    body = b"" if verb == b"DATA" else None
                elif line != b".":
                    body += line + b"\r\n"
                else:
                    # It is accepted here: whether the answer arrives is another matter.
                    self.accepted.append(body)
                    body, answer = None, b"250 taken\r\n"


# The answer to the first body begins after 49 or 70 bytes.
_WRITTEN = st.one_of(st.just(1 << 30), st.integers(45, 80), st.integers(0, 300))
_READ = st.one_of(st.just(1 << 30), st.integers(1, 900))


@settings(max_examples=examples(60), deadline=None)
@given(
    cuts=st.lists(st.tuples(_READ, _WRITTEN), max_size=8),
    sizes=st.lists(st.sampled_from([20, 300, 3000]), min_size=1, max_size=6),
    pipelining=st.booleans(),
    connections=st.integers(1, 3),
)
def test_at_most_one_body_of_each_message_is_accepted_and_each_end_is_true(
    cuts: list[tuple[int, int]], sizes: list[int], pipelining: bool, connections: int
) -> None:
    server = CuttingServer(cuts, pipelining=pipelining)
    options = SmtpOptions(
        host="127.0.0.1", port=server.port, tls="none", connections=connections, timeout=5, final_timeout=5
    )
    rows = Rows(len(sizes))
    try:
        # A run that ends because the server takes nothing leaves the rest to the next one.
        for _ in range(20):
            mails = iter([a_mail(number, sizes[number]) for number in rows.pending])
            SmtpSender(options).run(partial(next, mails, None), rows.record_results, backlog=60)
    finally:
        server.close()
    bodies = Counter(int(body.split(b":", 1)[0]) for body in server.accepted)
    assert not rows.pending
    for number, state in rows.states.items():
        assert bodies[number] == 1 if state == "sent" else bodies[number] <= (state == "uncertain")


def a_mail(number: int, size: int) -> OutgoingMail:
    body = b"%d: x\r\n\r\n" % number + b"y" * size + b"\r\n"
    return OutgoingMail(number, "news@example.com", "jo@example.org", lambda: Message.of(body))


class Rows:
    """The states of the messages, as the job keeps them."""

    def __init__(self, count: int) -> None:
        self.states = dict.fromkeys(range(count), "pending")

    @property
    def pending(self) -> list[int]:
        return [number for number, state in self.states.items() if state == "pending"]

    def record_results(
        self, ended: Sequence[SendResult], beginning: Sequence[OutgoingMail]
    ) -> Collection[int]:
        for one in ended:
            assert self.states[one.mail.key] in ("pending", "sending")
            if one.final:
                kind = {type(None): "sent", Uncertain: "uncertain", Deferred: "deferred"}[type(one.error)]
                assert kind == "deferred" or self.states[one.mail.key] == "sending"
            else:
                kind = "pending"
            self.states[one.mail.key] = kind
        for mail in beginning:
            assert self.states[mail.key] == "pending"
            self.states[mail.key] = "sending"
        return [mail.key for mail in beginning]
