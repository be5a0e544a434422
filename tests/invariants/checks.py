"""The invariants, in the words of ``docs/architecture.md``; each check yields what breaks it."""

import email
import email.policy
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from os.path import normpath
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from lxml import html
from sqlalchemy import Connection, func, select

from syndicate.jobs.publish.publish_job import PublishJob
from syndicate.jobs.stories.stories_job import load_index
from syndicate.publish.feeds.rss_atom import FORMATS, FeedWriter
from syndicate.publish.site_paths import FRONT_PATH, author_path, section_path, source_path, tag_path
from syndicate.published_files import PublishedFiles
from syndicate.store import schema
from syndicate.store.core import quarantine
from syndicate.store.leases import leases
from syndicate.store.output import stale
from syndicate.store.stories import decision_store
from syndicate.stories import StoryIndex, is_report
from syndicate.stories.lead_choice import FRESH, REPORT_STAYS
from tests.invariants import editions, sameness
from tests.invariants.newsroom import SHORT, Newsroom
from tests.invariants.rows import Row, by_label
from tests.invariants.story_checks import check_13, check_14, story_files

TAG_MINIMUM = 2
# What a page shows beside its own subject; pages that are not young are not written anew when that moves.
# "Latest" of a section keeps its filters, and an edition its links to stories.
_MOVING = re.compile(
    rb'<body>.*?(?=<main)|<aside class="rail".*?</aside>|</main>.*'
    rb'|<section class="block related">.*?</section>'
    rb'|<section class="next">(?:(?!</section>).)*?More from.*?</section>'
    rb'|<ul class="tags filters">.*?</ul>',
    re.DOTALL,
)


_ITEM_IDS = re.compile(rb"urn:uuid:([0-9a-f-]{36})")
_COVERAGE = re.compile(rb'<p class="cover">.*?</p>', re.DOTALL)
_LISTS_SOMETHING = re.compile(rb'class="row|<item>|<entry>|"id": ?"urn:uuid')


def check_1(newsroom: Newsroom) -> Iterator[str]:
    """1: after `stories` nothing waits and nothing raised."""
    waiting = [row.title for row in newsroom.rows() if not row.placed or row.story is None]
    if waiting:
        yield f"still waiting: {waiting}"
    with newsroom.store.read() as connection:
        if failed := quarantine.failures(connection):
            yield f"quarantined: {[(one.kind, one.subject, one.reason) for one in failed]}"


def check_2(newsroom: Newsroom) -> Iterator[str]:
    """2: sameness is an equivalence: whatever represents it has no cycle, no chain, no missing end."""
    with newsroom.store.read() as connection:
        yield from sameness.defects(connection)


def check_3(newsroom: Newsroom) -> Iterator[str]:
    """3: articles of one text are in one story."""
    for group in by_label(_placed(newsroom), newsroom.labels()).values():
        if len({row.story for row in group}) > 1:
            yield f"one text in several stories: {[(row.id, row.title, row.story) for row in group]}"


def check_4(newsroom: Newsroom) -> Iterator[str]:
    """4: a freshly loaded index, the kept index and the store agree on story and original."""
    job = newsroom.services.stories
    oldest = newsroom.now - timedelta(days=job.options.window_days)
    rows, found = _placed(newsroom), newsroom.labels()
    with newsroom.store.read() as connection:
        fresh, _ = load_index(connection, job.options, oldest)
        counter = leases.read_counter(connection, leases.PLACEMENTS)
    indexes: dict[str, StoryIndex] = {"fresh": fresh}
    if job._index is not None and job._counter == counter:
        job._index.forget_before(oldest)
        indexes["kept"] = job._index
    inside = {row.id for row in rows if row.published >= oldest}
    for name, index in indexes.items():
        held = {row.id for row in rows if row.id in index}
        if held != inside:
            yield f"the {name} index holds {sorted(held)}, the window {sorted(inside)}"
        for row in rows:
            if row.id in held and (story := index.story_of(row.id)) != row.story:
                yield f"the {name} index has {row.id} in story {story}, the store in {row.story}"
        stored = {one: found[one] for one in held}
        if _groups(stored) != _groups(sameness.index_labels(index, held)):
            yield f"the {name} index has other texts than the store: {sorted(map(sorted, _groups(stored)))}"


