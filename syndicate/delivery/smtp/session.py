"""One connection: its socket, its dialogue, and how long the server may take to answer."""

import selectors
import time
from collections.abc import Sequence

from syndicate.delivery.smtp.protocol import Dialogue
from syndicate.delivery.smtp.transport import Wire


class Session:
    """A dialogue over a wire, watched by a selector.

    ``timeout`` and ``final_timeout`` are the seconds for a reply to an envelope and to a body. The server was
    ``asked`` at that moment of the monotonic clock, and its reply is too late after ``deadline``.
    """

    def __init__(
        self,
        wire: Wire,
        dialogue: Dialogue,
        selector: selectors.BaseSelector,
        *,
        timeout: float,
        final_timeout: float,
    ) -> None:
        self.dialogue = dialogue
        self.asked = 0.0
        self.deadline = 0.0
        self._wire = wire
        self._selector = selector
        self._timeout = timeout
        self._final_timeout = final_timeout
        self._watched = wire.events
        selector.register(wire.socket, self._watched, self)

    def transfer(self, events: int) -> None:
        """Read, then write: what the server says while it is written to may be why it leaves."""
        if events & selectors.EVENT_READ:
            self.receive()
        if events & selectors.EVENT_WRITE and self.dialogue.lost is None:
            self._send()

    def receive(self) -> None:
        """Take what the server has said, and answer what can be answered at once."""
        dialogue = self.dialogue
        try:
            data = self._wire.receive()
        except OSError as error:
            self.lose(f"broke the connection ({error.strerror or error})")
            return
        if data is None:
            self.lose("closed the connection")
        elif data:
            judging = dialogue.waits_for_verdict
            if dialogue.feed(data):
                self.say()
            elif judging and not dialogue.waits_for_verdict:
                # The server's other replies get the shorter time.
                self._wait(self._timeout)

    def say(self) -> None:
        """Send what the dialogue has to say, and give the server its time to answer."""
        out, size = self.dialogue.outgoing()
        if out:
            self._wait(self._final_timeout if self.dialogue.waits_for_verdict else self._timeout)
            self._send(out, size)

    def is_slow(self, since: float) -> bool:
        """Return whether the server has owed a reply since before a moment."""
        return self.asked < since and self.dialogue.waiting

    def lose(self, why: str) -> None:
        """End the dialogue, which judges by what the kernel has of its bytes."""
        self.dialogue.lose(why, unsent=self._wire.unsent)

    def close(self) -> None:
        """Close the connection, whatever its state."""
        # A socket that is gone by itself is no key of the selector any more.
        if self._wire.socket.fileno() >= 0:
            self._selector.unregister(self._wire.socket)
        self._wire.close()

    def _wait(self, patience: float) -> None:
        self.asked = time.monotonic()
        self.deadline = self.asked + patience

    def _send(self, out: Sequence[bytes] = (), size: int = 0) -> None:
        try:
            self._wire.send(out, size)
        except OSError as error:
            self.lose(f"broke the connection ({error.strerror or error})")
            return
        events = self._wire.events
        if events != self._watched:
            self._selector.modify(self._wire.socket, events, self)
            self._watched = events
