"""Static site: data in, bytes out. Pages are under ``site/``, the feeds beside it.

Links are relative (``site_paths.root_of``). Shared parts (head, masthead, footer, top and trending) are
rendered once per folder depth and inserted as finished markup, because an article page has to cost well under
a millisecond: a new article may rewrite hundreds of pages.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from html import escape
from http import HTTPStatus
from posixpath import dirname, relpath
from typing import Final
from urllib.parse import quote, urlsplit

from syndicate.errors import RenderError
from syndicate.model import (
    NO_BRAND,
    Brand,
    Channel,
    Newsletter,
    PublishedArticle,
    archive_feed,
    archive_folder,
    known_since,
)
from syndicate.publish.channel_query import only_section
from syndicate.publish.feeds.entries import corrected_at
from syndicate.publish.lead_image import shows_image
from syndicate.publish.page_context import ArticlePage, Page
from syndicate.publish.publish_options import PublishOptions
from syndicate.publish.site_headline import Headline, NamedPath, may_show, publisher_page
from syndicate.publish.site_metadata import (
    caption_of,
    lede_of,
    named_links,
    nested_headings,
    news_article,
    with_alternatives,
)
from syndicate.publish.site_paths import (
    ARCHIVE_PATH,
    ASSETS_FOLDER,
    FEEDS_PATH,
    FRONT_PATH,
    LATEST_PATH,
    SOURCES_PATH,
    author_path,
    list_feed,
    root_of,
    section_path,
    tag_path,
)
from syndicate.publish.site_view import NewsletterOffer, SiteView
from syndicate.templating import Markup, Templates, caught
from syndicate.text.accent import accent_rules
from syndicate.text.markup import NO_MARKUP, clean_markup
from syndicate.text.names import spellings, tag_key
from syndicate.text.plain import paragraph

# Minimum number of articles on the page of a tag with a feed of its own.
FEED_MINIMUM: Final = 10
_ARTICLE: Final = "pages/article.html"
# Pages that the frame of every page marks as the current page.
_FRAMED: Final = frozenset({FRONT_PATH, LATEST_PATH, FEEDS_PATH, ARCHIVE_PATH, SOURCES_PATH})
_STYLE: Final = "site.css"
_ASSETS: Final = (
    _STYLE, "lists.css", "newsletters.css", "site.js", "proof-of-work.js", "favicon.svg", "favicon.png",
    "icon-180.png", "icon-192.png", "icon-512.png",
)  # fmt: skip

_READ_MORE: Final = 3
_MORE: Final = 6
_OTHERS: Final = 5
# Variables around each page of a folder depth and section, and the feeds in them.
_Frame = tuple[Mapping[str, object], tuple[NamedPath, ...]]
# A publisher's "updated" a few seconds after "published" comes from software and is no news.
_MIN_VISIBLE_UPDATE: Final = timedelta(minutes=1)


class SitePages:
    """Pages of a build. The same input gives the same bytes.

    ``sections`` are the sections with a page, in the order of the navigation; ``tags`` and ``authors`` the
    keys of tags and authors with a page, which the caller may replace between pages. ``channels`` are all
    output feeds, the main feed first; the archives of ``newsletters`` are listed beside them; sign-up forms
    show ``offers``. Each page raises ``RenderError`` if its template fails.
    """

    def __init__(
        self,
        templates: Templates,
        options: PublishOptions,
        *,
        channels: Sequence[Channel] = (),
        newsletters: Sequence[Newsletter] = (),
        sections: Sequence[str] = (),
        tags: Collection[str] = (),
        offers: Sequence[NewsletterOffer] = (),
    ) -> None:
        self._templates = templates
        self._options = options
        self._channels = tuple(channels)
        self._archives = tuple(
            NamedPath(
                name=quote(archive_folder(newsletter.name)),
                title=newsletter.title,
                path=quote(archive_feed(newsletter.name)),
            )
            for newsletter in newsletters
        )
        self.sections = tuple(NamedPath(name=name, path=section_path(name)) for name in sections)
        self._section_names = {tag_key(section.name): section.name for section in self.sections}
        section_paths = {tag_key(section.name): section.path for section in self.sections}
        self.site = SiteView.of(options, section_paths, offers)
        self.brands = tuple(dict.fromkeys(newsletter.brand for newsletter in newsletters))
        self.tags = tags
        self.authors: Collection[str] = ()
        self._parts: dict[tuple[object, ...], Markup] = {}
        self._frames: dict[tuple[str, str, datetime | None], _Frame] = {}

    def article_pages(
        self,
        items: Sequence[PublishedArticle],
        headlines: Sequence[Headline],
        more: Mapping[str, Sequence[Headline]],
        **lists: Sequence[Headline],
    ) -> list[bytes | RenderError]:
        """Return each article's page, or the error in its place; ``more`` maps sections to their articles."""
        contexts = [
            caught(partial(self._article, item, headline, more_from_section=more[headline.section], **lists))
            for item, headline in zip(items, headlines, strict=True)
        ]
        whole = [context for context in contexts if not isinstance(context, RenderError)]
        texts = iter(self._templates.render_each(_ARTICLE, whole))
        pages = (context if isinstance(context, RenderError) else next(texts) for context in contexts)
        return [page if isinstance(page, RenderError) else _encoded(page) for page in pages]

    def _article(
        self,
        item: PublishedArticle,
        headline: Headline,
        *,
        top: Sequence[Headline] = (),
        trending: Sequence[Headline] = (),
        more_from_section: Sequence[Headline] = (),
    ) -> Mapping[str, object]:
        """Return the context of an article page, on which each link stands once."""
        article, canonical = item.article, item.link or self.absolute(item.article.path)
        root, name = root_of(article.path), self.section_name(article.section)
        section = self._section(name)
        shows, published = may_show(item), known_since(article.published)
        image, summary = (article.image, article.summary) if shows else (None, "")
        body = item.html or paragraph(summary)
        others, related, foreign = _linked(item, headline)
        linked = {article.path, *(other.path for other in item.coverage)}
        linked |= {other.path for other in (*others, *related, *foreign)}
        more = _without(more_from_section, linked | {other.path for other in (*top, *trending)})
        told = {headline.story.path} if headline.story else set()
        more = [other for other in more if not other.story or other.story.path not in told][:_MORE]
        page = ArticlePage(
            canonical=canonical,
            article=article,
            source=item.source,
            source_feed=list_feed("sources", item.source.name) if self._options.automatic_channels else "",
            external=publisher_page(item),
            summary=summary,
            updated=article.updated if article.updated - published >= _MIN_VISIBLE_UPDATE else None,
            corrected=corrected_at(article) is not None,
            headline=headline,
            lede=lede_of(summary, item.text),
            image=image,
            share_image=image,
            description=summary,
            feeds=self.section_feeds(name) + self.named_feed("sources", item.source.name),
            caption=caption_of(image, article.title),
            others=others[:_OTHERS],
            figure=None if image is None or shows_image(item.html, image.url) else image,
            enclosures=article.enclosures if shows else (),
            body=clean_markup(with_alternatives(named_links(nested_headings(body)))),
            json_ld=news_article(item, canonical, self._options, section),
            share=f"mailto:?subject={quote(article.title, errors='replace')}&body={quote(canonical)}",
            section=section,
            tags=_named(article.tags, self.tags, tag_path),
            authors=_named(article.authors, self.authors, author_path),
            coverage=others,
            related=related,
            other_languages=foreign,
            sources=item.sources,
            foreign_sources=item.foreign_sources,
            more_from_section=self._more_from_section(root, name, more),
            rail=self.rail(article.path, _without(top, linked), _without(trending, linked)),
        )
        return self._variables(root, page, section.path if section else "", self.site)

    def section_name(self, name: str) -> str:
        """Return the spelling of a section on its page."""
        return self._section_names.get(tag_key(name), name)

    def page(
        self, template: str, path: str, page: Page, section: str = "", updated: datetime | None = None
    ) -> bytes:
        """Render a page in the frame of its folder depth and section.

        ``updated`` is the arrival of the newest article, for pages that every article rewrites.
        """
        site = replace(self.site, updated=updated) if updated else self.site
        current = path if path in _FRAMED else self.site.section_path(section)
        variables = self._variables(root_of(path), page, current, site)
        return _encoded(self._templates.render(template, **variables))

    def server_variables(self, page: Page) -> Mapping[str, object]:
        """Return the variables of a page of the web server; its links begin with the path of the site."""
        root = f"{urlsplit(self._options.site_url).path.rstrip('/')}/"
        return self._variables(root, page, "", self.site)

    def not_found_page(self) -> bytes:
        """Return the page for missing addresses on hosts of files; it may be shown at any address."""
        context = {**self.server_variables(Page(canonical="")), "code": HTTPStatus.NOT_FOUND.value, "top": ()}
        return _encoded(self._templates.render("pages/problem.html", **context))

    def absolute(self, path: str) -> str:
        """Return the absolute address of a path in the output folder."""
        return f"{self._options.site_url}/{path}"

    def assets(self) -> Mapping[str, bytes]:
        """Return style sheet, script and icons by their path in the output folder."""
        files = {ASSETS_FOLDER + name: self._templates.read("pages/" + name) for name in _ASSETS}
        site = self._options.brand
        files[ASSETS_FOLDER + _STYLE] += _rules(site, NO_BRAND)
        return files | {brand.style: _rules(brand, site) for brand in self.brands if brand.name}

    def _variables(self, root: str, page: Page, current: str, site: SiteView) -> Mapping[str, object]:
        around, main = self._frame(root, current, site)
        feeds = tuple(feed for feed in page.feeds if feed not in main)
        links = self.part("pages/parts/feed_links.html", root, feeds=feeds)
        return {**around, **page.variables(), "feeds": page.feeds, "feed_links": links}

    def _shared(self, root: str, site: SiteView) -> dict[str, object]:
        return {"site": site, "direction": site.direction, "root": root}

    def part(self, template: str, root: str, *inputs: object, **variables: object) -> Markup:
        """Return a part of pages as finished markup, rendered once for each combination of inputs.

        Without ``inputs`` all variables count.
        """
        key = template, root, *(inputs or variables.values())
        if key not in self._parts:
            self._parts[key] = self._templates.fragment(template, **self._shared(root, self.site) | variables)
        return self._parts[key]

    def _frame(self, root: str, current: str, site: SiteView) -> _Frame:
        """Return the parts around each page, and the feeds that they name.

        ``current`` is the path of a link in them.
        """
        key = root, current, site.updated
        if key not in self._frames:
            # Most pages name only the main channel: they need no update when another channel goes.
            feeds = tuple(map(_feed, self._channels if current == FRONT_PATH else self._channels[:1]))
            archives = self._archives if current == FRONT_PATH else ()
            shown = {"site": site, "sections": self.sections, "feeds": feeds}
            top, below = {**shown, "current": current}, {**shown, "newsletters": archives}
            parts = {
                "head": self.part("pages/parts/head.html", root, feeds, site.updated, **shown),
                "masthead": self.part("pages/parts/masthead.html", root, current, site.updated, **top),
                "controls": self.part("pages/parts/controls.html", ""),
                "box": self.part("pages/parts/box.html", root),
                "footer": self.part("pages/parts/footer.html", root, feeds, archives, site.updated, **below),
            }
            self._frames[key] = self._shared(root, site) | parts, feeds
        return self._frames[key]

    def rail(self, path: str, top: Sequence[Headline], trending: Sequence[Headline]) -> Markup:
        """Return the rail of the page at ``path``: top stories, and trending stories not among them."""
        others = _without(trending, {headline.path for headline in top})
        paths = (*(headline.path for headline in top), "", *(headline.path for headline in others))
        return self.part("pages/parts/rail.html", root_of(path), *paths, top=top, trending=others)

    def _more_from_section(self, root: str, section: str, headlines: Sequence[Headline]) -> Markup:
        """Return more headlines from a section as finished markup; most articles show the same."""
        if not headlines:
            return NO_MARKUP
        paths = (headline.path for headline in headlines)
        shown = {"section": section, "headlines": headlines}
        return self.part("pages/parts/more_from_section.html", root, section, *paths, **shown)

    def section_feeds(self, section: str) -> tuple[NamedPath, ...]:
        """Return the channels with exactly this section, else the section's own feed."""
        if not section:
            return ()
        key = tag_key(section)
        declared = tuple(_feed(channel) for channel in self._channels if only_section(channel) == key)
        return declared or self.named_feed("sections", self._section_names.get(key, section))

    def named_feed(self, kind: str, name: str) -> tuple[NamedPath, ...]:
        """Return the feed of a list without a channel; nothing if the site has no such feeds."""
        path = list_feed(kind, name)
        return (NamedPath(name=path, title=name, path=path),) if self._options.automatic_channels else ()

    def _section(self, name: str) -> NamedPath | None:
        return NamedPath(name=name, path=self.site.section_path(name)) if name else None


