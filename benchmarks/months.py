"""Replay a month of editions day by day and list what each one carried, left out, and why.

``python -m benchmarks.months FOLDER`` makes these newsrooms from the feeds below FOLDER, re-dated so that the
items of each are spread over 30 days (``benchmarks.redated``), and from feeds invented for the purpose:

- one newsroom for each of 20 blogs: the first feeds, by file name, whose items all name the same author and
  are at least ten, all of them dated;
- one for each blog of ``benchmarks.months_invented``: release notes, a podcast, link lists and others;
- one of the ten feeds that published most articles a day, as dated by their publishers;
- one of all feeds.

Each newsroom serves its feeds over loopback HTTP as they were at the moment. It ingests and places four times
a day. Each morning it cuts the editions that are due, publishes, and delivers into an outbox folder. Blogs
have a daily and a weekly newsletter, the others a daily one. The last moment is a Monday after the weekly
edition, so that each dated item belongs to one period of each newsletter.

The listing has each edition with its items: source, headline, number of links, and ``follow-up`` where the
mail says so. Below them stands what was left out, by reason. The summary counts the posts by what became of
them. ``--only`` replays some newsrooms, ``--json`` prints one object, ``--keep DIR`` writes each edition as
text and HTML there.
"""

import argparse
import calendar
import io
import json
import logging
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import feedparser
from sqlalchemy import select

from benchmarks.months_invented import invented_blogs
from benchmarks.real_material import CONFIG, SUFFIXES, Server
from benchmarks.redated import Feed, redated
from syndicate.jobs.newsletter.outcome_lookup import article_outcomes
from syndicate.services import Services, open_services
from syndicate.settings import load_settings
from syndicate.store import schema
from syndicate.store.ingest import article_store
from syndicate.store.subscribers import audience_store

DAYS = 30
POLL_EVERY = timedelta(hours=6)
BLOGS, BLOG_ITEMS = 20, 10
NEWSROOM_FEEDS = 10
LAST = datetime(2026, 11, 30, 7, 30, tzinfo=UTC)
WEEKLY = """
[[newsletters]]
name = "weekly"
title = "The week"
schedule = "weekly monday 07:00"
first_edition = "latest"
"""
GOALS = {
    "carried_more_than_once": 0,
    "never_carried_without_a_rule": 0,
    "empty_while_posts_waited": 0,
    "addresses_twice_in_one_edition": 0,
    "events_twice_in_one_edition": 0,
}
NO_RULE = "no rule"
_WORD = re.compile(r"\w+(?:\.\w+)*")


@dataclass(frozen=True, slots=True)
class Newsroom:
    """Feeds by name. Newsrooms of one ``kind`` are summed up; blogs have a weekly newsletter as well."""

    name: str
    kind: str
    feeds: Mapping[str, Feed]

    @property
    def is_blog(self) -> bool:
        """True when the newsroom has one source."""
        return len(self.feeds) == 1


@dataclass(frozen=True, slots=True)
class Item:
    """An item of an edition, with the addresses it links to."""

    article_id: int
    story_id: int
    source: str
    title: str
    kind: str
    follow_up: bool
    urls: tuple[str, ...]


@dataclass(slots=True)
class EditionLine:
    """An edition as its subscriber got it. ``state`` is that of its row."""

    newsletter: str
    period_end: datetime
    state: str
    subject: str
    items: list[Item] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Month:
    """The editions of a newsroom and the counts of what became of its posts, by newsletter."""

    newsroom: str
    kind: str
    editions: list[EditionLine]
    counts: dict[str, dict[str, int]]


