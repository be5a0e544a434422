"""Many connections in one thread; their results of one turn are recorded in one commit.

A turn: see who has an answer, settle all of it at once (what was taken, what is about to begin), then write
the bodies that may go, each followed by the next envelope. While the disk works, the servers' answers
gather, so the number of commits falls as the number of connections grows. Only opening a connection
blocks; it has a thread of its own.

A connection that waits long for a reply holds up no other mail: it does not count against the number of
connections, a message offered on it behind a body goes another way, and ``next_mail`` is asked for more meanwhile.
All connections together are at most twice as many as configured.
"""

import selectors
import socket
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

from syndicate.delivery.attempt_outcome import refuses_us
from syndicate.delivery.outgoing import NextMail, OutgoingMail, RecordResults, SendResult
from syndicate.delivery.smtp.bounded_smtp import SmtpOptions
from syndicate.delivery.smtp.connector import Opener
from syndicate.delivery.smtp.lost_connections import LostConnections
from syndicate.delivery.smtp.mail_queue import MailQueue
from syndicate.delivery.smtp.protocol import Dialogue, Features
from syndicate.delivery.smtp.sender_refusals import Suspicion
from syndicate.delivery.smtp.session import Session
from syndicate.delivery.smtp.transport import Wire
from syndicate.errors import Deferred, MailError, RenderError, StoreError, TransportDown

# So many messages make another connection worth its greeting.
MESSAGES_FOR_A_CONNECTION = 20
_TICK = 0.5
# Seconds until another connection is tried while others wait long for replies.
_REOPEN_PAUSE = 30.0


