"""View of one source: its condition, its polls, what it is, what a person can do, and its last answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from syndicate.errors import ParseError
from syndicate.ingest.page.robots_rules import RobotsFile, parse_robots_rules
from syndicate.ingest.poll_schedule import confirmed_url, polled_url
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.jobs.admin.sources.source_list_view import (
    WEEK,
    SourceCondition,
    condition_of,
    origin_of_row,
    silence_of,
)
from syndicate.jobs.ingest.dry_run import RuledArticle, RuleDryRun
from syndicate.jobs.ingest.source_reading import parser_options
from syndicate.model import HubSubscription, Origin, ParsedSource, Source, SourceState
from syndicate.net.response_headers import media_type
from syndicate.store import Connection
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.ingest import (
    added_sources,
    article_store,
    hub_store,
    poll_store,
    robots_store,
    source_figures,
    source_store,
    tombstones,
)
from syndicate.store.ingest.poll_store import LastAnswer, PollRow, PollTrouble
from syndicate.store.stories import ranked_lists
from syndicate.text.privacy import masked_address
from syndicate.text.urls import origin_of

PLOTTED = timedelta(days=4)
MAX_PLOTTED = 500
RULED = 20
_USUAL = {
    0: "No answer usually means a wrong host name, a server that is down, or a network that is cut off.",
    401: "401 means that the server wants a password: give the source its authentication, or check it.",
    403: "403 usually means that the server does not want this program's name, or this network.",
    404: "404 means that nothing is at the address: look for the feed again and move the source.",
    410: "410 means that the feed is gone for good: move the source to its new address, or remove it.",
    429: "429 means that the server was asked too often. Its pause is kept; nothing needs to be done.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """Everything on the page of a source. ``since`` is the time of the first of its failures in a row.

    ``advice`` is (level, sentence) of what was checked. ``shown_url`` hides a private address.
    """

    source: Source
    state: SourceState
    origin: str
    condition: SourceCondition
    shown_url: str
    since: datetime | None
    polls: Sequence[PollRow]
    articles: int
    first_seen: datetime | None
    dropped: int
    hub: HubSubscription | None
    learned: float | None
    declared_at: str
    moved_to: str
    usual: str
    advice: Sequence[tuple[str, str]]
    has_answer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDetails:
    """Reads what is known of a source. ``agent`` is the product token for robots.txt.

    ``places`` are the file and line of each declared source.
    """

    parser: Callable[[], ParserPool]
    rules: Callable[[], RuleDryRun]
    agent: str
    places: Mapping[str, str]
    contact: str = ""

    def view(self, connection: Connection, source_id: int, now: datetime) -> SourceView | None:
        """Return the view of a source, ``None`` for an unknown or removed source."""
        figures = source_figures.source_figures(connection, source_id)
        found = source_store.get_source(connection, source_id)
        if not figures or found is None:
            return None
        source, state = found
        polls = poll_store.polls_of(connection, source_id, since=now - WEEK, limit=5 * MAX_PLOTTED)
        trouble = PollTrouble(
            polls=sum(poll.outcome != "put_off" for poll in polls),
            failed=sum(poll.outcome == "failed" for poll in polls),
            slow=sum(poll.ms > poll_store.SLOW_MS for poll in polls),
        )
        latest = source_figures.newest_and_pauses(connection, [source_id]).get(source_id, (0, 0))
        at = to_microseconds(now)
        articles, first_seen = source_figures.article_span(connection, source_id)
        weight = ranked_lists.source_weights(connection).get(source_id)
        recent = [poll for poll in polls if poll.at >= now - PLOTTED][:MAX_PLOTTED]
        status = recent[0].status if recent else 0
        moved_to = confirmed_url(state)
        condition = condition_of(figures[0], trouble, silence_of(*latest, at), at)
        return SourceView(
            source=source,
            state=state,
            origin=origin_of_row(source.origin.value, source.listed_in),
            condition=condition if source.paused or state.gone else condition.with_status(status),
            shown_url=masked_address(source.url) if source.private else source.url,
            since=_failing_since(connection, source_id, state),
            polls=recent,
            articles=articles,
            first_seen=first_seen,
            dropped=tombstones.count_dropped_of(connection, source_id),
            hub=hub_store.list_hub_subscriptions(connection).get(source_id),
            learned=weight.weight if weight else None,
            declared_at=self.places.get(source.name, "") if source.origin is Origin.CONFIG else "",
            moved_to=masked_address(moved_to) if source.private and moved_to else moved_to,
            usual=_usual(status) if state.failures else "",
            advice=self._advice(connection, source, state),
            has_answer=poll_store.last_answer(connection, source_id) is not None,
        )

    def entries(self, source: Source, answer: LastAnswer) -> ParsedSource:
        """Parse the kept beginning of the last answer. Raises ``ParseError``."""
        if not source.kind.is_requested or not answer.body:
            raise ParseError("The last answer has no body.")
        fields = [line.partition(": ") for line in answer.headers.split("\n")[1:]]
        given = next((value for name, _, value in fields if name.lower() == "content-type"), "")
        kind, charset = media_type(given)
        options = parser_options(source)
        request = ParseRequest(
            body=answer.body,
            url=source.url,
            content_type=kind,
            charset=charset,
            kind=options.pop("kind"),
            options=options,
        )
        return self.parser().parse(request)

    def ruled(self, source: Source, answer: LastAnswer, now: datetime) -> Sequence[RuledArticle]:
        """Return the latest articles of the last answer with the result of the rules of today."""
        return self.rules().entries(source, self.entries(source, answer).entries, now, RULED)

    def named(self, connection: Connection, name: str) -> tuple[Source, LastAnswer | None] | None:
        """Return the source of that name with its last answer, ``None`` for an unknown name."""
        source = added_sources.find_source(connection, name)
        return (source, poll_store.last_answer(connection, source.id)) if source else None

    def newest_text(self, connection: Connection, source: Source) -> tuple[str, str]:
        """Return title and HTML, as stored, of the newest article of a source; ``""`` without an article."""
        for number in source_figures.newest_articles(connection, source.id, limit=1):
            article = article_store.get_articles(connection, [number])[number]
            return article.title, article_store.get_bodies(connection, [number])[number].html
        return "", ""

    def _advice(
        self, connection: Connection, source: Source, state: SourceState
    ) -> Sequence[tuple[str, str]]:
        if not state.failures or not source.kind.is_requested:
            return ()
        advice = []
        url = polled_url(source.url, state)
        origin = origin_of(url)
        if row := robots_store.read_robots(connection, [origin]).get(origin):
            file = RobotsFile(status=row.status, rules=row.rules, expires=row.expires)
            allows = file.reachable and parse_robots_rules(file, self.agent).allows(url)
            words = "allows it" if allows else "does not allow it"
            advice.append(("good" if allows else "warn", f"robots.txt {words}."))
        if not self.contact:
            advice.append(("warn", "The program's name has no address for questions: set [site] url."))
        if source.access:
            advice.append(("warn", "The source has a password: check that it is still right."))
        return advice


def secret_place(source: Source) -> str:
    """Return the place of the secret of a source, never the secret itself."""
    access = source.access
    if access is None:
        return ""
    return f"variable {access.secret_env}" if access.secret_env else f"file {access.secret_file}"


def _failing_since(connection: Connection, source_id: int, state: SourceState) -> datetime | None:
    if not state.failures:
        return None
    polls = poll_store.polls_of(connection, source_id, since=state.last_success, limit=state.failures)
    failed = [poll.at for poll in polls if poll.outcome == "failed"]
    return min(failed, default=state.last_success)


def _usual(status: int) -> str:
    if status >= 500:
        return f"{status} means that the server has a problem of its own; it is asked again by itself."
    if status in (200, 304):
        return "The server answers, but the answer cannot be read as a feed: look at its last bytes below."
    return _USUAL.get(status, f"{status} is not usual for a feed: look at its last bytes below.")