def check_5(newsroom: Newsroom) -> Iterator[str]:
    """5: counts and coverage of a story equal its members, the lead is a member and no copy while another
    exists, and fresh or chosen by the editor, no story is empty."""
    members: dict[int, list[Row]] = defaultdict(list)
    for row in _placed(newsroom):
        members[row.story or 0].append(row)
    found = newsroom.labels()
    with newsroom.store.read() as connection:
        stories = {row.id: row for row in connection.execute(select(schema.stories))}
        chosen = decision_store.chosen_articles(connection, at=newsroom.now)
    if gone := members.keys() - stories.keys():
        yield f"articles in stories that are gone: {sorted(gone)}"
    for story_id, story in stories.items():
        told = members.get(story_id, [])
        counted = (len(told), len({row.source for row in told}))
        if not told:
            yield f"story {story_id} is empty"
        elif (story.articles, story.coverage) != counted:
            yield f"story {story_id} says {(story.articles, story.coverage)}, its members {counted}"
        elif story.lead_id not in {row.id for row in told}:
            yield f"story {story_id} is led by {story.lead_id}, which is in another story or gone"
        elif story.lead_id not in {min(group, key=_age).id for group in by_label(told, found).values()}:
            yield f"story {story_id} is led by {story.lead_id}, a copy"
        else:
            originals = [min(group, key=_age) for group in by_label(told, found).values()]
            lead = next(row for row in originals if row.id == story.lead_id)
            newest = max(row.published for row in originals)
            told_last = [row.published for row in originals if is_report(row.title, row.section)]
            report = max((at for at in told_last if newest - at <= REPORT_STAYS), default=newest)
            if lead.id not in chosen and report - lead.published > FRESH:
                yield f"story {story_id} is led by {lead.id} of {lead.published}, and moved at {newest}"


def check_6(newsroom: Newsroom) -> Iterator[str]:
    """6: per channel: each matching article is shown, or exactly one article of the same text is."""
    found = newsroom.labels()
    for name, (_, matches) in newsroom.channels.items():
        document = json.loads((newsroom.output / f"{name}.json").read_bytes())
        shown = Counter(item["id"].removeprefix("urn:uuid:") for item in document["items"])
        matching = [row for row in _placed(newsroom) if matches(row)]
        if strangers := shown.keys() - {row.uid for row in matching}:
            yield f"channel {name} shows {sorted(strangers)}, which do not match it"
        for group in by_label(matching, found).values():
            if sum(shown[row.uid] for row in group) != 1:
                times = {row.id: shown[row.uid] for row in group}
                yield f"channel {name} shows the articles of one text so often: {times} ({group[0].title})"


def check_15(newsroom: Newsroom) -> Iterator[str]:
    """15: each article of a channel is reached from its feed by RFC 5005 links and `next_url`."""
    found = newsroom.labels()
    for name, (_, matches) in newsroom.channels.items():
        matching = [row for row in _placed(newsroom) if matches(row)]
        for kind in FORMATS:
            reached = _backwards(newsroom.output, f"{name}{SHORT}", kind)
            for group in by_label(matching, found).values():
                if reached.isdisjoint(row.uid for row in group):
                    yield f"no link of {name}{SHORT}.{kind} leads to {[row.id for row in group]}"


def _backwards(output: Path, name: str, kind: str) -> set[str]:
    """Return the public ids on the documents of a channel, from its feed to the first page of its archive."""
    found: set[str] = set()
    while name:
        data = (output / f"{name}.{kind}").read_bytes()
        found.update(match.decode() for match in _ITEM_IDS.findall(data))
        if kind == "json":
            previous = json.loads(data).get("next_url", "")
        else:
            links = ElementTree.fromstring(data).iter("{http://www.w3.org/2005/Atom}link")
            previous = next((link.get("href", "") for link in links if link.get("rel") == "prev-archive"), "")
        name = urlsplit(previous).path.strip("/").removesuffix(f".{kind}")
    return found


