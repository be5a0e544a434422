"""Cost of reading pages and sitemaps: CPU milliseconds a document, side by side with merely parsing it.

    ./run python benchmarks/pages.py [--json]

Pages are generated: a menu, an article, boxes and scripts, of three sizes. No network, no store.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from lxml import html

from syndicate.ingest.page.listing_pages import parse_listing
from syndicate.ingest.page.page_extraction import parse_page
from syndicate.ingest.page.sitemap_parser import parse_sitemap
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import ParsedSource, Selectors

URL = "https://harbour.example/news/1"
FACTS: dict[str, Any] = {
    "url": URL,
    "content_type": "text/html",
    "charset": "utf-8",
    "known": frozenset(),
}


def page(paragraphs: int, around: int, *, declared: bool = True) -> bytes:
    text = "".join(
        f"<p>On day {n} the <a href='/p/{n}'>harbour master</a> said that the barrier at the river mouth, "
        "which had been tested in the summer, would stay closed until the water had fallen by a metre.</p>"
        for n in range(paragraphs)
    )
    menu = "".join(
        f"<li class='menu-item'><a href='/section/{n}'>Section {n}</a></li>" for n in range(around)
    )
    boxes = "".join(
        f"<div class='teaser'><h3><a href='/t/{n}'>Teaser {n}</a></h3></div>" for n in range(around)
    )
    script = "<script>" + "var a = {b: [1, 2, 3]};\n" * around * 10 + "</script>"
    head = "<title>The barrier</title><meta property='og:type' content='article'>" + (
        "<meta name='author' content='Nora'><meta property='article:published_time' content='2026-11-24'>"
        if declared
        else ""
    )
    return (
        f"<html lang='en'><head>{head}{script}</head><body><nav><ul>{menu}</ul></nav>"
        f"<article><h1>The barrier</h1>{text}</article><aside>{boxes}</aside></body></html>"
    ).encode()


def sitemap(urls: int) -> bytes:
    rows = "".join(
        f"<url><loc>https://harbour.example/{n}</loc><lastmod>2026-11-20T10:00:00Z</lastmod></url>"
        for n in range(urls)
    )
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'.encode()


def milliseconds(work: Callable[[], object], repeat: int) -> float:
    best = float("inf")
    for _ in range(repeat):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return round(best * 1_000, 2)


def measure() -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    pages = {
        "short page": page(6, 20),
        "usual page": page(30, 100),
        "without facts": page(30, 100, declared=False),
        "long page": page(300, 1_000),
    }
    for name, body in pages.items():
        found[name] = {
            "kB": round(len(body) / 1_000, 1),
            "ms": milliseconds(partial(parse_page, ParseRequest(body=body, **FACTS)), 7),
            "lxml_ms": milliseconds(lambda body=body: html.document_fromstring(body), 7),  # type: ignore[misc]
        }
    body = page(5, 200)
    select = Selectors(item=".teaser", title="h3")
    found["list of 200"] = {
        "kB": round(len(body) / 1_000, 1),
        "ms": milliseconds(lambda: parse_listing(ParseRequest(body=body, **FACTS), select=select), 7),
        "lxml_ms": milliseconds(lambda: html.document_fromstring(body), 7),
    }
    listed = sitemap(50_000)
    known = read_sitemap(listed, frozenset()).item_hashes
    found["sitemap, 50 000 new"] = {
        "kB": round(len(listed) / 1_000, 1),
        "ms": milliseconds(lambda: read_sitemap(listed, frozenset()), 3),
        "lxml_ms": milliseconds(lambda: html.document_fromstring(listed), 3),
    }
    found["sitemap, 50 000 known"] = found["sitemap, 50 000 new"] | {
        "ms": milliseconds(lambda: read_sitemap(listed, frozenset(known)), 3)
    }
    return found


def read_sitemap(body: bytes, known: frozenset[str]) -> ParsedSource:
    return parse_sitemap(ParseRequest(body=body, url=URL, known=known))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--json", action="store_true")
    found = measure()
    if parser.parse_args().json:
        print(json.dumps(found))
        return
    for name, row in found.items():
        print(
            f"{name:24} {row['kB']:9.1f} kB {row['ms']:9.2f} ms, lxml alone {row['lxml_ms']:8.2f} ms, "
            f"{row['ms'] / row['lxml_ms']:5.1f}x"
        )


if __name__ == "__main__":
    main()
