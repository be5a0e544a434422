"""Many connections, one thread: whatever they have to report in one turn is recorded in one commit.

A turn: see who has an answer, settle all of it at once (what was taken, what is about to begin), then write
the bodies that may go, each followed by the next envelope. While the disk works, the servers' answers
gather, so the number of commits falls as the number of connections grows. Only opening a connection
blocks; it has a thread of its own.
"""

import logging
import queue
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from heapq import heappop, heappush

from syndicate.delivery.dialogue import Dialogue, Features
from syndicate.delivery.parcels import Ended, Parcel, Settle, Take
from syndicate.delivery.suspicion import Suspicion
from syndicate.delivery.wire import Wire
from syndicate.errors import Deferred, MailError, RenderError, StoreError, TransportDown

log = logging.getLogger("syndicate.delivery")

# So many messages make another connection worth its greeting.
MESSAGES_FOR_A_CONNECTION = 20
# Parcels whose time has not come that are kept here, to be sent in order.
_HELD = 1000
_CLOSING = 421
_TICK = 0.5
# Connections in a row that ended before they took a message: then it is the server, not the message.
_BARREN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxOptions:
    """``place`` names the server; see ``SmtpOptions`` for the others (times in seconds)."""

    place: str
    connections: int
    timeout: float
    final_timeout: float


@dataclass(slots=True, eq=False)
class _Session:
    wire: Wire
    dialogue: Dialogue
    deadline: float = 0.0
    watched: int = selectors.EVENT_READ


