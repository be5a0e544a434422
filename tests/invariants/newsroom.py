"""The newsroom that random histories happen to: real store, real jobs, files and a faulty mail server."""

import email
import email.policy
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import or_, select

from syndicate.audience.link_tokens import unsubscribe_token
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.jobs.newsletter.due_periods import Readiness, due_periods, record_missed
from syndicate.model import EARLIEST, EditorAction
from syndicate.publish.lists import list_paging
from syndicate.store import Store, open_store, schema
from syndicate.store.ingest import page_store
from syndicate.store.leases import leases
from syndicate.store.stories import decision_store
from syndicate.store.subscribers import audience_store, preference_store
from syndicate.templating import Templates
from tests.delivery.scripted_smtp import PIPELINING, ScriptedSmtp
from tests.factories import NOW, new_article
from tests.invariants import editions
from tests.invariants.circumstances import BASE, CLOSES_IN_BODY, FAULTS, SILENT
from tests.invariants.history import PAPERS, READERS, Step
from tests.invariants.material import AUTHORS, SECTIONS, TAGS, TOPICS
from tests.invariants.rows import CHANNELS, Row
from tests.invariants.sameness import labels
from tests.jobs.room import Room, source
from tests.jobs.sending import job as sending_job

HOUR = timedelta(hours=1)
WAITS = (10, 30, 60, 6 * 60, 24 * 60, 3 * 24 * 60, 8 * 24 * 60)  # minutes
TEMPERS: tuple[dict[str, Any], ...] = (
    {},
    {"merge_share": 0.0, "merge_caution": 0.0, "bridge": 0.5},
    {"split_from": 4, "split_least": 1, "split_share": 9.0, "bridge": 9.0},
)
AS_COMMAND, AS_DAEMON = 0, 1
SHORT = "-short"
"""Ends the name of a channel with the same query whose feed holds three articles."""
DAY = timedelta(days=1)


