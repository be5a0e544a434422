"""Archive of each newsletter on disk: pages and feeds, built from the rows of its editions.

A new edition writes its own page, the pages of its neighbours, its month, the index and the feeds. The other
pages of years of editions stay as they are.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from itertools import groupby
from typing import TypeVar

from syndicate.errors import RenderError
from syndicate.jobs.publish.context import PublishContext, signature_of
from syndicate.jobs.publish.newsletter_views import Sent, read_sent, views_of
from syndicate.model import EVERY_EDITION, Edition, Newsletter, archive_folder, edition_path
from syndicate.newsletter.periods import parse_schedule, read_zone
from syndicate.publish.feeds.entries import MAX_ITEMS
from syndicate.publish.feeds.rss_atom import FORMATS
from syndicate.publish.newsletter_archive import (
    ArchivedEdition,
    Month,
    Neighbours,
    archive_channel,
    archive_index,
    edition_item,
    edition_link,
    edition_page,
    editions_page,
    month_path,
    newsletters_page,
)
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline
from syndicate.publish.site_paths import NEWSLETTERS_PATH, NOT_FOUND_PATH
from syndicate.publish.site_view import NewsletterView
from syndicate.store import Connection
from syndicate.store.core import quarantine
from syndicate.store.core.batches import in_batches
from syndicate.store.mail import review_store
from syndicate.store.mail.archive_store import EditionRow, count_articles, edition_contents
from syndicate.store.mail.edition_store import CUT

_BATCH = 100
# Minimum number of editions on the index: a newest month with fewer is followed by the month before.
_INDEX_MINIMUM = 7
_EARLIER = 4
T = TypeVar("T")


@dataclass(slots=True)
class ArchiveBuild:
    """Build changed files. ``shared_signature`` is the signature of the common inputs of all ``pages``."""

    context: PublishContext
    pages: SitePages
    shared_signature: str
    failed: dict[str, str] = field(default_factory=dict, init=False)
    _views: Sequence[NewsletterView] = field(default=(), init=False)
    _look: str = field(default="", init=False)

    def run(self) -> tuple[list[str], list[str]]:
        """Return the paths that changed, and failures: a failing newsletter does not stop the others."""
        written: list[str] = []
        failures: list[str] = []
        context = self.context
        with context.store.read() as connection:
            sent = read_sent(connection, context.newsletters, context.now)
            self._views = views_of(context, connection, sent)
            failing = {failure.subject for failure in quarantine.failures(connection, kind="archive")}
        shown = [(view.name, view.title, view.description, view.frequency) for view in self._views]
        self._look = signature_of(shown, self.shared_signature)
        builds: list[tuple[str, Callable[[], list[str]]]] = []
        for newsletter in context.newsletters:
            builds.append((newsletter.name, partial(self._newsletter, newsletter, sent[newsletter.name])))
            builds.append((newsletter.name, partial(self._variants, newsletter)))
        builds.append((NEWSLETTERS_PATH, partial(self._landing, sent)))
        missing = "404", self.shared_signature, NOT_FOUND_PATH, self.pages.not_found_page
        builds.append((NOT_FOUND_PATH, partial(context.write_changed, *missing, sync=False)))
        built: set[str] = set()
        broken: set[str] = set()
        for name, build in builds:
            if context.should_stop():
                break
            try:
                written += build()
                built.add(name)
            except (RenderError, ValueError, LookupError, TypeError) as error:
                failures.append(f"archive of {name}: {error}")
                context.record_failure("archive", name, error)
                broken.add(name)
        if mended := failing & (built - broken):
            with context.store.write() as connection:
                quarantine.clear_failures(connection, "archive", mended)
        return written, [*failures, *self.failed.values()]

    def _newsletter(self, newsletter: Newsletter, sent: Sequence[EditionRow]) -> list[str]:
        context, name = self.context, f"archive:{newsletter.name}"
        look = signature_of(newsletter, self._look)
        view = next(view for view in self._views if view.name == newsletter.name)
        rows = signature_of(view, [(edition.id, edition.cut_at) for edition in sent])
        newest = max((edition.cut_at.timestamp() for edition in sent), default=0.0)
        signature = f"{look} {len(sent)} {newest} {rows}"
        paths = {edition.id: _path(newsletter, edition) for edition in sent}
        months = [month_path(newsletter, edition.period_end) for edition in sent]
        index, before = archive_index(newsletter), context.known.get(name, "")
        missing = {index, *paths.values(), *months} - self._on_disk(newsletter)
        feeds_exist = all(
            context.output.exists(f"{archive_channel(newsletter).name}.{suffix}") for suffix in FORMATS
        )
        if before == signature and not missing and feeds_exist:
            return []
        changed = [
            place
            for place, edition in enumerate(sent)
            if paths[edition.id] in missing or _is_new(edition, before, look, len(sent))
        ]
        # Later editions name earlier ones; the edition before links to the next.
        near = range(-_EARLIER, 2)
        touched = sorted({place + step for place in changed for step in near} & set(range(len(sent))))
        written: list[str] = []
        for places in in_batches(touched, _BATCH):
            if context.should_stop():
                return written
            written += self._edition_pages(newsletter, sent, places)
        stale = {months[place] for place in touched} | (missing & set(months))
        written += self._lists(newsletter, sent, stale)
        items = self._each(
            # Feed readers would show imported issues as new.
            self._archived([edition for edition in sent if edition.state == CUT][:MAX_ITEMS]),
            lambda edition: edition_item(context.templates, newsletter, edition, context.options),
        )
        feeds = dict(context.documents([(archive_channel(newsletter), items)]))
        written += context.write(feeds)
        # The next run retries failures.
        signature = "" if self.failed.keys() & {index, *paths.values()} else signature
        context.finish_feeds("archive", newsletter.name, name, signature, feeds)
        return written

    def _on_disk(self, newsletter: Newsletter) -> set[str]:
        # One call; a check of each file takes ten times as long.
        return set(self.context.output.paths(archive_folder(newsletter.name)))

    def _edition_pages(
        self, newsletter: Newsletter, sent: Sequence[EditionRow], places: Sequence[int]
    ) -> list[str]:
        links = [
            edition_link(_path(newsletter, edition), newsletter, edition.subject, edition.published)
            for edition in sent[: max(places) + _EARLIER + 1]
        ]
        schedule, zone = parse_schedule(newsletter.schedule), read_zone(newsletter.time_zone)
        around = {
            sent[place].id: Neighbours(
                previous=links[place + 1] if place + 1 < len(links) else None,
                next=links[place - 1] if place else None,
                next_due=None
                if place or sent[0].state != CUT
                else schedule.next_runs(zone, sent[place].period_end, 1)[0],
                earlier=links[place + 1 : place + 1 + _EARLIER],
            )
            for place in places
        }
        return self._write_editions(newsletter, self._archived([sent[place] for place in places]), around)

    def _write_editions(
        self, newsletter: Newsletter, editions: Sequence[ArchivedEdition], around: Mapping[int, Neighbours]
    ) -> list[str]:
        live = self._live(editions)

        def render(item: ArchivedEdition) -> tuple[str, bytes]:
            beside = around.get(item.edition.id, Neighbours())
            return item.path, edition_page(self.pages, newsletter, self._views, item, beside, live)

        pages = dict(self._each(editions, render))
        self.context.clear_pages(pages.keys())
        return self._write(pages)

    def _lists(self, newsletter: Newsletter, sent: Sequence[EditionRow], stale: Collection[str]) -> list[str]:
        """Write the index, and the pages of these months."""
        # A page that fails now may exist from an earlier run.
        on_disk = self._on_disk(newsletter)
        shown = [item for item in sent if _path(newsletter, item) in on_disk]
        by_month = [
            (path, list(editions))
            for path, editions in groupby(shown, lambda item: month_path(newsletter, item.period_end))
        ]
        names = [Month(path=path, start=editions[0].period_end) for path, editions in by_month]
        thin = len(by_month) > 1 and len(by_month[0][1]) < _INDEX_MINIMUM
        render = partial(editions_page, self.pages, newsletter, self._views, all_months=names)
        index = archive_index(newsletter)
        first = [self._month(*month) for month in by_month[: 2 if thin else 1]]
        files = {index: render(path=index, index=True, months=first)}
        for place, (path, editions) in enumerate(by_month):
            if path in stale:
                newer = names[place - 1].path if place else ""
                older = names[place + 1].path if place + 1 < len(names) else ""
                months = [self._month(path, editions)]
                files[path] = render(path=path, months=months, newer=newer, older=older)
        return self._write(files)

    def _month(self, path: str, sent: Sequence[EditionRow]) -> Month:
        return Month(path=path, start=sent[0].period_end, editions=self._archived(sent))

    def _landing(self, sent: Sent) -> list[str]:
        """Write the page of all newsletters, with the newest edition of the first that has any."""
        if not self.context.newsletters:
            return []
        regular = [row for editions in sent.values() for row in editions if row.variant_key == EVERY_EDITION]
        sample = regular[:1]

        def page() -> bytes:
            editions = self._archived(sample)
            return newsletters_page(self.pages, self._views, next(iter(editions), None), self._live(editions))

        inputs = signature_of(self._look, self._views, sample)
        return self.context.write_changed("newsletters", inputs, NEWSLETTERS_PATH, page, sync=False)

    def _archived(self, sent: Sequence[EditionRow]) -> list[ArchivedEdition]:
        published = {edition.id: edition.published for edition in sent}
        with self.context.store.read() as connection:
            return _read_editions(connection, list(published), lambda edition: published[edition.id])

    def _live(self, editions: Iterable[ArchivedEdition]) -> dict[int, Headline]:
        """Return the present headlines of the leads of these editions by article, without pruned articles."""
        ids = {story.article_id for item in editions for story in item.content.stories}
        with self.context.store.read() as connection:
            items = self.context.views.headlines(connection, ids)
        return {item.article.id: Headline.of(item) for item in items}

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
        done = int(last) if before == self._look and last else 0
        with self.context.store.read() as connection:
            waiting = review_store.variants_after(connection, newsletter.name, done, self.context.now)
        written: list[str] = []
        for some in in_batches(waiting, _BATCH):
            if self.context.should_stop():
                break
            with self.context.store.read() as connection:
                editions = _read_editions(connection, some, _first_cut(connection, newsletter.name))
            written += self._write_editions(newsletter, editions, {})
            self.context.save({name: f"{self._look} {some[-1]}"})
        return written

    def _write(self, files: Mapping[str, bytes]) -> list[str]:
        return self.context.write(files, sync=False)


def _read_editions(
    connection: Connection, ids: Sequence[int], published: Callable[[Edition], datetime]
) -> list[ArchivedEdition]:
    """Return the editions with these ids in order; ``published`` gives the first time of each."""
    contents, counts = edition_contents(connection, ids), count_articles(connection, ids)
    return [
        ArchivedEdition(
            edition=edition, content=content, published=published(edition), articles=counts.get(edition.id, 0)
        )
        for edition, content in (contents[number] for number in ids if number in contents)
    ]


def _first_cut(connection: Connection, newsletter: str) -> Callable[[Edition], datetime]:
    first = cache(partial(review_store.first_cuts, connection, newsletter))
    return lambda edition: first(edition.variant_key)[edition.period_end]


def _path(newsletter: Newsletter, edition: EditionRow) -> str:
    return edition_path(newsletter.name, edition.period_end, edition.variant_key)


def _is_new(edition: EditionRow, before: str, look: str, count: int) -> bool:
    """Return whether an edition is not part of a build with this look, as its signature tells."""
    old_look, _, rest = before.partition(" ")
    if old_look != look or not rest:
        return True
    known, newest = rest.split()[:2]
    return count < int(known) or edition.cut_at.timestamp() >= float(newest)