def newsrooms(folder: Path, last: datetime) -> Iterator[Newsroom]:
    """Yield the newsrooms of the feeds below a folder."""
    files = sorted(file for file in folder.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    documents = {file.stem: file.read_bytes() for file in files}
    parsed = {name: _parsed(document) for name, document in documents.items()}
    feeds = {name: redated(document, last, DAYS) for name, document in documents.items()}
    blogs = [name for name, found in parsed.items() if _is_blog(found)][:BLOGS]
    for name in blogs:
        title = _slug(parsed[name].feed.get("title", "")) or name
        yield Newsroom(title, "real blogs", {name: feeds[name]})
    for name, feed in invented_blogs(last, DAYS).items():
        yield Newsroom(name, "invented blogs", {name: feed})
    fastest = sorted(parsed, key=lambda name: (-_items_a_day(parsed[name]), name))[:NEWSROOM_FEEDS]
    yield Newsroom("ten-sources", "ten sources", {name: feeds[name] for name in sorted(fastest)})
    yield Newsroom("all-feeds", f"{len(feeds)} sources", feeds)


def replay(newsroom: Newsroom, last: datetime, folder: Path) -> Month:
    """Live through the month in an empty folder."""
    server = Server(newsroom.feeds)
    written = CONFIG + (WEEKLY if newsroom.is_blog else "")
    taken: set[str] = set()
    for name, feed in newsroom.feeds.items():
        title = " ".join(str(_parsed(feed.at(last)).feed.get("title", "")).split())[:60]
        title = title if title and title not in taken else f"{title} {name}".strip()
        taken.add(title)
        quoted = json.dumps(title, ensure_ascii=False)
        written += f'[[sources]]\nname = {quoted}\nurl = "{server.base}/{name}"\n'
    (folder / "config.toml").write_text(written, "utf-8")
    first = last - timedelta(days=DAYS - 1)
    settings = load_settings(folder / "config.toml", {})
    try:
        with open_services(settings, now=first - timedelta(days=1)) as services:
            for newsletter in services.newsletters:
                with services.store.write() as connection:
                    audience_store.add_subscription(
                        connection, address="jo@example.org", address_key="jo@example.org", name="",
                        language="", newsletter=newsletter.name, evidence="benchmark", now=first,
                    )  # fmt: skip
            at = first
            while at <= last:
                server.show(at)
                services.ingest.run(at)
                services.stories.run(at)
                if at.hour == last.hour:
                    services.editions.run(at)
                    services.publish.run(at)
                    services.deliver.run(at)
                at += POLL_EVERY
            return _month(newsroom, services)
    finally:
        server.close()


def _month(newsroom: Newsroom, services: Services) -> Month:
    """Read the editions of a month and what became of each article."""
    editions, articles = schema.editions, schema.articles
    with services.store.read() as connection:
        rows = connection.execute(select(articles).order_by(articles.c.id)).all()
        sources = connection.execute(select(schema.sources.c.id, schema.sources.c.name)).all()
        cut = connection.execute(select(editions).order_by(editions.c.period_end, editions.c.id)).all()
    names = {row.id: row.name for row in sources}
    titles = {row.id: f"{names[row.source_id]}: {row.title}" for row in rows}
    labels = {row.id: row.same_text for row in rows}
    lines: list[EditionLine] = []
    counts: dict[str, dict[str, int]] = {}
    for newsletter in services.newsletters:
        own = [row for row in cut if row.newsletter == newsletter.name]
        found = [_line(row, labels) for row in own]
        counts[newsletter.name] = _count(services, found, own, rows, titles)
        lines += found
    return Month(newsroom.name, newsroom.kind, lines, counts)


def _line(row: Any, labels: Mapping[int, int | None]) -> EditionLine:
    line = EditionLine(row.newsletter, row.period_end, row.state, row.subject)
    for story in (row.content_json or {}).get("stories", ()):
        lists = map(story.get, ("also_from", "covered_by", "related", "other_languages"))
        names = ("article_id", "story_id", "source", "title", "kind", "follow_up")
        urls = (story["url"], *(link["url"] for link in chain(*lists)))
        line.items.append(Item(**{name: story[name] for name in names}, urls=urls))
    # Two posts of one blog may lead to the same page; another link to it says nothing new.
    addresses = Counter({item.urls[0] for item in line.items})
    addresses.update(url for item in line.items for url in item.urls[1:])
    del addresses[""]
    line.remarks += [f"twice: {url}" for url, times in addresses.items() if times > 1]
    for element, other in combinations(line.items, 2):
        # A blog's edition has an item for each post.
        if len({item.source for item in line.items}) > 1 and _same_event(element, other, labels):
            line.remarks.append(f"one event: {element.title} = {other.title}")
    return line


def _same_event(one: Item, other: Item, labels: Mapping[int, int | None]) -> bool:
    """Return whether two items tell one story or text, or have similar headlines with the same numbers."""
    label = labels.get(one.article_id)
    if one.story_id == other.story_id or (label is not None and label == labels.get(other.article_id)):
        return True
    first, second = (set(_WORD.findall(item.title.casefold())) for item in (one, other))
    if len(first & second) < 3 or len(first & second) / len(first | second) < 0.5:
        return False
    return not any(any(map(str.isdigit, word)) for word in first ^ second)


def _count(
    services: Services, lines: Sequence[EditionLine], cut: Sequence[Any], rows: Sequence[Any],
    titles: Mapping[int, str],
) -> dict[str, int]:  # fmt: skip
    """Count the posts of one newsletter by what became of them, and note reasons in the editions."""
    counts: Counter[str] = Counter(posts=len(rows), editions=0, empty=0, **GOALS)
    led = Counter(item.article_id for line in lines for item in line.items)
    records = _records(services, [row.id for row in cut])
    line_of = {row.id: line for row, line in zip(cut, lines, strict=True)}
    never = [row.id for row in rows if not led[row.id] and not records.get(row.id)]
    reasons = _reasons(services, lines[0].newsletter, never) if lines else {}
    for row in rows:
        mine = records.get(row.id, ())
        told = sum(not item.reason for item in mine)
        counts["carried_once"] += led[row.id] == 1
        counts["carried_more_than_once"] += led[row.id] > 1 or told > 1
        for element in mine:
            if element.reason:
                line_of[element.edition_id].left_out.setdefault(element.reason, []).append(titles[row.id])
        if led[row.id]:
            continue
        if told:
            counts["told_as_part_of_a_story"] += 1
        elif reason := mine[-1].reason if mine else reasons.get(row.id, ""):
            counts[f"never_carried: {reason}"] += 1
        else:
            counts["never_carried_without_a_rule"] += 1
            line = next(line for line in lines if row.published < line.period_end)
            line.left_out.setdefault(NO_RULE, []).append(titles[row.id])
    for line in lines:
        counts["editions"] += bool(line.items)
        counts["empty"] += line.state == "empty"
        counts["empty_while_posts_waited"] += line.state == "empty" and NO_RULE in line.left_out
        counts["follow_ups"] += sum(item.follow_up for item in line.items)
        counts["addresses_twice_in_one_edition"] += sum(remark.startswith("twice") for remark in line.remarks)
        counts["events_twice_in_one_edition"] += sum(
            remark.startswith("one event") for remark in line.remarks
        )
    return dict(counts)


def _records(services: Services, editions: Sequence[int]) -> dict[int, list[Any]]:
    """Return what each edition did with each of its articles, by article, in the order of editions."""
    table = schema.edition_articles
    query = select(table).where(table.c.edition_id.in_(editions)).order_by(table.c.edition_id)
    found: dict[int, list[Any]] = defaultdict(list)
    with services.store.read() as connection:
        for row in connection.execute(query):
            found[row.article_id].append(row)
    return found


def _reasons(services: Services, newsletter: str, article_ids: Sequence[int]) -> dict[int, str]:
    """Return the rule by which no edition has an article, as ``explain`` says it.

    "Left out" needs a record of the edition that left it out: without one it is no rule.
    """
    found: dict[int, str] = {}
    newsletters = [item for item in services.newsletters if item.name == newsletter]
    with services.store.read() as connection:
        for article in article_store.get_articles(connection, article_ids).values():
            (answer,) = article_outcomes(connection, newsletters, article, LAST)
            if answer.outcome != "left out":
                found[article.id] = answer.outcome
    return found


def _parsed(document: bytes) -> Any:
    return feedparser.parse(io.BytesIO(document), sanitize_html=False, resolve_relative_uris=False)


def _is_blog(parsed: Any) -> bool:
    authors = {entry.get("author", "") for entry in parsed.entries}
    dated = all(date.year > 1 for date in _dates(parsed))
    enough = BLOG_ITEMS <= len(parsed.entries) == len(_dates(parsed))
    return enough and dated and len(authors) == 1 and authors != {""}


def _dates(parsed: Any) -> list[datetime]:
    read = (entry.get("published_parsed") or entry.get("updated_parsed") for entry in parsed.entries)
    return [datetime.fromtimestamp(calendar.timegm(item), UTC) for item in read if item]


def _items_a_day(parsed: Any) -> float:
    dates = [date for date in _dates(parsed) if date.year > 1]
    if len(dates) < BLOG_ITEMS // 2:
        return 0.0
    return len(dates) / max(1.0, (max(dates) - min(dates)) / timedelta(days=1))


def _slug(title: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))[:24].strip("-")


