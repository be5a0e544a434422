"""Posts of channels to other networks: a story at most once on each network, changed in place later.

A run plans posts as rows, then sends at most one a network: ``sending`` is committed before the request, the
result after it. A restored store posts nothing until an operator has said how it got here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from zlib import crc32

from syndicate.errors import AnswerLost, FetchError, FetchStopped
from syndicate.events.signing import signed_headers
from syndicate.jobs.delivery.restore_guard import RestoreGuard
from syndicate.model import Article, Channel, EditorAction, Republish, Source, known_since, reader_link
from syndicate.net import FetchRequest, FetchThread, SentRequest
from syndicate.posting import Network, PostContent
from syndicate.posting.network_requests import (
    PostAnswer,
    Session,
    login_request,
    post_request,
    read_answer,
    record_key,
    upload_request,
)
from syndicate.posting.post_text import plain
from syndicate.store import Connection, Store
from syndicate.store.events import post_store
from syndicate.store.events.post_store import DEFERRED, FAILED, SENT, UNCERTAIN, PostRow
from syndicate.store.ingest import article_store, source_store
from syndicate.store.output import channel_store
from syndicate.store.stories import decision_store, story_store

HOUR = timedelta(hours=1)
EDITED_FOR = timedelta(days=1)
"""Time after a post in which a new headline changes it."""
# Attempts after which an edit is given up: the post keeps its old headline.
_MOST_EDITS = 5
_FIRST_REST, _LONGEST_REST = timedelta(minutes=1), timedelta(hours=1)
_LARGEST_PICTURE = 900_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PostJob:
    """Posts the stories of channels to the networks that each names."""

    store: Store
    fetcher: Callable[[], FetchThread]
    networks: Mapping[str, Network]
    channels: Sequence[Channel]
    site_url: str
    owner: str
    guard: RestoreGuard
    _sessions: dict[str, Session] = field(default_factory=dict)

    def run(self, now: datetime, *, should_stop: Callable[[], bool] = lambda: False) -> dict[str, int]:
        """Plan the posts of each network and send at most one on each; return counts by result."""
        done = {"posted": 0, "changed": 0, "failed": 0}
        with self.store.read() as connection:
            known = post_store.read_targets(connection)
        if known.keys() != self.networks.keys():
            with self.store.write() as connection:
                post_store.sync_targets(connection, self.networks, now)
                known = post_store.read_targets(connection)
        if not self.networks or self.guard.check_markers(now):
            return done
        begun = False
        for name, network in self.networks.items():
            if should_stop() or known[name].rests_until > now:
                continue
            with self.store.read() as connection:
                changes = self._plan(connection, network, known[name].since, now)
                if not changes and not post_store.has_open_posts(connection, name):
                    continue
            with self.store.write() as connection:
                post_store.end_abandoned(
                    connection, name, repeatable=network.facts.repeatable, max_age=network.max_age, now=now
                )
                for change in changes:
                    change(connection)
                post_store.forget_joined(connection, name)
                post_store.forget_dropped(connection, name, _dropped_stories(connection, now))
                post = post_store.begin_post(connection, name, owner=self.owner, now=now)
            if post is None:
                continue
            if not begun:
                self.guard.count_batch(self._write)
                begun = True
            result = self._attempt(network, post, should_stop)
            self._record(network, post, result, known[name].failures, now)
            good = "changed" if post.remote_id else "posted"
            done[good if result.state == SENT and not result.error else "failed"] += 1
        if begun:
            self.guard.count_batch(self._write)
        return done

    def _write(self, work: Callable[[Connection], object]) -> object:
        with self.store.write() as connection:
            return work(connection)

    def _plan(
        self, connection: Connection, network: Network, since: datetime, now: datetime
    ) -> list[Callable[[Connection], object]]:
        """Return changes that add the newest unposted stories, oldest first, and edits of new headlines."""
        room = network.rate - post_store.count_recent(connection, network.name, now - HOUR)
        since = max(since, now - network.max_age)
        sources = {source.id: source for source in source_store.list_sources(connection)}
        planned: dict[int, tuple[str, Article]] = {}
        for channel in self.channels if room > 0 else ():
            if network.name in channel.post_to:
                found = channel_store.channel_articles(connection, channel.clauses, limit=100)
                for article in found:
                    if article.story_id and known_since(article.published) >= since:
                        planned.setdefault(article.story_id, (channel.name, article))
        stories = story_store.get_stories(connection, planned)
        posted = post_store.posted_stories(connection, network.name, list(planned)) if planned else set()
        posted |= _dropped_stories(connection, now)
        chosen = [story for story in planned if story not in posted and stories[story].created >= since]
        changes: list[Callable[[Connection], object]] = []
        for story in reversed(chosen[:room]):
            channel_name, article = planned[story]
            content = self._content(article, sources[article.source_id])
            row = {"network": network.name, "channel": channel_name, "story_id": story}
            row |= {"article_id": article.id, "content": asdict(content)}
            changes.append(partial(post_store.add_post, values=row, now=now))
        return changes + (self._edits(connection, network, sources, now) if network.can_edit else [])

    def _edits(
        self, connection: Connection, network: Network, sources: Mapping[int, Source], now: datetime
    ) -> list[Callable[[Connection], object]]:
        edits: list[Callable[[Connection], object]] = []
        posts = post_store.editable_posts(connection, network.name, now - EDITED_FOR)
        articles = article_store.get_articles(connection, [post.article_id for post in posts])
        for post in posts:
            if article := articles.get(post.article_id):
                content = self._content(article, sources[article.source_id])
                if content.title != post.content["title"]:
                    edits.append(
                        partial(post_store.queue_edit, post_id=post.id, content=asdict(content), now=now)
                    )
        return edits

    def _content(self, article: Article, source: Source) -> PostContent:
        hidden = source.republish is Republish.NONE
        return plain(
            PostContent(
                title=article.title,
                link=reader_link(own=source.own, url=article.url, path=article.path, site_url=self.site_url),
                summary="" if hidden else article.summary,
                source=source.name,
                section=article.section,
                image="" if hidden or not article.image else article.image.url,
                language=article.language,
                tags=article.tags,
            )
        )

    def _attempt(self, network: Network, post: PostRow, should_stop: Callable[[], bool]) -> PostAnswer:
        content = PostContent(**{**post.content, "tags": tuple(post.content["tags"])})
        key = record_key(post.created, post.id)
        send = self.fetcher().send
        try:
            if post.remote_id:
                key = f"{key}-{crc32(content.title.encode()):x}"
            opened: Session = {}
            if network.kind == "bluesky":
                session = self._session(network)
                if isinstance(session, PostAnswer):
                    return session
                opened = {**session, "thumb": self._picture(network, session, content.image)}
            request = post_request(
                network, content, key, post.created, remote_id=post.remote_id, session=opened
            )
            if network.kind == "webhook":
                headers = signed_headers(key, post.changed, request.body, [network.secret])
                request = SentRequest(url=request.url, headers=headers, body=request.body)
            answer = read_answer(network, send(request, should_stop=should_stop), key)
            if answer.state == DEFERRED:
                # The session may have ended.
                self._sessions.pop(network.name, None)
        except FetchStopped:
            return PostAnswer(state=DEFERRED)
        except AnswerLost as error:
            return PostAnswer(state=UNCERTAIN, error=str(error))
        except FetchError as error:
            return PostAnswer(state=DEFERRED, error=str(error))
        return answer

    def _session(self, network: Network) -> Session | PostAnswer:
        """Return the session of Bluesky, or the answer that refused it. A lost answer posts nothing."""
        if network.name not in self._sessions:
            try:
                answer = self.fetcher().send(login_request(network))
            except FetchError as error:
                return PostAnswer(state=DEFERRED, error=str(error))
            if not answer.is_good:
                return PostAnswer(state=DEFERRED, error=read_answer(network, answer, "").error)
            self._sessions[network.name] = answer.json()
        return self._sessions[network.name]

    def _picture(self, network: Network, session: Session, url: str) -> object:
        """Return the uploaded picture of the card; without it the card has only text."""
        if not url:
            return None
        try:
            request = FetchRequest(url=url, accept="image/*", max_body=_LARGEST_PICTURE)
            picture = self.fetcher().fetch_one(request)
            if not picture.content_type.startswith("image/"):
                return None
            upload = upload_request(network, session, picture.body, picture.content_type)
            return self.fetcher().send(upload).json().get("blob")
        except FetchError:
            return None

    def _record(
        self, network: Network, post: PostRow, result: PostAnswer, failures: int, now: datetime
    ) -> None:
        """Store the result. After a refusal the whole network rests."""
        state, error = result.state, result.error
        in_doubt = state == UNCERTAIN
        if post.remote_id and state != SENT:
            state = DEFERRED if post.attempts < _MOST_EDITS and state != FAILED else SENT
        elif in_doubt and network.facts.repeatable:
            # ``end_abandoned`` makes it uncertain when the network may no longer recognise it.
            state = DEFERRED
        with self.store.write() as connection:
            post_store.finish_post(
                connection,
                post,
                state,
                owner=self.owner,
                now=now,
                remote_id=result.remote_id,
                error=error,
                in_doubt=in_doubt and not post.remote_id,
            )
            if state in (SENT, FAILED):
                post_store.resume(connection, network.name)
            elif error:
                pause = min(_FIRST_REST * 2 ** min(failures, 6), _LONGEST_REST)
                until = now + max(pause, timedelta(seconds=result.wait or 0.0))
                post_store.rest(connection, network.name, until=until, reason=error)


def _dropped_stories(connection: Connection, now: datetime) -> set[int]:
    """Return the stories that an editor dropped."""
    decided = decision_store.story_decisions(connection, at=now)
    return {
        story for story, found in decided.items() if any(each.action is EditorAction.DROP for each in found)
    }