def redirect_page(path: str, target: str, site_url: str) -> bytes:
    """Return the page at ``path`` that sends browsers to ``target``; both are paths in the output folder.

    The web server recognises the first three lines and responds with 301.
    """
    relative = escape(quote(relpath(target, dirname(path) or ".")))
    address = f"{escape(site_url)}/{quote(target)}"
    return (
        '<!DOCTYPE html>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="refresh" content="0; url={relative}">\n'
        f'<link rel="canonical" href="{address}">\n'
        f'<title>{address}</title>\n<p><a href="{relative}">{address}</a></p>\n'
    ).encode()


def _named(names: Sequence[str], paged: Collection[str], path: Callable[[str], str]) -> list[NamedPath]:
    """Return an article's tags or authors with the paths of their pages or ""; the first spelling counts."""
    return [
        NamedPath(name=name, path=path(name) if key in paged else "")
        for key, name in spellings(names).items()
    ]


def _linked(
    item: PublishedArticle, headline: Headline
) -> tuple[Sequence[Headline], list[Headline], list[Headline]]:
    """Return other reports of the story, then related articles and other languages without these reports."""
    others = headline.story.others if headline.story else list(map(Headline.of_related, item.coverage))
    covering = {other.path for other in (*item.coverage, *others)}
    related = [Headline.of_related(other) for other in item.related if other.path not in covering]
    foreign = [Headline.of_related(other) for other in item.other_languages if other.path not in covering]
    return others, related[:_READ_MORE], foreign


def _encoded(text: str) -> bytes:
    # A lone surrogate must not cost the page.
    return text.encode("utf-8", "replace")


def _feed(channel: Channel) -> NamedPath:
    return NamedPath(name=channel.name, title=channel.title, path=quote(channel.name))


def _without(headlines: Sequence[Headline], paths: Collection[str]) -> list[Headline]:
    return [headline for headline in headlines if headline.path not in paths]


def _rules(brand: Brand, shipped: Brand) -> bytes:
    """Return the rules of a brand's colours, and of its fonts if they differ from ``shipped``.

    The style sheet of a named brand overrides the site's, wherever a page links to it.
    """
    fonts = f"\n:root {{ --serif: {brand.serif}; --sans: {brand.sans}; }}\n"
    rules = accent_rules(brand.accent, brand.accent_dark)
    rules += fonts if brand.font != shipped.font else ""
    return (rules.replace(":root", ":root:root") if brand.name else rules).encode()
