"""Parts of the site for frames on other sites: top stories and a story; and their descriptions by oEmbed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from syndicate.jobs.publish.article_views import ArticleViews
from syndicate.jobs.publish.context import PublishContext
from syndicate.publish.publish_options import PublishOptions
from syndicate.store import Connection, Store
from syndicate.store.ingest import article_store, source_store
from syndicate.store.stories import ranked_lists, story_store
from syndicate.templating import Templates

FOLDER = "embed"
TOP_SHOWN, STORY_SHOWN = 5, 6
_TEMPLATE = "pages/embed.html"
_STORY = re.compile(r"/site/stories/[\w%.~-]*-([0-9a-f]{1,15})\.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedJob:
    """Renderer of the documents in frames, from a few rows each."""

    store: Store
    options: PublishOptions
    templates: Templates
    sign_up: bool = False

    def top(self) -> str:
        """Return the document of the top stories."""
        with self.store.read() as connection:
            ranked = ranked_lists.ranked_stories(connection, "top", limit=TOP_SHOWN)
            ids = [story.article_id for story in ranked]
            return self._document(connection, ids, self.options.title, "/site/index.html")

    def story(self, story_id: int) -> str:
        """Return the document of a story, ``""`` for an unknown story."""
        with self.store.read() as connection:
            story = story_store.get_stories(connection, [story_id]).get(story_id)
            if story is None:
                return ""
            rows = story_store.story_articles(connection, ids=[story_id])
            ids = list(dict.fromkeys([story.lead_id, *(row.article_id for row in rows)]))[:STORY_SHOWN]
            page = f"/{story.path}" if story.path else "/site/index.html"
            return self._document(connection, ids, self.options.title, page)

    def describe(self, url: str, max_width: int, max_height: int) -> Mapping[str, Any] | None:
        """Return the oEmbed description of an address of this site; ``None`` for all others.

        Nothing is fetched, and the address itself is not repeated.
        """
        site = self.options.site_url
        if not url.startswith(f"{site}/"):
            return None
        path = url.removeprefix(site).partition("?")[0].partition("#")[0]
        if path in ("/", "/site/", "/site/index.html"):
            source, title, height = "/embed/top", self.options.title, 420
        elif found := _STORY.fullmatch(path):
            source, title, height = f"/embed/story/{int(found[1], 16)}", self.options.title, 360
        elif path == "/subscribe" and self.sign_up:
            source, title, height = "/subscribe/form", self.options.title, 480
        else:
            return None
        width, height = min(600, max_width), min(height, max_height)
        frame = (
            f'<iframe src="{escape(site + source)}" title="{escape(title)}" width="{width}" height="{height}"'
        )
        return {
            "version": "1.0",
            "type": "rich",
            "title": title,
            "provider_name": self.options.title,
            "provider_url": f"{site}/",
            "cache_age": 3600,
            "width": width,
            "height": height,
            "html": f'{frame} loading="lazy" style="border:0"></iframe>',
        }

    def _document(self, connection: Connection, ids: Sequence[int], title: str, page: str) -> str:
        articles, site = article_store.get_articles(connection, ids), self.options.site_url
        shown = [articles[article_id] for article_id in ids if article_id in articles]
        sources = source_store.get_sources(connection, [article.source_id for article in shown])
        items = ArticleViews(sources, site).bare(shown)
        return self.templates.render(
            _TEMPLATE, items=items, title=title, page=f"{site}{page}", base=f"{site}/{FOLDER}",
            language=self.options.language,
        )  # fmt: skip


def write_embeds(context: PublishContext) -> list[str]:
    """Write the top stories, the script of the elements and its style sheet, for static hosts."""
    if not context.options.embeds:
        return []
    job = EmbedJob(store=context.store, options=context.options, templates=context.templates)
    assets = {name: context.templates.read(f"pages/{name}") for name in ("embed.js", "embed.css")}
    files = {"top.html": job.top().encode(), **assets}
    return context.write({f"{FOLDER}/{name}": data for name, data in files.items()})