class Newsroom:
    """A newsroom in a folder, to which steps happen; their arguments choose among what there is."""

    channels: Mapping[str, tuple[str, Callable[[Row], bool]]] = CHANNELS

    def __init__(self, folder: Path, store: Store, equipment: "Equipment") -> None:
        self.now = NOW
        self.room = Room(folder, store, equipment.parsers)
        self.store = store
        self.output = folder / "public"
        self.cuts: list[editions.Cut] = []
        self.accepted: list[bytes] = []
        self.readers: set[str] = set()
        # Every page that a story had after a publish run, with the story's id.
        self.story_paths: dict[str, int] = {}
        self._written: dict[tuple[int, int], tuple[int, ...]] = {}
        self._dates: dict[tuple[int, int], datetime] = {}
        self._sections: dict[tuple[int, int], int] = {}
        self._templates = equipment.templates
        self._temper = 0
        self._pressed: set[str] = set()
        # Seconds of the monotonic clock, which does not jump.
        self._uptime = 0.0
        for paper in PAPERS:
            (folder / paper).mkdir()
        self.restart()

    @property
    def services(self) -> Any:
        """The jobs of the running process."""
        return self.room.services

    def do(self, step: Step) -> None:
        """Run one step."""
        getattr(self, step.name)(*step.arguments)

    def restart(self) -> None:
        """Throw every job away, as a new process would, and read the same configuration."""
        channels = "".join(
            f'[[channels]]\nname = "{name}{short}"\nquery = "{query}"\nlimit = {limit}\n'
            for name, (query, _) in self.channels.items()
            for short, limit in (("", 100), (SHORT, 3))
        )
        output = f'[output]\nfolder = "{self.output}"\n'
        self.room.declare(self.sources() + channels + output, base=BASE, now=NOW - 30 * DAY)
        self.room.services.__dict__["templates"] = self._templates
        self._readiness = Readiness(store=self.store, clock=lambda: self._uptime)
        job = self.room.services.stories
        job.options = replace(job.options, **TEMPERS[self._temper])

    def temper(self, which: int) -> None:
        """Restart with rules under which stories merge or split more easily than a few articles make them."""
        self._temper = which
        self.restart()

    def sources(self) -> str:
        """Return the lines that declare the sources."""
        return "".join(source(paper, str(self.room.folder / paper)) for paper in PAPERS)

    def arrive(
        self, paper: int, slot: int, topic: int, start: int, length: int, other: int, title: int, tags: int,
        section: int, hours: int,
    ) -> None:  # fmt: skip
        """Write a file into a paper's folder; every eighth has no date."""
        key = (paper, slot)
        self._dates.setdefault(key, self.now - hours * HOUR)
        self._sections.setdefault(key, section)
        self._write(key, (topic, start, length, other, title, tags))

    def edit(
        self, which: int, topic: int, start: int, length: int, other: int, title: int, tags: int, section: int
    ) -> None:
        """Write another text, title, tags or section into a file that is there."""
        if key := self._pick(which):
            self._sections[key] = section
            self._write(key, (topic, start, length, other, title, tags))

    def copy(self, which: int, other: int, cut: int, title: int) -> None:
        """Edit a file into the text of another one, perhaps cut, perhaps with its title too."""
        key, model = self._pick(which), self._pick(other)
        if key and model:
            topic, start, length, mixed, known, tags = self._written[model]
            self._write(key, (topic, start, max(0, length - cut), mixed, title if title < 3 else known, tags))

    def full_text(self, which: int, other: int, more: int) -> None:
        """Give a stored article the text of a page, as the pages job does: a file's text and some more."""
        rows, model = self.rows(), self._pick(other)
        if rows and model:
            topic, start, length, mixed, *_ = self._written[model]
            article = new_article(1, text=_text(topic, start, length + more, mixed), summary="", tags=())
            with self.store.write() as connection:
                page_store.save_full_text(connection, rows[which % len(rows)].id, article)

    def vanish(self, which: int) -> None:
        """Remove a file; its article stays."""
        if key := self._pick(which):
            del self._written[key]
            self._file(key).unlink()

    def ingest(self) -> None:
        """Read every source."""
        for name, outcome in self.room.ingest(self.now, names=PAPERS).items():
            assert not outcome.error, f"{name}: {outcome.error}"

    def place(self, size: int) -> None:
        """Run the stories job, one article or 250 at a time."""
        self.services.stories.batch = (1, 250)[size]
        result = self.services.stories.run(self.now)
        assert not result.busy

    def wait(self, which: int) -> None:
        """Let time pass."""
        self._pass(timedelta(minutes=WAITS[which]))

    def down(self, days: int, paper: int, slot: int, topic: int, start: int, length: int, hours: int) -> None:
        """Start the daemon again after one to three days, in which an article appeared.

        Its first look at editions comes before it reads the sources.
        """
        self._pass((1 + days) * DAY)
        self.arrive(paper, slot, topic, start, length, topic, 0, 0, 0, hours)
        self.restart()
        self.cut(AS_DAEMON)
        self.ingest()
        self.place(1)
        self.cut(AS_DAEMON)

    def jump(self) -> None:
        """Let the clock be a day ahead while the daemon looks at editions once."""
        self.now += DAY
        self.cut(AS_DAEMON)
        self.now -= DAY

    def _pass(self, time: timedelta) -> None:
        self.now += time
        self._uptime += time.total_seconds()

    def prune(self) -> None:
        """Remove old articles."""
        self.services.prune.run(self.now)

    def decide(self, which: int, action: int, value: int) -> None:
        """Let the editor pin, drop, retitle or boost an article's story, or take the last decision back."""
        rows = self.rows()
        with self.store.write() as connection:
            if action == len(EditorAction) - 1:
                for decision in decision_store.decisions(connection, at=self.now)[-1:]:
                    decision_store.undo_decision(connection, decision.id, who="ed", now=self.now)
            elif rows:
                chosen = list(EditorAction)[action]
                values = {
                    "pin": str(1 + value),
                    "boost": ("0.5", "1", "2", "3")[value],
                    "retitle": f"Our {value}",
                }
                decision_store.add_decision(
                    connection, who="ed", action=chosen, article_uid=rows[which % len(rows)].uid,
                    value=values.get(chosen.value, ""), expires=None, now=self.now,
                )  # fmt: skip

    def publish(self) -> Any:
        """Bring the output folder up to date."""
        result = self.services.publish.run(self.now)
        assert not result.failures, result.failures
        assert not result.busy
        table = schema.stories
        with self.store.read() as connection:
            named = connection.execute(select(table.c.path, table.c.id).where(table.c.path != ""))
            self.story_paths |= {row.path: row.id for row in named}
        return result

    def cut(self, how: int) -> None:
        """Cut what is due, as the command or the daemon does, and remember what is wrong with it."""
        record_missed(self.store, self.services.newsletters, self.now)
        due = due_periods(self.store, self.services.newsletters, self.now)
        known = {newsletter.name: editions.expected(self, newsletter, period) for newsletter, period in due}
        readers = {newsletter.name: self._entitled(newsletter.name) for newsletter, _ in due}
        readiness = self._readiness if how == AS_DAEMON else Readiness(store=self.store, at_once=True)
        for outcome in self.services.editions.run(self.now, readiness=readiness):
            assert not outcome.problem or outcome.outcome == "gathering", outcome.problem
            if outcome.outcome in ("cut", "empty"):
                name, edition_id = outcome.newsletter, outcome.edition_id
                found = tuple(editions.defects(self, known[name], edition_id))
                entitled = readers[name] if edition_id else frozenset()
                self.cuts.append(editions.Cut(name, edition_id, entitled, found))

    def unread(self, period: Any) -> set[str]:
        """Return the addresses of a period's posts that are not stored, of sources due before its end."""
        table = schema.sources
        with self.store.read() as connection:
            late = or_(table.c.next_check.is_(None), table.c.next_check <= period.end)
            due = set(connection.scalars(select(table.c.name).where(late)))
            stored = set(connection.scalars(select(schema.articles.c.url)))
        posts = {
            f"https://{PAPERS[key[0]]}.example/{key[1]}"
            for key in self._written
            if PAPERS[key[0]] in due and sum(key) % 8 != 7 and period.start <= self._dates[key] < period.end
        }
        return posts - stored

    def deliver(self, fault: int, *, resume: bool = False) -> None:
        """Send what is due through a server with this fault; press the links of confirmation mails."""
        limit = 400 if fault == CLOSES_IN_BODY else math.inf
        with ScriptedSmtp(PIPELINING | FAULTS[fault], limit=limit) as smtp:
            job = sending_job(self.room, smtp.port, now=self.now, timeout=0.3 if fault == SILENT else 10)
            job.run(self.now, resume=resume)
        self.accepted += smtp.accepted
        for raw in smtp.accepted:
            for token in _confirmation_links(raw) - self._pressed:
                self._pressed.add(token)
                self._sign_ups().confirm(token, "203.0.113.0/24")

    def subscribe(self, reader: int) -> None:
        """Subscribe a reader on the operator's word."""
        with self.store.write() as connection:
            audience_store.add_subscription(
                connection, address=_address(reader), address_key=_address(reader), name="", language="",
                newsletter="daily", evidence="a signed form", now=self.now,
            )  # fmt: skip

    def sign_up(self, reader: int) -> None:
        """Ask on the page; the mail goes with the next delivery."""
        self._sign_ups().request(["daily"], _address(reader), "203.0.113.0/24")
        self._sign_ups().run(self.now)

    def unsubscribe(self, reader: int) -> None:
        """Press the link of any mail."""
        with self.store.read() as connection:
            subscription = audience_store.subscription_of(connection, _address(reader), "daily")
            secret = leases.read_secret(connection)
        if subscription is not None:
            job = replace(self.services.unsubscribe, clock=lambda: self.now)
            assert job.unsubscribe(unsubscribe_token(secret, subscription))

    def pause(self, reader: int) -> None:
        """Want no mail for a week."""
        with self.store.write() as connection:
            subscription = audience_store.subscription_of(connection, _address(reader), "daily")
            if subscription is not None:
                preference_store.save_preferences(
                    connection, subscription, selection="", cadence="edition", hour=None, time_zone="",
                    paused_until=self.now + timedelta(days=7),
                )  # fmt: skip

    def suppress(self, reader: int) -> None:
        """Let a mailbox complain: it is never written to again."""
        with self.store.write() as connection:
            audience_store.suppress(connection, _address(reader), reason="complaint", now=self.now)

    def rows(self) -> list[Row]:
        """Return every article, in the order of ids."""
        table, sources = schema.articles, schema.sources
        query = select(table, sources.c.name.label("source")).join(sources, sources.c.id == table.c.source_id)
        with self.store.read() as connection:
            return [
                Row(
                    row.id, row.uid, row.source, row.title, row.path, row.published, row.first_seen,
                    row.language, row.section, tuple(row.tags_json), tuple(row.authors_json),
                    row.story_id, row.placed, row.published >= EARLIEST,
                )
                for row in connection.execute(query.order_by(table.c.id))
            ]  # fmt: skip

    def headlines(self) -> dict[int, str]:
        """Return the editor's headlines by article."""
        table = schema.articles
        query = select(table.c.id, table.c.headline).where(table.c.headline != "")
        with self.store.read() as connection:
            return {row.id: row.headline for row in connection.execute(query)}

    def labels(self) -> dict[int, int]:
        """Return the label of each placed article's text."""
        with self.store.read() as connection:
            return labels(connection)

    def _entitled(self, newsletter: str) -> frozenset[str]:
        """Return the confirmed, unsuppressed, unpaused subscribers, told from the rows one by one."""
        with self.store.read() as connection:
            found = audience_store.list_subscribers(connection, newsletter=newsletter)
            table = schema.subscribers
            rows = connection.execute(select(table.c.address, table.c.paused_until)).all()
            paused = {row.address for row in rows if row.paused_until and row.paused_until > self.now}
            return frozenset(
                one.address
                for one in found
                if one.subscriptions.get(newsletter, "") == "confirmed"
                and audience_store.suppression(connection, one.address) is None
                and one.address not in paused
            )

    def _sign_ups(self) -> Any:
        return replace(self.services.sign_ups, clock=lambda: self.now)

    def _pick(self, which: int) -> tuple[int, int] | None:
        keys = sorted(self._written)
        return keys[which % len(keys)] if keys else None

    def _file(self, key: tuple[int, int]) -> Path:
        return self.room.folder / PAPERS[key[0]] / f"{key[1]}.md"

    def _write(self, key: tuple[int, int], text: tuple[int, ...]) -> None:
        topic, start, length, other, title, tags = self._written[key] = text
        about = TOPICS[topic]
        headline = about.titles[(start if len(about.titles) > 3 else title) % len(about.titles)]
        body = _text(topic, start, length, other)
        if title == 4:
            # Another outlet's frame around the same text.
            body = f"From our correspondent in {PAPERS[key[0]].title()}. {body} Write to the editors."
        date = "" if sum(key) % 8 == 7 else f"date: {self._dates[key]:%Y-%m-%d %H:%M}\n"
        names = ", ".join(f'"{tag}"' for tag in TAGS[tags])
        authors = ", ".join(f'"{author}"' for author in AUTHORS[tags % len(AUTHORS)])
        self._file(key).write_text(
            f'---\ntitle: "{headline}"\n{date}tags: [{names}]\nauthors: [{authors}]\n'
            f'section: "{SECTIONS[self._sections[key]]}"\n'
            f"url: https://{PAPERS[key[0]]}.example/{key[1]}\nlanguage: {about.language}\n---\n{body}\n",
            "utf-8",
        )


