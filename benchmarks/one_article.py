"""Count of files that one new article rewrites, in a store that already holds many.

``python -m benchmarks.one_article --articles 100000`` fills a store as ``benchmarks.flat`` does, publishes,
and then adds one article at a time: a lone one, the first report on an event, the second. For each it counts
the files whose bytes changed, by kind. ``--keep FOLDER`` keeps the filled store, and takes that of
``benchmarks.flat --keep``.

``--whole`` has the page of every article written first, with all lists and days. ``--crawl`` does so too,
follows every link from the front page, and prints the relative links that lead to no file, and the live
articles that no link leads to.
"""

import argparse
import json
import random
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from os.path import normpath
from pathlib import Path
from urllib.parse import unquote
from uuid import UUID

from sqlalchemy import select

from benchmarks.flat import NOW, SECTIONS, filled_store, opened
from syndicate.model import NewArticle
from syndicate.services import Services
from syndicate.store import schema
from syndicate.store.ingest import article_store, source_store
from syndicate.store.output import stale

_LINK = re.compile(r' (?:href|src)="([^"#?]+)')
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//")
# Addresses that the web server answers, without a file.
_SERVED = ("search", "search.atom", "opensearch.xml", "subscribe")


def main() -> None:
    """Fill, publish, add, count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="folder of filled stores")
    parser.add_argument("--whole", action="store_true", help="write all pages first")
    parser.add_argument("--crawl", action="store_true", help="write all pages first and follow all links")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="syndicate-pages-") as temporary:
        folder = Path(temporary) / "run"
        shutil.copytree(filled_store(arguments.keep or Path(temporary), arguments.articles), folder)
        with opened(folder) as services:
            result = _whole(services) if arguments.whole or arguments.crawl else {}
            result |= dict(_arrivals(services))
            if arguments.crawl:
                result |= _crawl(services)
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        for name, value in result.items():
            print(f"{name:<40} {value:>12}")


def _whole(services: Services) -> dict[str, float | str]:
    """Write the pages of all articles, and all that shows them."""
    with services.store.write() as connection:
        stale.mark_all(connection)
    files = 0

    def publish() -> None:
        nonlocal files
        published = services.publish.run(NOW)
        files = len(published.pages) + len(published.feeds)

    spent = _timed(publish)
    return {"all pages: files": files, "all pages: s": round(spent, 1)}


def _arrivals(services: Services) -> Iterator[tuple[str, float | str]]:
    """Yield what each new article costs, and what a publication without news costs."""
    services.publish.run(NOW)
    idle = round(1000 * _timed(lambda: services.publish.run(NOW)), 1)
    yield "nothing_new_ms", idle
    for name, article in _articles():
        with services.store.write() as connection:
            source = source_store.list_sources(connection)[0]
            article_store.add_articles(connection, [(source.id, [article])])
        services.stories.run(NOW)
        start_cpu = time.process_time()
        published = services.publish.run(NOW)
        spent = 1000 * (time.process_time() - start_cpu)
        yield f"{name}: pages", len(published.pages)
        yield f"{name}: feed files", len(published.feeds)
        yield f"{name}: ms", round(spent, 1)
        yield f"{name}: times nothing new", round(spent / max(idle, 0.1), 1)
        kinds = Counter(map(_kind, [*published.pages, *published.feeds]))
        yield f"{name}: kinds", ", ".join(f"{kind} {n}" for kind, n in sorted(kinds.items()))


def _articles() -> Iterator[tuple[str, NewArticle]]:
    """Yield the articles whose arrival is measured."""
    chosen = random.Random(7)
    words = [f"{chosen.choice('bdfglmnprst')}{number:x}" for number in range(50_000)]

    def drawn(count: int) -> list[str]:
        # The power makes early words common, as in real text.
        return [words[int(len(words) * chosen.random() ** 3)] for _ in range(count)]

    event = drawn(25)
    for number, (name, hours, shared) in enumerate(
        (("a lone article", 0.2, drawn(1)), ("first report", 0.1, event), ("second report", 0.05, event))
    ):
        text = drawn(80) + shared * 2
        chosen.shuffle(text)
        published = NOW - timedelta(hours=hours)
        uid = str(UUID(int=chosen.getrandbits(128)))
        yield name, NewArticle(
            uid=uid, entry_key=uid, url=f"https://s.example/{number}",
            path=f"site/articles/{published:%Y/%m}/{uid}.html", title=" ".join([*shared[:5], *drawn(4)]),
            published=published, updated=published, first_seen=published, language="en",
            section=f"part{number % SECTIONS}", tags=(f"tag{number}",), summary=" ".join(text[:30]),
            content_hash=uid, item_hash=uid, html=f"<p>{' '.join(text)}</p>", text=" ".join(text),
        )  # fmt: skip


def _kind(path: str) -> str:
    """Return the folder of a file below the site, or of a feed, with its suffix."""
    folder = path.removeprefix("site/").rpartition("/")[0].partition("/")[0]
    return f"{folder or 'top level'} {path.rpartition('.')[2]}"


def _crawl(services: Services) -> dict[str, float | str]:
    """Follow all links from the front page."""
    output = services.published.root
    waiting, seen, dead = ["site/index.html"], {"site/index.html"}, set[str]()
    while waiting:
        path = waiting.pop()
        for target in _targets(path, (output / path).read_text("utf-8", "replace")):
            if target in seen or target in dead:
                continue
            if not (output / target).is_file():
                dead.add(target)
                continue
            seen.add(target)
            if target.startswith("site/") and target.endswith(".html"):
                waiting.append(target)
    table = schema.articles
    with services.store.read() as connection:
        live = set(connection.scalars(select(table.c.path).where(table.c.story_id.is_not(None))))
    pages = {file.relative_to(output).as_posix() for file in (output / "site").rglob("*.html")}
    return {
        "crawl: pages read": sum(path.endswith(".html") for path in seen),
        "crawl: links without a file": " ".join(sorted(dead)[:20]) or 0,
        "crawl: live articles": len(live),
        "crawl: live articles not reached": len(live - seen),
        "crawl: pages not reached": " ".join(sorted(pages - seen)[:20]) or 0,
    }


def _targets(path: str, page: str) -> Iterable[str]:
    """Yield the paths of the relative links of a page."""
    folder = path.rpartition("/")[0]
    for address in set(_LINK.findall(page)):
        if _ELSEWHERE.match(address):
            continue
        target = normpath(f"{folder}/{unquote(address)}")
        if target not in _SERVED:
            yield f"{target}/index.html" if address.endswith("/") else target


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