def _keep(services_folder: Path, target: Path, name: str) -> None:
    """Copy each edition as text and HTML from the store of a newsroom."""
    with open_services(load_settings(services_folder / "config.toml", {})) as services:
        table = schema.editions
        with services.store.read() as connection:
            rows = connection.execute(select(table).where(table.c.subject != "")).all()
    target = target / name
    target.mkdir(parents=True, exist_ok=True)
    for row in rows:
        file = target / f"{row.newsletter}-{row.period_end:%m-%d}"
        file.with_suffix(".txt").write_text(f"Subject: {row.subject}\n\n{row.text}", "utf-8")
        file.with_suffix(".html").write_text(row.html, "utf-8")


def _print(month: Month) -> None:
    print(f"\n===== {month.newsroom}")
    for line in month.editions:
        print(f"{line.period_end:%a %d %b} {line.newsletter} {line.state}: {line.subject}")
        for item in line.items:
            mark = " follow-up" if item.follow_up else ""
            print(f"    {item.kind:8} {item.title[:90]} ({item.source}; {len(item.urls)} links{mark})")
        for reason, titles in line.left_out.items():
            print(f"    left out, {reason}: {len(titles)}")
            print(*(f"        {title[:110]}" for title in titles[:8]), sep="\n")
        print(*(f"    ! {remark[:160]}" for remark in line.remarks), sep="\n", end="\n" * bool(line.remarks))
    for newsletter, counts in month.counts.items():
        print(f"  {newsletter}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))


def _totals(months: Sequence[Month]) -> dict[str, dict[str, int]]:
    """Add the counts of the newsrooms of each kind, by newsletter."""
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for month in months:
        for newsletter, counts in month.counts.items():
            totals[f"{month.kind}, {newsletter}"].update(counts)
    return {group: dict(counts) for group, counts in totals.items()}


def _table(totals: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Yield the lines of the summary in Markdown."""
    names = list(dict.fromkeys(name for counts in totals.values() for name in counts))
    names.sort(key=lambda name: ": " in name)
    yield "| | goal | " + " | ".join(totals) + " |"
    yield "|---" * (len(totals) + 2) + "|"
    for name in names:
        found = [f"{counts.get(name, 0):,}".replace(",", " ") for counts in totals.values()]
        yield f"| {name.replace('_', ' ')} | {GOALS.get(name, '')} | " + " | ".join(found) + " |"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--only", action="append", metavar="NAME", help="replay this newsroom; repeatable")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="write each edition as text and HTML there")
    parser.add_argument("--quiet", action="store_true", help="print the summary only, a table in Markdown")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    months = []
    for newsroom in newsrooms(arguments.folder, LAST):
        if arguments.only and newsroom.name not in arguments.only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            months.append(replay(newsroom, LAST, Path(folder)))
            if arguments.keep:
                _keep(Path(folder), arguments.keep, newsroom.name)
        if not arguments.json and not arguments.quiet:
            _print(months[-1])
    totals = _totals(months)
    if arguments.json:
        found = {"totals": totals, "months": [asdict(month) for month in months]}
        print(json.dumps(found, indent=2, default=str))
        return 0
    print("", *_table(totals), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
