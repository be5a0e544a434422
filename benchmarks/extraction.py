"""Compare the text that is taken from article pages with trafilatura's own, by words.

``python -m benchmarks.extraction FOLDER`` reads each ``NAME.html`` below FOLDER that has a ``NAME.json``
beside it, with the page's ``url`` and, as ``expected.cleaned_text``, its text or how the text begins. Both
sides get the same bytes: the parser of pages as a worker runs it, and ``trafilatura.extract`` with its
defaults but for comments, which no article has. Refused pages, and pages for subscribers, count apart.

- ``agreement``: word F1 of the two texts, the mean over pages that both sides read
- ``word_f1``: word F1 to the expected text, over pages whose expected text is whole (``WHOLE`` words)
- ``start_found``: pages whose text has the first words of the expected text
- ``words_before``: words that stand before them, the mean
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import trafilatura

from syndicate.errors import ParseError
from syndicate.ingest.page.page_extraction import parse_page
from syndicate.ingest.page.page_refusal import SUBSCRIBERS_ONLY
from syndicate.ingest.worker.parsers import ParseRequest

WHOLE = 200
START = 6
_WORD = re.compile(r"\w+")


class Page(NamedTuple):
    """Words of a page: expected, and as each side reads them; ``reason`` why syndicate reads none."""

    name: str
    expected: list[str]
    syndicate: list[str]
    trafilatura: list[str]
    reason: str


def main() -> None:
    """Print the figures, and the pages without a text or with another text than trafilatura's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    pages = [_page(path) for path in sorted(arguments.folder.rglob("*.html")) if _facts(path).exists()]
    result = _figures(pages)
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    for name, value in result.items():
        print(f"{name:<26}{value}")
    for page in pages:
        if page.reason or (agreement := word_f1(page.syndicate, page.trafilatura)) < 0.95:
            print(f"{page.name}: {page.reason or f'agreement {agreement:.3f}'}")


def _facts(path: Path) -> Path:
    return path.with_suffix(".json")


def _page(path: Path) -> Page:
    facts = json.loads(_facts(path).read_text("utf-8"))
    body, reason, text = path.read_bytes(), "", ""
    request = ParseRequest(
        body=body, url=facts.get("url") or "https://page.example/1", content_type="text/html"
    )
    try:
        parsed = parse_page(request)
        text = parsed.entries[0].text if parsed.entries else ""
        reason = "" if text else " ".join(parsed.warnings)
    except ParseError as error:
        reason = str(error)
    plain = trafilatura.extract(body, include_comments=False) or ""
    expected = facts.get("expected", {}).get("cleaned_text", "")
    return Page(path.stem, words(expected), words(text), words(plain), reason)


def words(text: str) -> list[str]:
    """Return the words of a text in one case."""
    return _WORD.findall(text.casefold())


def word_f1(found: list[str], expected: list[str]) -> float:
    """Return the harmonic mean of precision and recall of words; their order does not count."""
    common = (Counter(found) & Counter(expected)).total()
    return 2 * common / (len(found) + len(expected)) if common else 0.0


def _before(text: list[str], expected: list[str]) -> int | None:
    """Return the number of words before the start of the expected text, ``None`` if it is not there."""
    start = expected[:START]
    return next((at for at in range(len(text)) if text[at : at + START] == start), None)


def _mean(values: Sequence[float], digits: int) -> float | None:
    """Return the mean, ``None`` of no values."""
    return round(fmean(values), digits) if values else None


def _figures(pages: list[Page]) -> dict[str, object]:
    read = [page for page in pages if page.syndicate and page.trafilatura]
    whole = [page for page in pages if len(page.expected) >= WHOLE and page.trafilatura]
    begun = [page for page in pages if len(page.expected) >= START and page.trafilatura]
    starts = {
        side: [_before(getattr(page, side), page.expected) for page in begun]
        for side in ("syndicate", "trafilatura")
    }
    return {
        "pages": len(pages),
        "refused": sum(bool(page.reason) and page.reason != SUBSCRIBERS_ONLY for page in pages),
        "for_subscribers": sum(page.reason == SUBSCRIBERS_ONLY for page in pages),
        "empty_trafilatura": sum(not page.trafilatura for page in pages),
        "agreement": _mean([word_f1(page.syndicate, page.trafilatura) for page in read], 3),
        "whole_texts": len(whole),
        **{
            f"word_f1_{side}": _mean([word_f1(getattr(page, side), page.expected) for page in whole], 3)
            for side in ("syndicate", "trafilatura")
        },
        "starts": len(begun),
        **{f"start_found_{side}": sum(at is not None for at in found) for side, found in starts.items()},
        **{
            f"words_before_{side}": _mean([at for at in found if at is not None], 1)
            for side, found in starts.items()
        },
    }


if __name__ == "__main__":
    main()
