"""A large corpus out of a small one: feeds with long entries, several times over, each time in other words.

``python -m benchmarks.reworded FOLDER OUT --times 8`` takes the feeds of FOLDER whose entries cost feedparser
more than ``--above`` times the CPU of the mean entry and writes each of them so many times to OUT. In every
copy but the first, words of the texts are replaced by other words of the same length from the same feeds (by
a seed), and links and ids get a suffix. Markup and sizes stay as their publishers made them, unlike in
invented feeds.
"""

import argparse
import io
import random
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import feedparser

WORD = re.compile(r"(?<![\w&/=\"'#.:%-])[a-z]{4,12}(?![\w/=\"':;%-])")
TAG = re.compile(r"(<[^>]*>|&lt;.*?&gt;)", re.DOTALL)
# What these elements hold is no text, or must stay what it is.
FACTS = re.compile(
    r"<(?:guid|link|id|pubDate|updated|published|url|dc:date|language|author|name|category)\b", re.I
)
ADDRESSES = re.compile(r"<(?:guid|link|id)\b", re.IGNORECASE)
HREF = re.compile(r'(<link [^>]*href=")([^"]+)(")')


def main() -> None:
    """Choose the feeds and write the copies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--times", type=int, default=8)
    parser.add_argument("--above", type=float, default=1.6, help="times what the mean entry costs")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True)
    texts = dict(_long_feeds(arguments.folder, arguments.above))
    pool: dict[int, list[str]] = defaultdict(list)
    for text in texts.values():
        for word in WORD.findall(TAG.sub(" ", text)):
            pool[len(word)].append(word)
    for number in range(arguments.times):
        chance = random.Random(number)
        for name, text in texts.items():
            copy = _reworded(text, number, pool, chance) if number else text
            (arguments.out / f"{number}-{name}").write_text(copy, "utf-8")
    print(f"{arguments.times} times {len(texts)} feeds are in {arguments.out}")


def _long_feeds(folder: Path, above: float) -> Iterator[tuple[str, str]]:
    costs = {
        path: _cost(path) for path in sorted(folder.iterdir()) if path.suffix in (".xml", ".rss", ".atom")
    }
    mean = sum(spent for spent, _ in costs.values()) / sum(entries for _, entries in costs.values())
    for path, (spent, entries) in costs.items():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        if entries > 2 and spent / entries > above * mean:
            yield path.name, text


def _cost(path: Path) -> tuple[float, int]:
    """CPU seconds that feedparser takes for a feed, the less of two runs, and its number of entries."""
    body = path.read_bytes()
    spent = []
    for _ in range(2):
        started = time.process_time()
        entries = len(feedparser.parse(io.BytesIO(body)).entries)
        spent.append(time.process_time() - started)
    return min(spent), entries


def _reworded(text: str, number: int, pool: dict[int, list[str]], chance: random.Random) -> str:
    pieces = TAG.split(text)
    for place in range(0, len(pieces), 2):
        element = pieces[place - 1] if place else ""
        if not FACTS.match(element):
            pieces[place] = WORD.sub(lambda match: chance.choice(pool[len(match[0])]), pieces[place])
        elif ADDRESSES.match(element) and pieces[place].strip():
            pieces[place] = f"{pieces[place].rstrip()}?copy={number}"
    return HREF.sub(lambda match: _marked(match, number), "".join(pieces))


def _marked(link: re.Match[str], number: int) -> str:
    joint = "&amp;" if "?" in link[2] else "?"
    return f"{link[1]}{link[2]}{joint}copy={number}{link[3]}"


if __name__ == "__main__":
    main()
