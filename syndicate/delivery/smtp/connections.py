"""SMTP connections of a run, in a single thread; their results of a batch are recorded in a single commit.

A batch: read the replies, commit their results together with the messages that are about to start, then
write the bodies that may go, each with the next envelope. Replies gather during a commit, so more
connections need fewer commits a message. Only opening a connection blocks; it has a thread of its own.

A slow server does not stop other mail. A connection that waits long for a reply does not count against the
configured number, and its next message goes over another connection. All connections together are at most
twice the configured number.
"""

import selectors
import socket
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

from syndicate.delivery.attempt_outcome import is_sender_refused
from syndicate.delivery.outgoing import NextMail, OutgoingMail, RecordResults, SendResult
from syndicate.delivery.smtp.bounded_smtp import SmtpOptions
from syndicate.delivery.smtp.connector import SmtpConnector
from syndicate.delivery.smtp.lost_connections import LostConnections
from syndicate.delivery.smtp.mail_queue import MailQueue
from syndicate.delivery.smtp.protocol import SmtpFeatures, SmtpProtocol
from syndicate.delivery.smtp.sender_refusals import SenderRefusals
from syndicate.delivery.smtp.session import SmtpSession
from syndicate.delivery.smtp.transport import SmtpTransport
from syndicate.errors import Deferred, MailError, RenderError, StoreError, TransportDown

MESSAGES_PER_CONNECTION = 20
"""Number of waiting messages that justifies another connection."""
_TICK = 0.5
# Seconds until another connection is tried while others wait long for replies.
_REOPEN_PAUSE = 30.0


