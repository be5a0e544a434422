"""Archive of each newsletter on disk: pages and feeds, built from the rows of its editions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from syndicate.errors import RenderError
from syndicate.files import write_page
from syndicate.jobs.publish.context import PublishContext, signature_of
from syndicate.model import EVERY_EDITION, EditionContent, Newsletter
from syndicate.publish.newsletter_archive import (
    ArchivedEdition,
    archive_channel,
    archive_index,
    archive_index_page,
    edition_item,
    edition_page,
)
from syndicate.publish.site import SitePages
from syndicate.store.mail import review_store

_BATCH = 100
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ArchiveBuild:
    """Build changed files. ``shared_signature`` is the signature of the common inputs of all ``pages``."""

    context: PublishContext
    pages: SitePages
    shared_signature: str
    failed: dict[str, str] = field(default_factory=dict, init=False)

    def run(self) -> tuple[list[str], list[str]]:
        """Return the paths that changed, and failures: a failing newsletter does not stop the others."""
        written: list[str] = []
        failures: list[str] = []
        for newsletter in self.context.newsletters:
            if self.context.should_stop():
                break
            try:
                written += self._newsletter(newsletter)
                written += self._variants(newsletter)
            except (RenderError, ValueError, LookupError, TypeError) as error:
                failures.append(f"archive of {newsletter.name}: {error}")
                self.context.record_failure("archive", newsletter.name, error)
        return written, [*failures, *self.failed.values()]

    def _newsletter(self, newsletter: Newsletter) -> list[str]:
        context = self.context
        with context.store.read() as connection:
            revisions = review_store.published_editions(connection, newsletter.name, EVERY_EDITION)
            first = review_store.first_cuts(connection, newsletter.name, EVERY_EDITION)
        name = f"archive:{newsletter.name}"
        signature = signature_of(
            newsletter,
            self.shared_signature,
            [(revision.edition.id, revision.edition.cut_at) for revision in revisions],
        )
        editions = [_archived(revision, first) for revision in revisions]
        paths = [archive_index(newsletter), *(edition.path for edition in editions)]
        if context.is_built(name, signature, paths):
            return []
        written = self._edition_pages(newsletter, editions)
        items = self._each(
            editions, lambda edition: edition_item(context.templates, newsletter, edition, context.options)
        )
        # A page that fails now may exist from an earlier run.
        shown = [edition for edition in editions if (context.output / edition.path).exists()]
        written += self._write(archive_index_page(self.pages, newsletter, shown, context.options))
        feeds = dict(context.documents([(archive_channel(newsletter), items)]))
        written += context.write(feeds)
        # The next run retries failures.
        signature = "" if self.failed.keys() & set(paths) else signature
        context.finish_feeds("archive", newsletter.name, name, signature, feeds)
        return written

    def _edition_pages(self, newsletter: Newsletter, editions: Sequence[ArchivedEdition]) -> list[str]:
        def render(edition: ArchivedEdition) -> tuple[str, bytes]:
            return edition.path, edition_page(self.pages, newsletter, edition, self.context.options)

        pages = dict(self._each(editions, render))
        self.context.clear_pages(pages.keys())
        return self._write(pages)

    def _each(self, editions: Sequence[ArchivedEdition], make: Callable[[ArchivedEdition], T]) -> list[T]:
        """Apply ``make`` to each edition; skip failing editions, unless all of them fail."""
        made, errors = [], {}
        for edition in editions:
            try:
                made.append(make(edition))
            except RenderError as error:
                errors[edition.path] = error
        if errors and not made:
            raise next(iter(errors.values()))
        for path, reason in errors.items():
            self.failed[path] = f"page {path}: {reason}"
            self.context.record_failure("page", path, reason)
        return made

    def _variants(self, newsletter: Newsletter) -> list[str]:
        """Write the pages of variants sent since the last run, or of all variants after a new look.

        Only mails link to them: the list and the feed show the main edition.
        """
        name = f"forms:{newsletter.name}"
        before, _, last = self.context.known.get(name, "").partition(" ")
        done = int(last) if before == self.shared_signature and last else 0
        with self.context.store.read() as connection:
            waiting = review_store.variants_after(connection, newsletter.name, done)
        written: list[str] = []
        for start in range(0, len(waiting), _BATCH):
            if self.context.should_stop():
                break
            some = waiting[start : start + _BATCH]
            with self.context.store.read() as connection:
                read = (review_store.review_edition(connection, number) for number in some)
                revisions = [revision for revision in read if revision]
                first = {
                    revision.edition.variant_key: review_store.first_cuts(
                        connection, newsletter.name, revision.edition.variant_key
                    )
                    for revision in revisions
                }
            editions = [_archived(revision, first[revision.edition.variant_key]) for revision in revisions]
            written += self._edition_pages(newsletter, editions)
            self.context.save({name: f"{self.shared_signature} {some[-1]}"})
        return written

    def _write(self, files: Mapping[str, bytes]) -> list[str]:
        return [path for path, data in files.items() if write_page(self.context.output / path, data)]


def _archived(revision: review_store.ReviewEdition, first: Mapping[datetime, datetime]) -> ArchivedEdition:
    return ArchivedEdition(
        edition=revision.edition,
        content=EditionContent.from_json(revision.content),
        published=first[revision.edition.period_end],
    )
