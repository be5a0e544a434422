"""Cost of sending one edition to each reader, beside the naive way and beside smtplib, in one run.

``python -m benchmarks.delivery`` makes its own fixture (102 kB, 12 stories, 190 CSS rules, 29 tokens) and
its own sink (``mail_sink.py``, another process on loopback). CPU seconds of the sender only; the store
is an SQLite file in TMPDIR with ``synchronous=FULL``. ``--memory N`` prints the peak memory of one run.

Ratios of CPU are those at the number of connections that the product has by default: nobody who changes
nothing has another one. Everything is measured at the most that can be configured as well, because the
number counts: many connections share each commit, so a message through the outbox costs less, but so many
copies of a message under way leave the processor's cache, so the wire alone costs more. The rate by the
clock is beside smtplib's at both.

``alone`` is what no sender can do without: writing a ready message to a socket and reading the answers, one
SHA-256 over its size and one signature, nothing else, with the same libraries, sink and connections.
``alone_us`` is their sum and ``most`` the ratio to the naive way that a program would have that did nothing
besides. What is between ``alone_us`` and ``cpu_us`` is ours.
"""

import argparse
import gc
import hashlib
import json
import os
import resource
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.naive_mail import context, page, text
from syndicate.delivery.dkim_keys import load_key, new_key
from syndicate.delivery.dkim_signing import DkimKey
from syndicate.delivery.message import MailOptions, MessageTemplate
from syndicate.delivery.outgoing import Message, OutgoingMail, SendResult
from syndicate.delivery.smtp.bounded_smtp import SmtpOptions
from syndicate.delivery.smtp.sender import SmtpSender
from syndicate.jobs.delivery.deliver_job import DeliverJob
from syndicate.jobs.delivery.markers import MarkerFile
from syndicate.jobs.delivery.restore_guard import RestoreGuard
from syndicate.model import Edition
from syndicate.newsletter.render import inline_styles
from syndicate.settings.mail_settings import MailSettings
from syndicate.store import Store, open_store
from syndicate.store.ingest import article_store
from syndicate.store.leases import leases
from syndicate.store.subscribers import audience_store
from tests import factories

# CPU microseconds for each message, and messages a second, by the way of sending.
Costs = dict[str, tuple[float, float]]

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HOLE = "reader-token-5e1c8a40f7"
SIZE = 102_000
USUAL_CONNECTIONS = MailSettings.model_fields["connections"].default
MOST_CONNECTIONS = 50
KINDS = ("unsigned", "ed25519", "rsa")
OPTIONS = MailOptions(
    sender_name="The Reader",
    sender_address="news@example.com",
    newsletter_title="Daily",
    domain="example.com",
    placeholder=HOLE,
    unsubscribe_address="news@example.com",
    unsubscribe_url=f"https://news.example/unsubscribe/{HOLE}",
    bounce_address="bounces@example.com",
)


class Fixture:
    """The edition, its source for the naive way, and keys."""

    def __init__(self, folder: Path) -> None:
        self.page = page()
        few, self.words = 20, 400
        while self.words - few > 1:
            middle = (few + self.words) // 2
            few, self.words = (middle, self.words) if self._fill(middle) <= SIZE else (few, middle)
        self.words = few
        self.size = self._fill(few)
        self.keys: dict[str, DkimKey] = {}
        for kind in ("rsa", "ed25519"):
            file = folder / f"{kind}.pem"
            file.write_bytes(new_key(kind))
            self.keys[kind] = load_key(file, domain="example.com", selector=kind)

    def _fill(self, words: int) -> int:
        self.context = context(words)
        self.edition = self._edition()
        return self.message(0, ()).size

    def html(self, token: str) -> str:
        """The HTML part, inlined as the product does it."""
        return inline_styles(self.page.render(token=token, **self.context))

    def _edition(self) -> Edition:
        return Edition(
            id=1,
            newsletter="daily",
            period_start=NOW - timedelta(days=1),
            period_end=NOW,
            revision=0,
            cut_at=NOW,
            subject="The news of Tuesday",
            html=self.html(HOLE),
            text=text(self.context, HOLE),
            stories=12,
        )

    def message(self, number: int, keys: Sequence[DkimKey]) -> Message:
        """One reader's copy."""
        template = MessageTemplate.build(self.edition, replace(OPTIONS, keys=keys))
        return template.for_subscriber(
            f"reader{number}@example.org", f"{number:032d}", f"<{number}@example.com>"
        )