def check_7(newsroom: Newsroom) -> Iterator[str]:
    """7: related: never itself, never missing, never two copies of one text."""
    rows, found = newsroom.rows(), newsroom.labels()
    known, table = {row.id for row in rows}, schema.related
    lists: dict[int, list[int]] = defaultdict(list)
    with newsroom.store.read() as connection:
        for row in connection.execute(select(table).order_by(table.c.article_id, table.c.position)):
            lists[row.article_id].append(row.related_id)
    for article_id, related in lists.items():
        if article_id not in known:
            yield f"links of article {article_id}, which is gone"
        elif missing := set(related) - known:
            yield f"article {article_id} links to {sorted(missing)}, which are gone"
        else:
            texts = Counter(found.get(one, -one) for one in (article_id, *related))
            if max(texts.values()) > 1:
                yield f"article {article_id} and its links {related} show one text twice: {dict(texts)}"


def check_8(newsroom: Newsroom) -> Iterator[str]:
    """8: every relative address on disk is a file, every list shows its originals and each listed article
    links back, every day shows its articles, and links lead from the front page to every article."""
    site = _Site(newsroom.output, newsroom.rows(), newsroom.labels())
    yield from site.dead_addresses()
    for path in sorted({path for row in site.rows for path in _listing_pages(row)}):
        yield from site.wrong_listing(path)
    yield from site.missing_backlinks()
    yield from site.unreachable()


def check_9(newsroom: Newsroom) -> Iterator[str]:
    """9: a folder kept up to date equals one built afresh."""
    services, fresh = newsroom.services, newsroom.room.folder / "afresh"
    kept = _files(newsroom.output)
    with newsroom.store.write() as connection:
        stale.clear_signatures(connection)
        stale.mark_all(connection)
    job = PublishJob(
        store=newsroom.store,
        output=PublishedFiles(fresh),
        channels=services.channels,
        newsletters=services.newsletters,
        options=services.publish_options,
        templates=services.templates,
        feeds=FeedWriter(services.publish_options),
        owner="afresh",
    )
    job.run(newsroom.now)
    new = _files(fresh)
    for path in sorted(new.keys() - kept.keys()):
        yield f"only a folder built afresh has {path}"
    stories = story_files(newsroom)
    living = {row.path for row in newsroom.rows()}
    for path in sorted(kept.keys() - new.keys()):
        is_archive = path.startswith("site/articles/") and path not in living
        # Pages of pruned articles link to lists that have no articles any more: these stay, and are empty.
        folders = ("sections/", "sources/", "site/sections/", "site/sources/", "site/tags/", "site/authors/")
        is_linked = path.startswith(folders)
        is_empty = is_linked and not _LISTS_SOMETHING.search(kept[path])
        # So do the pages and feeds of stories without articles.
        is_story = path.startswith(("site/stories/", "stories/")) and path not in stories
        if not (is_archive or is_empty or is_story):
            yield f"only the kept folder has {path}"
    for path in sorted(new.keys() & kept.keys()):
        if new[path] != kept[path]:
            yield f"{path} differs from one built afresh: {_difference(kept[path], new[path])}"


def check_10(newsroom: Newsroom) -> Iterator[str]:
    """10: deliveries of an edition = confirmed, unsuppressed, unpaused subscribers at the cut, once each, one
    accepted body per Message-ID."""
    table = schema.deliveries
    with newsroom.store.read() as connection:
        rows = connection.execute(select(table.c.edition_id, table.c.address, table.c.state)).all()
    for cut in newsroom.cuts:
        mailed = Counter(row.address for row in rows if row.edition_id == cut.edition_id)
        if mailed != Counter(cut.readers):
            yield f"edition {cut.edition_id} goes to {dict(mailed)}, its readers are {sorted(cut.readers)}"
    parsed = [email.message_from_bytes(raw, policy=email.policy.default) for raw in newsroom.accepted]
    ids = Counter(mail["Message-ID"] for mail in parsed)
    if twice := [name for name, count in ids.items() if count > 1]:
        yield f"accepted more than once: {twice}"
    taken = Counter(mail["To"].addresses[0].addr_spec for mail in parsed)
    for address in {row.address for row in rows}:
        states = Counter(row.state for row in rows if row.address == address)
        least, most = states["sent"], states["sent"] + states["uncertain"] + states["sending"]
        if not least <= taken[address] <= most:
            yield f"{address} got {taken[address]} mails, the store says {dict(states)}"