class Equipment:
    """Shared parts of all newsrooms of a test process, since it takes longer to make than a history to run.

    These are the parser processes, the compiled templates, and the SQL texts of the statements.
    """

    def __init__(self, parsers: ParserPool) -> None:
        self.parsers = parsers
        self.templates = Templates(None, "en")
        self._compiled: dict[Any, Any] = {}

    @contextmanager
    def newsroom(self, url: str, folder: Path, kind: type[Newsroom] = Newsroom) -> Iterator[Newsroom]:
        """Open a newsroom in a folder over a store that has its tables, and close it at the end."""
        store = open_store(url)
        newsroom = None
        limits = pytest.MonkeyPatch()
        # So few articles that histories cut pages.
        for name, number in (("PAGE", 2), ("CUT_AT", 4), ("_JOIN_BELOW", 1), ("LONGEST", 5)):
            limits.setattr(list_paging, name, number)
        try:
            shared = Store(store._engine.execution_options(compiled_cache=self._compiled))
            newsroom = kind(folder, shared, self)
            yield newsroom
        finally:
            if newsroom is not None:
                newsroom.room.close()
            store.dispose()
            limits.undo()


def _text(topic: int, start: int, length: int, other: int) -> str:
    """Return a run of sentences; of every fourth place followed by one of another topic, if it is another."""
    text = TOPICS[topic].text(start, length + 1)
    mixed = other != topic and start % 4 == 0
    return f"{text} {TOPICS[other].text(start, length + 1)}" if mixed else text


def _address(reader: int) -> str:
    return f"{READERS[reader]}@example.org"


def _confirmation_links(raw: bytes) -> set[str]:
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    bodies = [part.get_content() for part in mail.walk() if not part.is_multipart()]
    return {token for body in bodies for token in re.findall(r"https://news\.example/confirm/([\w-]+)", body)}