@contextmanager
def sink(delay_ms: float = 0) -> Iterator[int]:
    """The port of a sink in another process."""
    command = [sys.executable, str(Path(__file__).with_name("mail_sink.py")), str(delay_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


def measured(count: int, work: Callable[[], object]) -> tuple[float, float]:
    """CPU microseconds for each message, and messages a second by the clock."""
    # What was made before, such as the rows of a store, is no garbage of the sender's.
    gc.collect()
    cpu, wall = time.process_time(), time.monotonic()
    work()
    return (time.process_time() - cpu) / count * 1e6, count / (time.monotonic() - wall)


def naive(folder: Path, port: int, words: int) -> dict[str, float]:
    """The naive way in a process of its own, where nothing of ours has tuned premailer's cache."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.naive_mail",
        str(port),
        "20",
        str(words),
        str(folder / "rsa.pem"),
    ]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PREMAILER")}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def ready_bytes(data: bytes, port: int, count: int) -> None:
    """Do the steps of smtplib for a message that is ready."""
    with smtplib.SMTP("127.0.0.1", port) as server:
        for number in range(count):
            server.sendmail("news@example.com", [f"reader{number}@example.org"], data)


def bare_socket(data: bytes, port: int, count: int, connections: int) -> None:
    """The system calls of sending and nothing else: one write and one answer for each message."""
    conversation = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n" + data + b".\r\n"
    answers = 4
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
    for item in sockets:
        item.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
        item.recv(8192)
    for _ in range(count // connections):
        for item in sockets:
            item.sendall(conversation)
        for item in sockets:
            left = answers
            while left > 0:
                left -= item.recv(8192).count(b"\n")
    for item in sockets:
        item.close()


def alone(fixture: Fixture, port: int, count: int, key: DkimKey | None) -> dict[str, float]:
    """CPU microseconds of what cannot be left out: system calls, and with a key hashing and signing."""
    data, digest = bytes(fixture.message(1, ())), hashlib.sha256().digest()

    def repeated(work: Callable[[], object]) -> float:
        return measured(count, lambda: [work() for _ in range(count)])[0]

    found = {"socket_us": measured(count, lambda: bare_socket(data, port, count, USUAL_CONNECTIONS))[0]}
    if key is not None:
        found["sha256_us"] = repeated(lambda: hashlib.sha256(data).digest())
        found["sign_us"] = repeated(lambda: key.sign(digest))
    return found


def wire_only(fixture: Fixture, port: int, count: int, keys: Sequence[DkimKey], connections: int) -> None:
    """Message and wire alone: nothing is recorded."""
    template = MessageTemplate.build(fixture.edition, replace(OPTIONS, keys=keys))
    numbers = iter(range(count))

    def next_mail() -> OutgoingMail | None:
        number = next(numbers, None)
        if number is None:
            return None
        address = f"reader{number}@example.org"
        return OutgoingMail(
            key=number,
            sender=f"bounces+{number:x}@example.com",
            recipient=address,
            render=partial(template.for_subscriber, address, f"{number:032d}", f"<{number}@example.com>"),
        )

    def record_results(_ended: Sequence[SendResult], beginning: Sequence[OutgoingMail]) -> Collection[int]:
        return {mail.key for mail in beginning}

    problem = sender(port, connections).run(next_mail, record_results, backlog=count)
    assert problem is None, problem


def sender(port: int, connections: int) -> SmtpSender:
    return SmtpSender(SmtpOptions(host="127.0.0.1", port=port, tls="none", connections=connections))


def filled_store(folder: Path, fixture: Fixture, count: int) -> Store:
    """A store with one edition on its way to so many readers."""
    store = open_store(f"sqlite:///{folder / f'store-{time.monotonic_ns()}.db'}")
    store.migrate()
    with store.write() as connection:
        leases.ensure_secret(connection)
        factories.newsroom(connection)
        for number in range(count):
            audience_store.add_subscription(
                connection,
                address=f"reader{number}@example{number % 50}.org",
                address_key=f"reader{number}@example{number % 50}.org",
                name="",
                language="",
                newsletter="daily",
                evidence="benchmark",
                now=NOW - timedelta(days=9),
            )
        article = article_store.get_articles(connection, [1])[1]
        edition = fixture.edition
        factories.cut(
            connection,
            [factories.edition_story(article)],
            period=(NOW, NOW + timedelta(days=1)),
            rendered=(edition.subject, edition.html, edition.text),
        )
    return store


def through_outbox(store: Store, port: int, count: int, keys: Sequence[DkimKey], connections: int) -> None:
    """The product's own job: every change of state is a committed row."""
    file = Path(store.where.removeprefix("sqlite:///"))
    marker = MarkerFile(path=file.with_suffix(".marker"), database=file)
    job = DeliverJob(
        guard=RestoreGuard(store=store, markers=(marker,)),
        store=store,
        sender=lambda: sender(port, connections),
        mail=lambda _newsletter: replace(OPTIONS, keys=keys),
        owner="benchmark",
    )
    result = job.run(NOW)
    assert result.sent == count, result


def commit_rate(folder: Path) -> float:
    """Durable commits a second of this disk, one row each."""
    store = open_store(f"sqlite:///{folder / 'commits.db'}")
    store.migrate()
    start, count = time.monotonic(), 0
    while time.monotonic() - start < 1:
        with store.write() as connection:
            leases.increment_counter(connection, "commits")
        count += 1
    store.dispose()
    return count / (time.monotonic() - start)


def late_answers(fixture: Fixture, delay: float, connections: int, each: int) -> tuple[float, float]:
    """Messages a second with answers that take their time: ours, and smtplib in as many threads."""
    data, count = bytes(fixture.message(1, ())), connections * each
    with sink(delay) as port:
        ours = measured(count, lambda: wire_only(fixture, port, count, (), connections))[1]
        threads = [threading.Thread(target=ready_bytes, args=(data, port, each)) for _ in range(connections)]

        def theirs() -> None:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        return ours, measured(count, theirs)[1]


def sending(folder: Path, fixture: Fixture, port: int, count: int, kind: str, connections: int) -> Costs:
    """One kind of message, over the wire alone and through the outbox."""
    keys = () if kind == "unsigned" else (fixture.keys[kind],)
    wire = measured(count, lambda: wire_only(fixture, port, count, keys, connections))
    store = filled_store(folder, fixture, count)
    outbox = measured(count, lambda: through_outbox(store, port, count, keys, connections))
    store.dispose()
    return {"wire": wire, "outbox": outbox}


def run(folder: Path, count: int) -> dict[str, Any]:
    """Everything, in one run."""
    fixture = Fixture(folder)
    result: dict[str, Any] = {"message_bytes": fixture.size, "commits_per_second": commit_rate(folder)}
    with sink() as port:
        result["naive"] = naive(folder, port, fixture.words)
        base = result["naive"]["cpu_us"]
        data = bytes(fixture.message(1, ()))
        cpu, rate = measured(count, lambda: ready_bytes(data, port, count))
        result["smtplib_ready_bytes"] = {"cpu_us": cpu, "per_second": rate, "ratio": base / cpu}
        for kind in KINDS:
            parts = alone(fixture, port, count // 4, fixture.keys.get(kind))
            needed = sum(parts.values())
            usual = sending(folder, fixture, port, count, kind, USUAL_CONNECTIONS)
            most = sending(folder, fixture, port, count, kind, MOST_CONNECTIONS)
            for way, (cpu_us, per_second) in usual.items():
                result[f"{way}_{kind}"] = {
                    "connections": USUAL_CONNECTIONS,
                    "cpu_us": cpu_us,
                    "ratio": base / cpu_us,
                    "alone": parts,
                    "alone_us": needed,
                    "most": base / needed,
                    "per_second": per_second,
                    "rate_to_smtplib": per_second / rate,
                    f"with_{MOST_CONNECTIONS}_connections": {
                        "cpu_us": most[way][0],
                        "ratio": base / most[way][0],
                        "per_second": most[way][1],
                        "rate_to_smtplib": most[way][1] / rate,
                    },
                }
    for delay in (10, 50):
        ours, theirs = late_answers(fixture, delay, 10, 1000 // delay)
        result[f"answers_after_{delay}_ms"] = {"per_second": ours, "smtplib": theirs, "ratio": ours / theirs}
    return result


def memory(folder: Path, count: int) -> dict[str, Any]:
    """Peak memory of sending to so many readers, in MiB; filling the store is another process's."""
    fixture = Fixture(folder)
    with sink() as port:
        store = filled_store(folder, fixture, count)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        through_outbox(store, port, count, (), 20)
        store.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"readers": count, "peak_mib": peak, "peak_mib_before_sending": before}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=4000)
    parser.add_argument("--memory", type=int, metavar="N")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="syndicate-delivery-") as name:
        folder = Path(name)
        result = memory(folder, arguments.memory) if arguments.memory else run(folder, arguments.messages)
    print(json.dumps(result, indent=1, default=float))


if __name__ == "__main__":
    main()