def check_11(newsroom: Newsroom) -> Iterator[str]:
    """11: each article is in exactly one edition, or a stated rule says why not."""
    for cut in newsroom.cuts:
        yield from cut.defects
    yield from editions.wrong_answers(newsroom)
    yield from editions.lost_periods(newsroom)


def check_12(newsroom: Newsroom) -> Iterator[str]:
    """12: a second run changes no byte."""
    before, rows = _files(newsroom.output, whole=True), _row_counts(newsroom)
    result = newsroom.services.stories.run(newsroom.now)
    written = newsroom.publish()
    cut = [one.outcome for one in newsroom.services.editions.run(newsroom.now)]
    if result.placed or result.lists_changed:
        yield f"a second stories run did something: {result}"
    if written.feeds or written.pages:
        yield f"a second publish wrote {(*written.feeds, *written.pages)}"
    if cut:
        yield f"a second look cut editions: {cut}"
    if _files(newsroom.output, whole=True) != before or _row_counts(newsroom) != rows:
        yield "a second run changed files or rows"


Check = Callable[[Newsroom], Iterator[str]]
AFTER_STORIES: tuple[Check, ...] = (check_1, check_2, check_3, check_4, check_5, check_7)
AFTER_SENDING: tuple[Check, ...] = (check_10, check_11)
# The last one takes the marks of what was built away.
AFTER_PUBLISHING: tuple[Check, ...] = (check_6, check_8, check_13, check_14, check_12, check_9)
ALL_CHECKS: tuple[Check, ...] = (
    check_1, check_2, check_3, check_4, check_5, check_6,
    check_7, check_8, check_9, check_10, check_11, check_12,
    check_13, check_14, check_15,
)  # fmt: skip


def number(check: Check) -> int:
    """Return the number of the invariant that a check is about."""
    return int(check.__name__.removeprefix("check_"))


class _Site:
    """The pages on disk, and which articles each of them leads to."""

    def __init__(self, output: Path, rows: list[Row], found: Mapping[int, int]) -> None:
        self.rows = [row for row in rows if row.story is not None]
        self._output = output
        self._labels = found
        self._pages: dict[Path, Any] = {
            file: html.fromstring(file.read_bytes()) for file in sorted(output.rglob("*.html"))
        }
        self._by_path = {output / row.path: row for row in rows}

    def dead_addresses(self) -> Iterator[str]:
        """Yield relative addresses that are no files; pages of pruned articles are an archive."""
        # The web server answers these addresses.
        answered = {self._output / "subscribe", self._output / "search"}
        for file, page in self._pages.items():
            if "articles" in file.relative_to(self._output).parts and file not in self._by_path:
                continue
            for address in sorted(_relative(page)):
                target = _target(self._output, file, address)
                if target not in answered and not target.exists():
                    yield f"{file.relative_to(self._output)} links to {address}, which is no file"

    def wrong_listing(self, path: str) -> Iterator[str]:
        """Yield texts that a page of a tag or section does not list exactly once."""
        matching = [row for row in self.rows if path in _listing_pages(row)]
        texts = by_label(matching, self._labels)
        if self._output / path not in self._pages:
            if not path.startswith(("site/tags/", "site/authors/")) or len(texts) >= TAG_MINIMUM:
                yield f"{path} is missing: {len(texts)} texts belong there"
            return
        folder = (self._output / path).parent
        files = [file for file in self._pages if file.parent == folder and file.name != "latest.html"]
        counts = Counter(row.id for file in files for row in self._shown(file))
        for group in texts.values():
            if sum(counts[row.id] for row in group) != 1:
                times = {row.id: counts[row.id] for row in group}
                yield f"{path} lists the articles of one text so often: {times} ({group[0].title})"

    def missing_backlinks(self) -> Iterator[str]:
        """Yield articles that a page of a tag or section lists and that do not link to it."""
        for file in self._pages:
            if file.parent.parent.name in ("tags", "sections", "authors") and file.name == "index.html":
                for row in self._shown(file):
                    article = self._pages[self._output / row.path].xpath(".//main")[0]
                    if file not in self._targets(self._output / row.path, article):
                        yield f"{file.relative_to(self._output)} lists {row.title}, which does not link back"

    def unreachable(self) -> Iterator[str]:
        """Yield articles that no chain of links from the front page reaches."""
        reached: set[Path] = set()
        waiting = [self._output / FRONT_PATH]
        while waiting:
            file = waiting.pop()
            if file in self._pages and file not in reached:
                reached.add(file)
                waiting += self._targets(file, self._pages[file])
        for row in self.rows:
            if self._output / row.path not in reached:
                yield f"no links lead from the front page to {row.path}"

    def _shown(self, file: Path) -> list[Row]:
        """Return the articles whose own pages the rows of a listing lead to."""
        cards = self._pages[file].xpath(".//article[contains(@class, 'row')]")
        targets = [target for card in cards for target in self._targets(file, card)]
        return [self._by_path[target] for target in targets if target in self._by_path]

    def _targets(self, file: Path, element: Any) -> set[Path]:
        return {_target(self._output, file, one) for one in _relative(element)}


