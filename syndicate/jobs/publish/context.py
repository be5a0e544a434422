"""Values and writes that all parts of a publish run share."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from syndicate.jobs.publish.announce import note_feeds
from syndicate.jobs.publish.article_views import ArticleViews
from syndicate.model import Channel, Newsletter, PublishedArticle
from syndicate.publish.publish_options import PublishOptions
from syndicate.published_files import PublishedFiles
from syndicate.store import Connection, Store
from syndicate.store.core import quarantine
from syndicate.store.output import file_hashes, stale
from syndicate.templating import Templates

# A channel and the articles of its feeds.
Listing = tuple[Channel, Sequence[PublishedArticle]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishContext:
    """Publish run at ``now``.

    ``documents`` yields the feed files of channels with their paths. ``known`` holds signatures of outputs at
    the start of the run, ``failing`` the paths of pages that failed before. Once ``should_stop`` returns
    true, no part begins another batch. ``ensure_held`` raises ``LeaseTaken`` once another process publishes.
    """

    store: Store
    output: PublishedFiles
    options: PublishOptions
    templates: Templates
    channels: tuple[Channel, ...]
    newsletters: tuple[Newsletter, ...]
    views: ArticleViews
    documents: Callable[[Sequence[Listing]], Iterator[tuple[str, bytes]]]
    known: Mapping[str, str]
    failing: Set[str]
    now: datetime
    should_stop: Callable[[], bool]
    ensure_held: Callable[[], None] = lambda: None

    def write(self, files: Mapping[str, bytes], *, sync: bool = True) -> list[str]:
        """Write files by their path in the output; return the paths that changed.

        With ``sync`` they outlive a power cut. Raises ``LeaseTaken`` rather than replace newer files.
        """
        changed = []
        for path, data in files.items():
            self.ensure_held()
            if self.output.write(path, data, sync=sync):
                changed.append(path)
        return changed

    @contextmanager
    def commit(self) -> Iterator[Connection]:
        """Complete the writes of files, then open the transaction that says that they are written."""
        written = self.output.flush()
        with self.store.write() as connection:
            file_hashes.record_files(connection, written, self.now)
            yield connection

    def remove(self, path: str) -> None:
        """Remove a file of the output, if it exists."""
        self.ensure_held()
        self.output.remove(path)

    def is_built(self, name: str, signature: str, paths: Iterable[str]) -> bool:
        """Return whether an output was built from the inputs of the signature, and its files exist."""
        return self.known.get(name) == signature and all(map(self.output.exists, paths))

    def write_changed(
        self, name: str, signature: str, path: str, data: Callable[[], bytes], *, sync: bool = True
    ) -> list[str]:
        """Write an output of one file, unless it was built from the inputs of the signature."""
        if self.is_built(name, signature, [path]):
            return []
        written = self.write({path: data()}, sync=sync)
        self.save({name: signature})
        return written

    def save(self, signatures: Mapping[str, str]) -> None:
        """Save the signatures of outputs that are on disk now."""
        with self.commit() as connection:
            stale.save_signatures(connection, signatures, self.now)

    def finish_feeds(
        self, kind: str, subject: str, name: str, signature: str, feeds: Mapping[str, bytes]
    ) -> None:
        """Save the signature of feeds on disk, end their quarantine, and note them for the hub."""
        with self.commit() as connection:
            stale.save_signatures(connection, {name: signature}, self.now)
            quarantine.clear_failure(connection, kind, subject)
            note_feeds(connection, self.options, feeds, self.now)

    def clear_pages(self, paths: Set[str]) -> None:
        """End the quarantine of pages that are written again."""
        if mended := self.failing & paths:
            with self.store.write() as connection:
                quarantine.clear_failures(connection, "page", mended)

    def record_failure(self, kind: str, subject: str, error: Exception, *, source_id: int = 0) -> None:
        """Record that a channel, an archive or a page could not be built."""
        with self.store.write() as connection:
            quarantine.record_failure(
                connection, kind, subject, str(error), now=self.now, source_id=source_id
            )


def signature_of(*parts: object) -> str:
    """Return a short hash of dataclasses and plain values: equal parts, equal signature, in any process."""
    return blake2b(repr(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()