class SmtpConnections:
    """Run over SMTP; call ``run`` once."""

    def __init__(
        self,
        connect: Callable[[], tuple[socket.socket, SmtpFeatures]],
        next_mail: NextMail,
        record_results: RecordResults,
        options: SmtpOptions,
        should_stop: Callable[[], bool],
    ) -> None:
        self._record_results = record_results
        self._options = options
        self._redact = options.redact
        self._should_stop = should_stop
        self._problem: TransportDown | None = None
        self._sender_refusals = SenderRefusals()
        self._selector = selectors.DefaultSelector()
        self._connector = SmtpConnector(connect, options.server_name)
        self._sessions: set[SmtpSession] = set()
        self._results: list[SendResult] = []
        self._queue = MailQueue(next_mail)
        self._lost = LostConnections()
        self._max_connections = options.connections
        self._backlog = 0
        self._login_worked = False
        self._tick = min(_TICK, options.timeout / 4, options.final_timeout / 4, options.slow)
        self._next_deadline_check = 0.0
        self._next_open_at = 0.0
        self._has_slow = False

    @property
    def _stopped(self) -> bool:
        """Return true once no further message may start."""
        return self._problem is not None or self._should_stop()

    @property
    def _connection_limit(self) -> int:
        """Return the maximum number of connections that are not slow: 1 until a login has worked."""
        justified = 1 + max(self._backlog, self._queue.taken) // MESSAGES_PER_CONNECTION
        return min(self._max_connections, justified) if self._login_worked else 1

    def run(self, backlog: int) -> TransportDown | None:
        """Send until no mail is left; errors of the callbacks are raised after all connections are closed."""
        self._selector.register(self._connector.wakeup, selectors.EVENT_READ)
        self._backlog = backlog
        try:
            self._open_connections()
            while self._sessions or (self._connector.pending and self._queue and not self._stopped):
                self._run_once()
        except BaseException:
            self._close_all()
            with suppress(StoreError):
                self._commit_remaining()
            raise
        self._close_all()
        self._commit_remaining()
        return self._problem

    def _run_once(self) -> None:
        touched = self._wait()
        self._login_worked |= self._accept_opened(touched)
        now = time.monotonic()
        if now > self._next_deadline_check:
            self._next_deadline_check = now + self._tick
            self._check_deadlines(now, touched)
        self._flush_batch(touched)
        self._open_connections()

    def _wait(self) -> set[SmtpSession]:
        touched = self._read_ready(self._tick, set())
        # Replies that arrived meanwhile still belong to this commit.
        while 0 < len(touched) < len(self._sessions) and (more := self._read_ready(0, touched)):
            touched |= more
        if self._queue.has_delayed:
            touched |= {session for session in self._sessions if _is_idle(session.protocol)}
        return touched

    def _read_ready(self, timeout: float, seen: set[SmtpSession]) -> set[SmtpSession]:
        """Read from the ready sessions that are not in ``seen``; wait ``timeout`` seconds for the first."""
        touched: set[SmtpSession] = set()
        for key, events in self._selector.select(timeout):
            if key.fileobj is self._connector.wakeup:
                self._connector.wakeup.recv(1024)
            elif key.data not in seen:
                key.data.transfer(events)
                touched.add(key.data)
        return touched

    def _flush_batch(self, touched: set[SmtpSession]) -> None:
        """Commit the results of these sessions and their next messages, then send bodies and envelopes."""
        settled = [
            session for session in touched if session.protocol.lost or not session.protocol.awaits_reply
        ]
        self._classify([result for session in settled for result in session.protocol.results()])
        stopped = self._stopped
        ready = [session for session in settled if session.protocol.awaits_body]
        starting = (
            [] if stopped else [session.protocol.offered for session in ready if session.protocol.offered]
        )
        allowed = self._commit(starting) if self._results or starting else ()
        for session in ready:
            if session.protocol.offered and session.protocol.offered.key in allowed:
                self._send_body(session, session.protocol.offered)
            else:
                session.protocol.abandon()
        if not stopped:
            self._offer_next(settled)
        # All envelopes are made before the first write: waking a server once for many of them costs less.
        for session in settled:
            self._send_pending(session, stopped=stopped)

    def _offer_next(self, settled: Sequence[SmtpSession]) -> None:
        # Sessions that were slow may have recovered, so that there are now too many.
        surplus = self._active_count() - self._connection_limit
        for session in settled:
            protocol = session.protocol
            if protocol.lost is not None:
                continue
            if surplus > 0:
                surplus -= 1
            elif not (self._lost.one_message_each and (protocol.judged_count or protocol.awaits_verdict)):
                self._offer(session)

    def _send_body(self, session: SmtpSession, mail: OutgoingMail) -> None:
        """Send the body, unless the server closed the connection during the commit."""
        session.receive()
        if session.protocol.lost is None:
            session.protocol.send_body()
        else:
            self._results.append(SendResult(mail=mail, error=session.protocol.lost, final=False))

    def _commit(self, starting: Sequence[OutgoingMail]) -> Collection[int]:
        allowed = self._record_results(self._results, starting)
        # Kept until here: results that could not be recorded are tried again after closing.
        self._results = []
        return allowed

    def _classify(self, results: list[SendResult]) -> None:
        if results:
            self._results += self._sender_refusals.classify(results)
            self._problem = self._problem or self._sender_refusals.problem

    def _commit_remaining(self) -> None:
        self._results += self._sender_refusals.finish()
        self._problem = self._problem or self._sender_refusals.problem
        if self._results:
            self._commit([])

    def _offer(self, session: SmtpSession) -> None:
        """Offer the next message that can be rendered and whose address the server can take."""
        protocol = session.protocol
        while protocol.offered is None and protocol.lost is None and (mail := self._queue.next()) is not None:
            try:
                message = mail.render()
            except (MailError, RenderError) as error:
                self._results.append(SendResult(mail=mail, error=error))
                continue
            protocol.offer(mail, message)
            self._sender_refusals.offered(mail.key)
            if protocol.offered is None:
                self._classify(protocol.results())

    def _send_pending(self, session: SmtpSession, *, stopped: bool) -> None:
        protocol = session.protocol
        if protocol.lost is None:
            session.flush()
        if protocol.lost is not None:
            self._remove_lost(session)
        elif _is_idle(protocol):
            is_used_up = self._lost.one_message_each and protocol.judged_count
            if stopped or is_used_up or not self._queue.has_delayed:
                # Close without waiting for the reply.
                protocol.quit()
                session.flush()
                self._discard(session)

    def _remove_lost(self, session: SmtpSession) -> None:
        """Keep the results of a lost connection, and queue its messages again or defer them."""
        protocol = session.protocol
        self._discard(session)
        self._classify(protocol.results())
        lost = protocol.lost
        if not protocol.unsent_mails or lost is None or self._stopped:
            return
        others = [session.protocol.judged_count for session in self._sessions]
        alone = not self._sessions and not self._connector.pending
        verdict = self._lost.judge(protocol, others, alone=alone)
        if verdict.server_is_down:
            self._problem = lost
        for mail in verdict.retry:
            self._queue.put_back(mail)
        if self._problem is None:
            text = f"{lost}, twice when it was offered this message"
            self._results += [SendResult(mail=mail, error=Deferred(text)) for mail in verdict.deferred]

    def _active_count(self) -> int:
        """Return the number of connections that are not slow."""
        count = len(self._sessions) + self._connector.pending
        return count - self._slow_count() if self._has_slow else count

    def _slow_count(self) -> int:
        since = time.monotonic() - self._options.slow
        return sum(session.is_slow(since) for session in self._sessions) + self._connector.pending_since(
            since
        )

    def _open_connections(self) -> None:
        """Open connections up to both limits while there is mail to send."""
        at_most = 2 * (self._max_connections if self._login_worked else 1)
        while (
            self._active_count() < self._connection_limit
            and len(self._sessions) + self._connector.pending < at_most
            and not self._stopped
        ):
            is_needed = self._queue.is_ready() or (
                self._queue.has_delayed and not self._sessions and not self._connector.pending
            )
            if not is_needed or self._next_open_at > time.monotonic():
                return
            self._connector.start()

    def _accept_opened(self, touched: set[SmtpSession]) -> bool:
        """Add the connections that were opened; return whether there was any."""
        accepted = False
        for opened in self._connector.results():
            if isinstance(opened, MailError):
                self._handle_open_failure(opened)
                continue
            connection, features = opened
            protocol = SmtpProtocol(features, self._options.server_name, self._redact)
            session = SmtpSession(SmtpTransport(connection), protocol, self._selector, self._options)
            self._sessions.add(session)
            touched.add(session)
            accepted = True
        return accepted

    def _handle_open_failure(self, error: MailError) -> None:
        """End the run if the first connection fails; a later failure only lowers the number of connections.

        A failure that arrives after the others have sent all mail means nothing. While other connections are
        slow, a new connection is tried again later, unless the server refused the login.
        """
        slow = self._slow_count()
        active = len(self._sessions) + self._connector.pending - slow
        is_alone = self._queue and not active
        if isinstance(error, TransportDown) and is_alone and (is_sender_refused(error) or not slow):
            self._problem = self._problem or error
        if slow:
            self._next_open_at = time.monotonic() + _REOPEN_PAUSE
        else:
            self._max_connections = max(1, active)

    def _check_deadlines(self, now: float, touched: set[SmtpSession]) -> None:
        since = now - self._options.slow
        self._has_slow = self._connector.pending_since(since) > 0
        for session in self._sessions:
            if session.is_slow(since):
                self._has_slow = True
                self._classify(session.protocol.results())
                if (mail := session.protocol.reclaim_offered()) is not None:
                    self._queue.put_back(mail)
            if session.deadline < now and session.protocol.awaits_reply:
                session.connection_lost("did not answer in time")
                touched.add(session)

    def _discard(self, session: SmtpSession) -> None:
        self._sessions.discard(session)
        session.close()

    def _close_all(self) -> None:
        for session in list(self._sessions):
            session.connection_lost("was left")
            self._classify(session.protocol.results())
            self._discard(session)
        self._selector.close()
        self._connector.close()


def _is_idle(protocol: SmtpProtocol) -> bool:
    return protocol.lost is None and protocol.offered is None and not protocol.awaits_reply