def waiting_deliveries(connection: Connection) -> int:
    """Return how many deliveries have not ended."""
    table = schema.deliveries
    still = table.c.state.in_(("pending", "deferred", "sending"))
    return connection.scalars(select(func.count()).select_from(table).where(still)).one()


def _age(row: Row) -> tuple[datetime, int]:
    """Return what a list goes by when it chooses among articles of one text."""
    return row.published, row.id


def _placed(newsroom: Newsroom) -> list[Row]:
    return [row for row in newsroom.rows() if row.story is not None]


def _groups(found: Mapping[int, int]) -> set[frozenset[int]]:
    groups: dict[int, set[int]] = defaultdict(set)
    for article_id, label in found.items():
        groups[label].add(article_id)
    return set(map(frozenset, groups.values()))


def _listing_pages(row: Row) -> set[str]:
    named = {tag_path(tag) for tag in row.tags} | {author_path(author) for author in row.authors}
    return named | {source_path(row.source)} | ({section_path(row.section)} if row.section else set())


def _relative(page: Any) -> set[str]:
    found = {str(value) for name in ("href", "src") for value in page.xpath(f".//@{name}")}
    return {one for one in found if one and not urlsplit(one).scheme and not one.startswith(("#", "//"))}


def _target(output: Path, file: Path, address: str) -> Path:
    path = unquote(address.partition("#")[0].partition("?")[0])
    target = f"{output}{path}" if path.startswith("/") else normpath(f"{file.parent}/{path}")
    return Path(target, "index.html") if path.endswith("/") else Path(target)


def _files(folder: Path, *, whole: bool = False) -> dict[str, bytes]:
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    read = {path: file.read_bytes() for path, file in files.items()}
    if whole:
        return read
    read |= {path: _COVERAGE.sub(b"", read[path]) for path in read if path.startswith("site/newsletters/")}
    return {path: _without_moving(data) for path, data in read.items()}


def _without_moving(page: bytes) -> bytes:
    """Leave out what moves; older pages also keep the spelling that a section had, so all are spelt alike."""
    alike = re.sub(rb"[\s_-]+", b" ", _MOVING.sub(b"", page).lower())
    return alike.replace(b"> <", b">\n<")


def _difference(kept: bytes, fresh: bytes) -> str:
    lines = kept.decode("utf-8", "replace").splitlines(), fresh.decode("utf-8", "replace").splitlines()
    for before, after in zip(*lines, strict=False):
        if before != after:
            return f"kept {before.strip()[:160]!r}, fresh {after.strip()[:160]!r}"
    return f"{len(lines[0])} lines, {len(lines[1])} afresh"


def _row_counts(newsroom: Newsroom) -> dict[str, int]:
    names = (
        "articles",
        "stories",
        "related",
        "ranked",
        "editions",
        "edition_articles",
        "deliveries",
        "story_moves",
    )
    with newsroom.store.read() as connection:
        return {
            name: connection.scalars(select(func.count()).select_from(getattr(schema, name))).one()
            for name in names
        }