class Outbox:
    """One run over SMTP. Make it, call ``run`` once."""

    def __init__(
        self,
        connect: Callable[[], tuple[socket.socket, Features]],
        take: Take,
        settle: Settle,
        options: OutboxOptions,
        stopping: Callable[[], bool],
    ) -> None:
        self._connect = connect
        self._take = take
        self._settle = settle
        self._options = options
        self._stopping = stopping
        self._problem: TransportDown | None = None
        self._suspicion = Suspicion()
        self._selector = selectors.DefaultSelector()
        self._bell, self._ringer = socket.socketpair()
        self._opened: queue.SimpleQueue[tuple[socket.socket, Features] | MailError] = queue.SimpleQueue()
        self._opening = 0
        self._sessions: set[_Session] = set()
        self._ended: list[Ended] = []
        self._again: deque[Parcel] = deque()
        self._held: list[tuple[float, int, Parcel]] = []
        self._losses: dict[int, int] = {}
        self._barren = 0
        self._limit = 1
        self._proven = False
        self._tick = min(_TICK, options.timeout / 4, options.final_timeout / 4)
        self._look_again = 0.0
        self._finished = False

    @property
    def _stopped(self) -> bool:
        """True once nothing new may begin."""
        return self._problem is not None or self._stopping()

    def run(self, backlog: int) -> TransportDown | None:
        """Send until nothing is left; what ``take`` and ``settle`` raise is raised after closing."""
        self._selector.register(self._bell, selectors.EVENT_READ)
        wanted = min(self._options.connections, 1 + backlog // MESSAGES_FOR_A_CONNECTION)
        try:
            self._reopen()
            while self._sessions or (self._opening and not self._stopped):
                self._go_round(wanted)
        except BaseException:
            self._close()
            with suppress(StoreError):
                self._record_the_rest()
            raise
        self._close()
        self._record_the_rest()
        return self._problem

    def _go_round(self, wanted: int) -> None:
        touched = self._wait()
        if self._admit(touched) and not self._proven:
            # One login has worked; now the others may try.
            self._proven, self._limit = True, wanted
        now = time.monotonic()
        if now > self._look_again:
            self._look_again = now + self._tick
            self._look_at_deadlines(now, touched)
        self._turn(touched)
        self._reopen()

    def _wait(self) -> set[_Session]:
        touched = self._look(self._tick, set())
        # What came in while these were read is still in time for this turn's commit.
        while 0 < len(touched) < len(self._sessions) and (more := self._look(0, touched)):
            touched |= more
        if self._held:
            touched |= {one for one in self._sessions if _is_idle(one.dialogue)}
        return touched

    def _look(self, patience: float, seen: set[_Session]) -> set[_Session]:
        """Read what is there, waiting so many seconds for the first; none is read twice in a turn."""
        touched: set[_Session] = set()
        for key, events in self._selector.select(patience):
            if key.fileobj is self._bell:
                self._bell.recv(1024)
            elif key.data not in seen:
                self._transfer(key.data, events)
                touched.add(key.data)
        return touched

    def _transfer(self, session: _Session, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                session.wire.send()
                self._watch(session)
            if events & selectors.EVENT_READ:
                data = session.wire.receive()
                if data is None:
                    session.dialogue.lose("closed the connection")
                elif data and session.dialogue.feed(data):
                    self._say(session)
        except OSError as error:
            session.dialogue.lose(f"broke the connection ({error.strerror or error})")

    def _say(self, session: _Session) -> None:
        """Send what the dialogue has to say, and give the server its time to answer."""
        out, size = session.dialogue.outgoing()
        if not out:
            return
        patience = self._options.timeout
        if session.dialogue.waits_for_verdict:
            patience = self._options.final_timeout
        session.deadline = time.monotonic() + patience
        try:
            session.wire.send(out, size)
            self._watch(session)
        except OSError as error:
            session.dialogue.lose(f"broke the connection ({error.strerror or error})")

    def _watch(self, session: _Session) -> None:
        events = session.wire.events
        if events != session.watched:
            self._selector.modify(session.wire.socket, events, session)
            session.watched = events

    def _turn(self, touched: set[_Session]) -> None:
        """Everything that can be said about these connections, in one commit; then what follows from it."""
        settled = [one for one in touched if one.dialogue.lost or not one.dialogue.waiting]
        self._note([ended for one in settled for ended in one.dialogue.endings()])
        stopped = self._stopped
        ready = [one for one in settled if one.dialogue.ready]
        beginning = [] if stopped else [one.dialogue.offered for one in ready if one.dialogue.offered]
        allowed = self._record(beginning) if self._ended or beginning else ()
        for session in ready:
            if session.dialogue.offered and session.dialogue.offered.key in allowed:
                session.dialogue.hand_over()
            else:
                session.dialogue.withdraw()
        for session in settled:
            if not stopped and session.dialogue.lost is None:
                self._offer(session)
        # All are made before any is written: waking a server once for many of them costs less.
        for session in settled:
            self._go_on(session, stopped=stopped)

    def _record(self, beginning: Sequence[Parcel]) -> Collection[int]:
        allowed = self._settle(self._ended, beginning)
        # Only now: what could not be recorded is tried once more when everything is closed.
        self._ended = []
        return allowed

    def _note(self, ended: list[Ended]) -> None:
        if ended:
            self._ended += self._suspicion.sift(ended)
            self._problem = self._problem or self._suspicion.problem

    def _record_the_rest(self) -> None:
        self._ended += self._suspicion.rest()
        self._problem = self._problem or self._suspicion.problem
        if self._ended:
            self._record([])

    def _offer(self, session: _Session) -> None:
        """Offer the next message, one that can be rendered and has an address to be offered for."""
        dialogue = session.dialogue
        while dialogue.offered is None and dialogue.lost is None and (parcel := self._next()) is not None:
            try:
                message = parcel.render()
            except (MailError, RenderError) as error:
                self._ended.append(Ended(parcel=parcel, error=error))
                continue
            dialogue.offer(parcel, message)
            self._suspicion.offered(parcel.key)
            if dialogue.offered is None:
                self._note(dialogue.endings())

    def _go_on(self, session: _Session, *, stopped: bool) -> None:
        dialogue = session.dialogue
        if dialogue.lost is None:
            self._say(session)
        if dialogue.lost is not None:
            self._drop(session)
        elif _is_idle(dialogue) and (stopped or not self._held):
            self._leave(session)

    def _drop(self, session: _Session) -> None:
        """A connection that is gone: its parcel goes another way, and what is known is kept."""
        dialogue = session.dialogue
        self._forget(session)
        self._note(dialogue.endings())
        parcel, lost = dialogue.returned, dialogue.lost
        if parcel is None or lost is None or self._stopped:
            return
        closing = lost.code == _CLOSING
        self._barren = 0 if dialogue.answered else self._barren + 1
        alone = not self._sessions and not self._opening
        if alone and not dialogue.answered and (closing or self._barren >= _BARREN):
            self._problem = lost
        losses = self._losses[parcel.key] = self._losses.get(parcel.key, 0) + 1
        if closing or losses < _BARREN:
            self._again.append(parcel)
        elif self._problem is None:
            said = f"{lost}, twice when it was offered this message"
            self._ended.append(Ended(parcel=parcel, error=Deferred(said)))

    def _next(self) -> Parcel | None:
        """The next parcel whose time has come."""
        if self._again:
            return self._again.popleft()
        if self._held and self._held[0][0] <= time.monotonic():
            return heappop(self._held)[2]
        while len(self._held) < _HELD and (parcel := self._take()) is not None:
            if parcel.not_before <= time.monotonic():
                return parcel
            heappush(self._held, (parcel.not_before, parcel.key, parcel))
        return None

    def _reopen(self) -> None:
        """As many connections as there may be, while there is something to send."""
        while len(self._sessions) + self._opening < self._limit and not self._stopped:
            if not self._again and (parcel := self._next()) is not None:
                self._again.append(parcel)
            if not self._again and not (self._held and not self._sessions and not self._opening):
                return
            self._opening += 1
            threading.Thread(target=self._open, daemon=True).start()

    def _open(self) -> None:
        """In a thread of its own: greeting, TLS and login may take their time."""
        try:
            self._opened.put(self._connect())
        except MailError as error:
            self._opened.put(error)
        except Exception as bug:
            # A thread that ended without a word would be waited for for ever.
            log.exception("a connection could not be opened")
            self._opened.put(
                TransportDown(f"{self._options.place} cannot be used ({type(bug).__name__}: {bug})")
            )
        with suppress(OSError):
            self._ringer.send(b"!")
        if self._finished:
            self._close_unused()

    def _admit(self, touched: set[_Session]) -> bool:
        """Take in the connections that have been opened; true when there was one."""
        admitted = False
        while not self._opened.empty():
            opened = self._opened.get()
            self._opening -= 1
            if isinstance(opened, MailError):
                self._could_not_open(opened)
                continue
            connection, features = opened
            session = _Session(wire=Wire(connection), dialogue=Dialogue(features, self._options.place))
            self._sessions.add(session)
            self._selector.register(connection, selectors.EVENT_READ, session)
            touched.add(session)
            admitted = True
        return admitted

    def _could_not_open(self, error: MailError) -> None:
        """The first connection tells whether anything can be sent; a later one only how many there may be.

        Nor does one tell anything that was late: the others have sent everything meanwhile, and left.
        """
        last = not self._sessions and not self._opening
        if last and (self._again or self._held) and isinstance(error, TransportDown):
            self._problem = self._problem or error
        self._limit = max(1, len(self._sessions) + self._opening)

    def _look_at_deadlines(self, now: float, touched: set[_Session]) -> None:
        for session in self._sessions:
            if session.dialogue.waiting and session.deadline < now:
                session.dialogue.lose("did not answer in time")
                touched.add(session)

    def _leave(self, session: _Session) -> None:
        """Say goodbye without waiting for the answer."""
        session.dialogue.bid_farewell()
        with suppress(OSError):
            session.wire.send(*session.dialogue.outgoing())
        self._forget(session)

    def _forget(self, session: _Session) -> None:
        self._sessions.discard(session)
        with suppress(KeyError, ValueError):
            self._selector.unregister(session.wire.socket)
        session.wire.close()

    def _close(self) -> None:
        """Whatever happened, no connection stays open."""
        self._finished = True
        for session in list(self._sessions):
            session.dialogue.lose("was left")
            self._note(session.dialogue.endings())
            self._forget(session)
        self._close_unused()
        self._selector.close()
        self._bell.close()
        self._ringer.close()

    def _close_unused(self) -> None:
        with suppress(queue.Empty):
            while True:
                opened = self._opened.get_nowait()
                if not isinstance(opened, MailError):
                    opened[0].close()


def _is_idle(dialogue: Dialogue) -> bool:
    return dialogue.lost is None and dialogue.offered is None and not dialogue.waiting