class Outbox:
    """One run over SMTP. Make it, call ``run`` once."""

    def __init__(
        self,
        connect: Callable[[], tuple[socket.socket, Features]],
        next_mail: NextMail,
        record_results: RecordResults,
        options: SmtpOptions,
        should_stop: Callable[[], bool],
    ) -> None:
        self._settle = record_results
        self._options = options
        self._redact = options.redact
        self._stopping = should_stop
        self._problem: TransportDown | None = None
        self._suspicion = Suspicion()
        self._selector = selectors.DefaultSelector()
        self._opener = Opener(connect, options.place)
        self._sessions: set[Session] = set()
        self._ended: list[SendResult] = []
        self._queue = MailQueue(next_mail)
        self._lost = LostConnections()
        self._most = options.connections
        self._backlog = 0
        self._proven = False
        self._tick = min(_TICK, options.timeout / 4, options.final_timeout / 4, options.slow)
        self._look_again = 0.0
        self._open_again = 0.0
        self._some_are_slow = False

    @property
    def _stopped(self) -> bool:
        """True once nothing new may begin."""
        return self._problem is not None or self._stopping()

    @property
    def _limit(self) -> int:
        """Most connections that do not wait long for a reply: one until a login has worked."""
        worth = 1 + max(self._backlog, self._queue.taken) // MESSAGES_FOR_A_CONNECTION
        return min(self._most, worth) if self._proven else 1

    def run(self, backlog: int) -> TransportDown | None:
        """Send until nothing is left; what ``next_mail`` and ``record_results`` raise is raised after closing."""
        self._selector.register(self._opener.wakeup, selectors.EVENT_READ)
        self._backlog = backlog
        try:
            self._reopen()
            while self._sessions or (self._opener.pending and self._queue and not self._stopped):
                self._go_round()
        except BaseException:
            self._close()
            with suppress(StoreError):
                self._record_the_rest()
            raise
        self._close()
        self._record_the_rest()
        return self._problem

    def _go_round(self) -> None:
        touched = self._wait()
        # Once one login has worked the others may try.
        self._proven |= self._admit(touched)
        now = time.monotonic()
        if now > self._look_again:
            self._look_again = now + self._tick
            self._look_at_deadlines(now, touched)
        self._turn(touched)
        self._reopen()

    def _wait(self) -> set[Session]:
        touched = self._look(self._tick, set())
        # What came in while these were read is still in time for this turn's commit.
        while 0 < len(touched) < len(self._sessions) and (more := self._look(0, touched)):
            touched |= more
        if self._queue.holds:
            touched |= {session for session in self._sessions if _is_idle(session.dialogue)}
        return touched

    def _look(self, patience: float, seen: set[Session]) -> set[Session]:
        """Read what is there, waiting so many seconds for the first; none is read twice in a turn."""
        touched: set[Session] = set()
        for key, events in self._selector.select(patience):
            if key.fileobj is self._opener.wakeup:
                self._opener.wakeup.recv(1024)
            elif key.data not in seen:
                key.data.transfer(events)
                touched.add(key.data)
        return touched

    def _turn(self, touched: set[Session]) -> None:
        """Everything that can be said about these connections, in one commit; then what follows from it."""
        settled = [session for session in touched if session.dialogue.lost or not session.dialogue.waiting]
        self._note([ended for session in settled for ended in session.dialogue.endings()])
        stopped = self._stopped
        ready = [session for session in settled if session.dialogue.ready]
        beginning = (
            [] if stopped else [session.dialogue.offered for session in ready if session.dialogue.offered]
        )
        allowed = self._record(beginning) if self._ended or beginning else ()
        for session in ready:
            if session.dialogue.offered and session.dialogue.offered.key in allowed:
                self._hand_over(session, session.dialogue.offered)
            else:
                session.dialogue.withdraw()
        surplus = self._busy() - self._limit
        for session in settled:
            dialogue = session.dialogue
            if stopped or dialogue.lost is not None:
                continue
            if surplus > 0:
                # Others that were slow have come back.
                surplus -= 1
            elif not (self._lost.one_message_each and _has_had_one(dialogue)):
                self._offer(session)
        # All are made before any is written: waking a server once for many of them costs less.
        for session in settled:
            self._go_on(session, stopped=stopped)

    def _hand_over(self, session: Session, mail: OutgoingMail) -> None:
        """Give the server the body, unless it left while the commit was written."""
        session.receive()
        if session.dialogue.lost is None:
            session.dialogue.hand_over()
        else:
            self._ended.append(SendResult(mail=mail, error=session.dialogue.lost, final=False))

    def _record(self, beginning: Sequence[OutgoingMail]) -> Collection[int]:
        allowed = self._settle(self._ended, beginning)
        # Only now: what could not be recorded is tried once more when everything is closed.
        self._ended = []
        return allowed

    def _note(self, ended: list[SendResult]) -> None:
        if ended:
            self._ended += self._suspicion.sift(ended)
            self._problem = self._problem or self._suspicion.problem

    def _record_the_rest(self) -> None:
        self._ended += self._suspicion.rest()
        self._problem = self._problem or self._suspicion.problem
        if self._ended:
            self._record([])

    def _offer(self, session: Session) -> None:
        """Offer the next message, one that can be rendered and has an address to be offered for."""
        dialogue = session.dialogue
        while dialogue.offered is None and dialogue.lost is None and (mail := self._queue.next()) is not None:
            try:
                message = mail.render()
            except (MailError, RenderError) as error:
                self._ended.append(SendResult(mail=mail, error=error))
                continue
            dialogue.offer(mail, message)
            self._suspicion.offered(mail.key)
            if dialogue.offered is None:
                self._note(dialogue.endings())

    def _go_on(self, session: Session, *, stopped: bool) -> None:
        dialogue = session.dialogue
        if dialogue.lost is None:
            session.say()
        if dialogue.lost is not None:
            self._drop(session)
        elif _is_idle(dialogue):
            had_its_one = self._lost.one_message_each and dialogue.answered
            if stopped or had_its_one or not self._queue.holds:
                self._leave(session)

    def _drop(self, session: Session) -> None:
        """A connection that is gone: its parcels go another way, and what is known is kept."""
        dialogue = session.dialogue
        self._forget(session)
        self._note(dialogue.endings())
        lost = dialogue.lost
        if not dialogue.returned or lost is None or self._stopped:
            return
        others = [session.dialogue.answered for session in self._sessions]
        alone = not self._sessions and not self._opener.pending
        loss = self._lost.judge(dialogue, others, alone=alone)
        if loss.server_is_down:
            self._problem = lost
        for mail in loss.again:
            self._queue.put_back(mail)
        if self._problem is None:
            said = f"{lost}, twice when it was offered this message"
            self._ended += [SendResult(mail=mail, error=Deferred(said)) for mail in loss.put_off]

    def _busy(self) -> int:
        """Return the number of connections that do not wait long for the server."""
        count = len(self._sessions) + self._opener.pending
        return count - self._slow() if self._some_are_slow else count

    def _slow(self) -> int:
        since = time.monotonic() - self._options.slow
        return sum(session.is_slow(since) for session in self._sessions) + self._opener.pending_since(since)

    def _reopen(self) -> None:
        """As many connections as there may be, while there is something to send."""
        at_most = 2 * (self._most if self._proven else 1)
        while (
            self._busy() < self._limit
            and len(self._sessions) + self._opener.pending < at_most
            and not self._stopped
        ):
            wanted = self._queue.is_ready() or (
                self._queue.holds and not self._sessions and not self._opener.pending
            )
            if not wanted or self._open_again > time.monotonic():
                return
            self._opener.start()

    def _admit(self, touched: set[Session]) -> bool:
        """Take in the connections that have been opened; true when there was one."""
        admitted = False
        for opened in self._opener.results():
            if isinstance(opened, MailError):
                self._could_not_open(opened)
                continue
            connection, features = opened
            dialogue = Dialogue(features, self._options.place, self._redact)
            session = Session(
                Wire(connection),
                dialogue,
                self._selector,
                timeout=self._options.timeout,
                final_timeout=self._options.final_timeout,
            )
            self._sessions.add(session)
            touched.add(session)
            admitted = True
        return admitted

    def _could_not_open(self, error: MailError) -> None:
        """The first connection tells whether anything can be sent; a later one only how many there may be.

        Nor does one tell anything that was late: the others have sent everything meanwhile, and left. While
        others wait long for replies it is tried again, unless the login was refused.
        """
        slow = self._slow()
        busy = len(self._sessions) + self._opener.pending - slow
        if isinstance(error, TransportDown) and self._queue and not busy and (refuses_us(error) or not slow):
            self._problem = self._problem or error
        if slow:
            self._open_again = time.monotonic() + _REOPEN_PAUSE
        else:
            self._most = max(1, busy)

    def _look_at_deadlines(self, now: float, touched: set[Session]) -> None:
        since = now - self._options.slow
        self._some_are_slow = self._opener.pending_since(since) > 0
        for session in self._sessions:
            if session.is_slow(since):
                self._some_are_slow = True
                self._note(session.dialogue.endings())
                if (mail := session.dialogue.take_back()) is not None:
                    self._queue.put_back(mail)
            if session.deadline < now and session.dialogue.waiting:
                session.lose("did not answer in time")
                touched.add(session)

    def _leave(self, session: Session) -> None:
        """Say goodbye without waiting for the answer."""
        session.dialogue.bid_farewell()
        session.say()
        self._forget(session)

    def _forget(self, session: Session) -> None:
        self._sessions.discard(session)
        session.close()

    def _close(self) -> None:
        """Whatever happened, no connection stays open."""
        for session in list(self._sessions):
            session.lose("was left")
            self._note(session.dialogue.endings())
            self._forget(session)
        self._selector.close()
        self._opener.close()


def _is_idle(dialogue: Dialogue) -> bool:
    return dialogue.lost is None and dialogue.offered is None and not dialogue.waiting


def _has_had_one(dialogue: Dialogue) -> bool:
    return bool(dialogue.answered) or dialogue.waits_for_verdict
