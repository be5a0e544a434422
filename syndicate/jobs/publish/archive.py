"""The archive of each newsletter on disk: pages and feeds, built from the rows of its editions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from syndicate.errors import RenderError
from syndicate.files import write_atomic, write_page
from syndicate.jobs.publish.announce import note_feeds
from syndicate.jobs.publish.signatures import signature_of
from syndicate.model import EVERY_EDITION, Channel, Digest, Newsletter, PublishedArticle
from syndicate.publish.archive import (
    ArchivedEdition,
    archive_channel,
    archive_index,
    archive_pages,
    edition_item,
    edition_pages,
)
from syndicate.publish.options import PublishOptions
from syndicate.publish.site import SitePages
from syndicate.store import Store, desk, quarantine, stale
from syndicate.templating import Templates

_MANY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveBuild:
    """Writes what changed. ``documents`` gives the feed files of a channel by their name.

    Once ``should_stop`` returns true, no further newsletter or batch of pages is begun.
    """

    store: Store
    output: Path
    newsletters: tuple[Newsletter, ...]
    options: PublishOptions
    templates: Templates
    documents: Callable[[Channel, list[PublishedArticle]], Mapping[str, bytes]]
    should_stop: Callable[[], bool]

    def run(
        self, now: datetime, known: Mapping[str, str], pages: SitePages, look: str
    ) -> tuple[list[str], list[str]]:
        """Paths that changed, and what failed: one newsletter does not stop the others.

        ``look`` is the signature of all that pages have in common.
        """
        written: list[str] = []
        failures: list[str] = []
        for newsletter in self.newsletters:
            if self.should_stop():
                break
            try:
                written += self._newsletter(newsletter, known, pages, look, now)
                written += self._forms(newsletter, known, pages, look, now)
            except (RenderError, ValueError, LookupError, TypeError) as error:
                failures.append(f"archive of {newsletter.name}: {error}")
                with self.store.write() as connection:
                    quarantine.record_failure(connection, "archive", newsletter.name, str(error), now=now)
        return written, failures

    def _newsletter(
        self, newsletter: Newsletter, known: Mapping[str, str], pages: SitePages, look: str, now: datetime
    ) -> list[str]:
        with self.store.read() as connection:
            found = desk.published_editions(connection, newsletter.name, EVERY_EDITION)
            first = desk.first_cuts(connection, newsletter.name, EVERY_EDITION)
        name = f"archive:{newsletter.name}"
        signature = signature_of(newsletter, look, [(one.edition.id, one.edition.cut_at) for one in found])
        editions = [_archived(one, first) for one in found]
        paths = [archive_index(newsletter), *(one.path for one in editions)]
        if known.get(name) == signature and all((self.output / path).exists() for path in paths):
            return []
        files = archive_pages(pages, newsletter, editions, self.options)
        written = [path for path, data in files.items() if write_page(self.output / path, data)]
        items = [edition_item(self.templates, newsletter, one, self.options) for one in editions]
        feeds = self.documents(archive_channel(newsletter), items)
        written += [path for path, data in feeds.items() if write_atomic(self.output / path, data)]
        with self.store.write() as connection:
            stale.save_signature(connection, name, signature, now)
            quarantine.clear_failure(connection, "archive", newsletter.name)
            note_feeds(connection, self.options, feeds, now)
        return written

    def _forms(
        self, newsletter: Newsletter, known: Mapping[str, str], pages: SitePages, look: str, now: datetime
    ) -> list[str]:
        """The pages of what readers chose: those sent since the last time, all of them with a new look.

        They are led to by the mails only: the list and the feed are the edition's.
        """
        name = f"forms:{newsletter.name}"
        before, _, last = known.get(name, "").partition(" ")
        done = int(last) if before == look and last else 0
        with self.store.read() as connection:
            waiting = desk.forms_after(connection, newsletter.name, done)
        written: list[str] = []
        for start in range(0, len(waiting), _MANY):
            if self.should_stop():
                break
            some = waiting[start : start + _MANY]
            with self.store.read() as connection:
                found = [one for number in some if (one := desk.desk_edition(connection, number))]
                first = {
                    one.edition.cadence: desk.first_cuts(connection, newsletter.name, one.edition.cadence)
                    for one in found
                }
            editions = [_archived(one, first[one.edition.cadence]) for one in found]
            files = edition_pages(pages, newsletter, editions, self.options)
            written += [path for path, data in files.items() if write_page(self.output / path, data)]
            with self.store.write() as connection:
                stale.save_signature(connection, name, f"{look} {some[-1]}", now)
        return written


def _archived(found: desk.DeskEdition, first: Mapping[datetime, datetime]) -> ArchivedEdition:
    return ArchivedEdition(
        edition=found.edition,
        digest=Digest.from_json(found.content or {"stories": ()}),
        published=first[found.edition.period_end],
    )
