"""The archive of each newsletter on disk: pages and feeds, built from the rows of its editions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from syndicate.errors import RenderError
from syndicate.files import write_page
from syndicate.jobs.publish.context import PublishContext
from syndicate.jobs.publish.signatures import signature_of
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

_MANY = 100
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ArchiveBuild:
    """Writes what changed. ``look`` is the signature of all that ``pages`` have in common."""

    context: PublishContext
    pages: SitePages
    look: str
    failed: dict[str, str] = field(default_factory=dict, init=False)

    def run(self) -> tuple[list[str], list[str]]:
        """Return the paths that changed, and what failed: one newsletter does not stop the others."""
        written: list[str] = []
        failures: list[str] = []
        for newsletter in self.context.newsletters:
            if self.context.should_stop():
                break
            try:
                written += self._newsletter(newsletter)
                written += self._forms(newsletter)
            except (RenderError, ValueError, LookupError, TypeError) as error:
                failures.append(f"archive of {newsletter.name}: {error}")
                self.context.record_failure("archive", newsletter.name, error)
        return written, [*failures, *self.failed.values()]

    def _newsletter(self, newsletter: Newsletter) -> list[str]:
        context = self.context
        with self.context.store.read() as connection:
            found = review_store.published_editions(connection, newsletter.name, EVERY_EDITION)
            first = review_store.first_cuts(connection, newsletter.name, EVERY_EDITION)
        name = f"archive:{newsletter.name}"
        signature = signature_of(
            newsletter, self.look, [(edition.edition.id, edition.edition.cut_at) for edition in found]
        )
        editions = [_archived(edition, first) for edition in found]
        paths = [archive_index(newsletter), *(edition.path for edition in editions)]
        if context.is_built(name, signature, paths):
            return []
        written = self._edition_pages(newsletter, editions)
        items = self._each(
            editions, lambda edition: edition_item(context.templates, newsletter, edition, context.options)
        )
        # A page that fails now may be there from before.
        shown = [edition for edition in editions if (context.output / edition.path).exists()]
        written += self._write(archive_index_page(self.pages, newsletter, shown, context.options))
        feeds = dict(context.documents([(archive_channel(newsletter), items)]))
        written += context.write(feeds)
        # What failed is tried again by the next run.
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
        """Make something of each edition; an edition that fails costs itself, unless all of them fail."""
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

    def _forms(self, newsletter: Newsletter) -> list[str]:
        """The pages of what readers chose: those sent since the last time, all of them with a new look.

        They are led to by the mails only: the list and the feed are the edition's.
        """
        name = f"forms:{newsletter.name}"
        before, _, last = self.context.known.get(name, "").partition(" ")
        done = int(last) if before == self.look and last else 0
        with self.context.store.read() as connection:
            waiting = review_store.variants_after(connection, newsletter.name, done)
        written: list[str] = []
        for start in range(0, len(waiting), _MANY):
            if self.context.should_stop():
                break
            some = waiting[start : start + _MANY]
            with self.context.store.read() as connection:
                found = [one for number in some if (one := review_store.review_edition(connection, number))]
                first = {
                    edition.edition.variant_key: review_store.first_cuts(
                        connection, newsletter.name, edition.edition.variant_key
                    )
                    for edition in found
                }
            editions = [_archived(edition, first[edition.edition.variant_key]) for edition in found]
            written += self._edition_pages(newsletter, editions)
            self.context.save({name: f"{self.look} {some[-1]}"})
        return written

    def _write(self, files: Mapping[str, bytes]) -> list[str]:
        return [path for path, data in files.items() if write_page(self.context.output / path, data)]


def _archived(found: review_store.ReviewEdition, first: Mapping[datetime, datetime]) -> ArchivedEdition:
    return ArchivedEdition(
        edition=found.edition,
        content=EditionContent.from_json(found.content),
        published=first[found.edition.period_end],
    )
