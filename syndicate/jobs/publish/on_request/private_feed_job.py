"""Private feeds at secret addresses: each reader's newsletters and selections, and each saved search.

A document is made once for each distinct choice, and the reader's token is inserted. The address ends when
its owner asks for a new address, leaves the last newsletter, or is erased.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from threading import Lock

from syndicate.audience.choices import read_selection
from syndicate.audience.link_tokens import (
    SEARCH_FEED,
    claimed_number,
    feed_token,
    make_token,
    read_feed_token,
    read_token,
)
from syndicate.errors import ConfigError
from syndicate.jobs.publish.article_views import ArticleViews, feed_inputs
from syndicate.model import Channel, Newsletter
from syndicate.publish.channel_query import in_language, parse_query
from syndicate.publish.feeds.fragments import FragmentCache
from syndicate.publish.feeds.rss_atom import FORMATS, FeedWriter
from syndicate.publish.publish_options import PublishOptions
from syndicate.store import Connection, Store
from syndicate.store.ingest import source_store
from syndicate.store.leases import leases
from syndicate.store.output import saved_searches
from syndicate.store.output.channel_store import ArticleFilter, filtered_articles
from syndicate.store.output.private_feed_store import (
    FeedChoice,
    feed_choices,
    feed_owner,
    feed_revision,
    rotate_feed_address,
)
from syndicate.text.privacy import public_source

ITEMS = 50
_KEPT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateFeed:
    """Document of a reader; ``content_hash`` is a hash of its content without the token."""

    body: bytes
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    title: str
    language: str
    filters: tuple[ArticleFilter, ...]
    description: str = ""


class PrivateFeedsJob:
    """Serve the addresses of private feeds. Thread-safe."""

    def __init__(self, store: Store, newsletters: Sequence[Newsletter], options: PublishOptions) -> None:
        self.store, self.newsletters = store, newsletters
        # Without a hub, which would learn every reader's address.
        self.options = replace(options, hub_url="")
        self.writer = FeedWriter(self.options)
        self._documents, self._lock = FragmentCache(_KEPT_BYTES), Lock()

    def read(self, token: str, kind: str) -> PrivateFeed | None:
        """Return the document of a token in a format of ``FORMATS``; ``None`` for an invalid token."""
        with self.store.read() as connection:
            secret = leases.read_secret(connection)
            content = self._of_reader(connection, secret, token) or self._of_search(connection, secret, token)
            if content is None or kind not in FORMATS:
                return None
            # The placeholder depends on the secret, so that no publisher can fish for tokens with it.
            placeholder = make_token(secret, 0, "placeholder of a private feed")
            document = self._document(connection, content, kind, placeholder)
        content_hash = blake2b(document, digest_size=16).hexdigest()
        return PrivateFeed(
            body=document.replace(placeholder.encode(), token.encode()), content_hash=content_hash
        )

    def url(self, connection: Connection, subscriber_id: int) -> str:
        """Return the address of a person's feed; ``""`` for unknown people and unsubscribed readers."""
        revision = feed_revision(connection, subscriber_id)
        if revision is None or not self._choices(connection, subscriber_id):
            return ""
        token = feed_token(leases.read_secret(connection), subscriber_id, revision)
        return f"{self.options.site_url}/private/{token}.rss"

    def url_of(self, address_key: str) -> str:
        """Return the address of the feed of a mailbox's owner, or ``""``."""
        with self.store.read() as connection:
            owner = feed_owner(connection, address_key)
            return "" if owner is None else self.url(connection, owner)

    def search_url(self, connection: Connection, search_id: int) -> str:
        """Return the address of the feed of a saved search."""
        token = make_token(leases.read_secret(connection), search_id, SEARCH_FEED)
        return f"{self.options.site_url}/private/{token}.rss"

    def renew(self, connection: Connection, address_key: str) -> str:
        """End the address of a mailbox's owner for good; return the new address, or ``""`` for no owner."""
        owner = feed_owner(connection, address_key)
        if owner is None or not rotate_feed_address(connection, owner):
            return ""
        return self.url(connection, owner)

    def _owner(self, connection: Connection, secret: bytes, token: str) -> int | None:
        number = claimed_number(token)
        if number is None:
            return None
        revision = feed_revision(connection, number)
        # The signature is also checked for unknown readers, so that both responses take the same time.
        owner = read_feed_token(secret, token, -1 if revision is None else revision)
        return None if revision is None else owner

    def _choices(self, connection: Connection, subscriber_id: int) -> tuple[FeedChoice, ...]:
        """Return the reader's choices among the existing newsletters."""
        names = {newsletter.name for newsletter in self.newsletters}
        return tuple(
            choice for choice in feed_choices(connection, subscriber_id) if choice.newsletter in names
        )

    def _document(self, connection: Connection, content: _Content, kind: str, placeholder: str) -> bytes:
        """Return the document of a content, made anew only if its inputs changed, by a single thread."""
        key, inputs = (f"{kind} {content!r}", False, False), (feed_inputs(connection), placeholder)
        with self._lock:
            cached = self._documents.get(key, inputs)
            if cached is None:
                cached = (self._make(connection, content, kind, placeholder),)
                self._documents.put(key, inputs, cached)
        return cached[0]

    def _make(self, connection: Connection, content: _Content, kind: str, placeholder: str) -> bytes:
        channel = Channel(
            name=f"private/{placeholder}",
            title=content.title,
            query="",
            limit=ITEMS,
            language=content.language,
            description=f"{content.description} This address is yours alone: do not pass it on.".strip(),
        )
        sources = {source.id: public_source(source) for source in source_store.list_sources(connection)}
        articles = filtered_articles(connection, content.filters, limit=ITEMS)
        items = ArticleViews(sources, self.options.site_url).published(connection, articles)
        return self.writer.write(kind, channel, items)

    def _of_reader(self, connection: Connection, secret: bytes, token: str) -> _Content | None:
        owner = self._owner(connection, secret, token)
        choices = () if owner is None else self._choices(connection, owner)
        if not choices:
            return None
        by_name = {newsletter.name: newsletter for newsletter in self.newsletters}
        filters = []
        for choice in choices:
            selection = read_selection(choice.selection)
            newsletter, languages = by_name[choice.newsletter], selection.languages
            clauses = in_language(newsletter.clauses, *languages or (newsletter.language,))
            filters.append(ArticleFilter(clauses=clauses, sections=selection.sections, languages=languages))
        return _Content(
            title=" · ".join(by_name[choice.newsletter].title for choice in choices),
            language=by_name[choices[0].newsletter].language,
            filters=tuple(filters),
            description="What your newsletters choose from.",
        )

    def _of_search(self, connection: Connection, secret: bytes, token: str) -> _Content | None:
        search_id = read_token(secret, token, SEARCH_FEED)
        search = None if search_id is None else saved_searches.get_search(connection, search_id)
        if search is None or search.ended is not None:
            return None
        try:
            filters = (ArticleFilter(clauses=parse_query(search.query)),)
        except ConfigError:
            return None
        return _Content(title=f"“{search.query}”", language=self.options.language, filters=filters)
