"""Feeds on a server on loopback that are the sources of a newsroom."""

from datetime import timedelta

from syndicate.model import SourceState
from syndicate.store.ingest import source_store
from tests.factories import NOW
from tests.jobs.room import Room, rss, source
from tests.net.scripted_server import Answer, ScriptedServer, answer

HOUR = timedelta(hours=1)
LATER = NOW + HOUR
# Servers without validators are asked once a day, and a tenth later at most.
DAY = timedelta(hours=27)
MANY = tuple(f"paper{number:02}" for number in range(40))


def feed(*items: dict[str, str], **fields: str) -> bytes:
    return answer(200, rss(*items), Content_Type="application/rss+xml", **fields)


def serving(room: Room, answers: dict[str, Answer], more: str = "") -> ScriptedServer:
    """A server whose paths are the room's sources, named like them."""
    server = ScriptedServer(answers)
    server.__enter__()
    room.declare(more + "".join(source(path.strip("/"), server.url(path)) for path in answers))
    return server


def state_of(room: Room, name: str) -> SourceState:
    with room.store.read() as connection:
        reports = source_store.report_sources(connection, week_ago=NOW)
    return next(report.state for report in reports if report.source.name == name)
