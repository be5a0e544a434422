"""The invariants of the pages of stories."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lxml import html
from sqlalchemy import select

from syndicate.model import known_since
from syndicate.publish.feeds.rss_atom import FORMATS
from syndicate.publish.site_paths import story_feed
from syndicate.store import schema
from syndicate.store.stories import story_moves
from tests.invariants.newsroom import Newsroom
from tests.invariants.rows import Row, by_label


def check_13(newsroom: Newsroom) -> Iterator[str]:
    """13: each story of two sources has a page, which shows each text of the story once."""
    members: dict[int, list[Row]] = defaultdict(list)
    for row in newsroom.rows():
        members[row.story or 0].append(row)
    labels = newsroom.labels()
    headlines = newsroom.headlines()
    for story_id, (path, coverage) in _stories(newsroom).items():
        file = newsroom.output / path
        if coverage > 1 and not (path and file.is_file()):
            yield f"story {story_id} of {coverage} sources has no page: {path!r}"
        elif path:
            groups = by_label(members[story_id], labels).values()
            oldest = [min(group, key=_age) for group in groups]
            first = {headlines.get(row.id, row.title) for row in oldest}
            titles = Counter(
                title.text_content() for title in _page(file).xpath("//ol[@class='timeline']//h4")
            )
            if len(first) == len(groups) and titles != Counter(first):
                yield f"{path} shows {dict(titles)}, the story has {sorted(first)}"


def check_14(newsroom: Newsroom) -> Iterator[str]:
    """14: each address that a story ever had is a page, and leads to its present story, if that is there."""
    stories = _stories(newsroom)
    with newsroom.store.read() as connection:
        now = story_moves.current_stories(connection, newsroom.story_paths.values())
    for path, story_id in newsroom.story_paths.items():
        file = newsroom.output / path
        if not file.is_file():
            yield f"{path} of story {story_id} is gone"
            continue
        present, _ = stories.get(now[story_id], (path, 0))
        target = unquote(str(_page(file).xpath("//link[@rel='canonical']/@href")[0]))
        if not target.endswith(f"/{present}"):
            yield f"{path} of story {story_id}, now {now[story_id]}, leads to {target} and not to {present}"


def story_files(newsroom: Newsroom) -> set[str]:
    """Return the files of stories that are there, with the files at their former addresses."""
    paths = {story_id: path for story_id, (path, _) in _stories(newsroom).items() if path}
    with newsroom.store.read() as connection:
        former = story_moves.former_paths(connection, paths)
    pages = {*paths.values(), *(path for some in former.values() for path in some)}
    return pages | {f"{story_feed(path)}.{suffix}" for path in pages for suffix in FORMATS}


def _stories(newsroom: Newsroom) -> dict[int, tuple[str, int]]:
    table = schema.stories
    with newsroom.store.read() as connection:
        rows = connection.execute(select(table.c.id, table.c.path, table.c.coverage))
        return {row.id: (row.path, row.coverage) for row in rows}


def _page(file: Path) -> Any:
    return html.fromstring(file.read_bytes())


def _age(row: Row) -> tuple[datetime, int]:
    return known_since(row.published), row.id
