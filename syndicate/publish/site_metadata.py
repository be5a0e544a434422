"""Metadata of pages: JSON-LD (schema.org); and headings, images and links of articles."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from syndicate.model import Image, PublishedArticle
from syndicate.publish.publish_options import PublishOptions
from syndicate.publish.site_headline import Headline, NamedPath, may_show
from syndicate.publish.site_paths import ASSETS_FOLDER, FRONT_PATH
from syndicate.templating import Markup, iso_date
from syndicate.text.markup import script_json, script_list

# Number of characters that show whether a text begins with its summary.
_COMPARED: Final = 60
_CAPTION_WORDS: Final = 4
_HEADING: Final = re.compile(r"<(/?)h([1-6])(?=[\s>])", re.IGNORECASE)
_WITHOUT_ALTERNATIVE: Final = re.compile(r'<img(?![^<>]* alt=")')
_WORDLESS_LINK: Final = re.compile(
    r"<a(?P<attributes> [^<>]*)>(?P<images>(?:\s*<img [^<>]*>)*)(?P<space>\s*)</a>"
)
_ALTERNATIVE: Final = re.compile(r' alt="[^"]*[^"\s]')
_ADDRESS: Final = re.compile(r' href="([^"]*)"')
_DESTINATION: Final = re.compile(
    r"https?://(?P<host>[\w.:-]+)"
    r"(?:/(?:[^?#]*/)?(?P<file>[\w.~-]+\.(?:avif|gif|jpe?g|png|svg|webp))(?=[?#]|\Z)|(?=[/?#]|\Z))",
    re.ASCII | re.IGNORECASE,
)


def news_article(
    item: PublishedArticle, canonical: str, options: PublishOptions, section: NamedPath | None = None
) -> Markup:
    """Return the JSON-LD of an article, safe inside ``<script>``; the publisher is the real publisher.

    Without authors the publisher is the author, as for the page of an organisation.
    """
    article, own = item.article, item.source.own
    theirs: dict[str, object] = {
        "@type": "NewsMediaOrganization",
        "name": item.source.name,
        "url": item.source.home_url,
    }
    publisher = _organisation(options) if own else _filled(theirs)
    crumbs = ((section.name, section.path),) if section and section.path else ()
    facts: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.title,
        "url": canonical,
        "mainEntityOfPage": canonical,
        "datePublished": iso_date(article.published, options.time_zone) if article.dated else "",
        "dateModified": iso_date(article.updated, options.time_zone) if article.dated else "",
        "author": [{"@type": "Person", "name": author} for author in article.authors] or [publisher],
        "publisher": publisher,
        "isPartOf": _site(options) if own else "",
        "inLanguage": article.language,
        "articleSection": article.section,
        "keywords": list(article.tags),
        "description": article.summary if may_show(item) else "",
        "image": [article.image.url] if article.image and may_show(item) else [],
    }
    way = _breadcrumbs(options.title, options.site_url, crumbs)
    return script_list(script_json(_filled(facts)), way)


# Cached: the articles of a section share their way.
@lru_cache(maxsize=256)
def _breadcrumbs(title: str, site_url: str, crumbs: tuple[tuple[str, str], ...]) -> Markup:
    """Return the JSON-LD of the way from the front page to a page, from names and paths."""
    items = [
        {"@type": "ListItem", "position": place, "name": name, "item": f"{site_url}/{path}"}
        for place, (name, path) in enumerate([(title, FRONT_PATH), *crumbs], start=1)
    ]
    return script_json(
        {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": items}
    )


def lede_of(summary: str, text: str) -> str:
    """Return the summary as a lede, unless the text begins with it."""
    start = summary.rstrip(".…")[:_COMPARED]
    return "" if not text or text.lstrip().startswith(start) else summary


def caption_of(image: Image | None, title: str) -> str:
    """Return an image's alternative text as its caption, if it says more than a name or the title."""
    text = image.alt if image else ""
    return "" if text == title or len(text.split()) < _CAPTION_WORDS else text


def site_facts(options: PublishOptions) -> Markup:
    """Return the JSON-LD of the front page: the site, and its search if the web server answers it."""
    search = {
        "@type": "SearchAction",
        "target": f"{options.site_url}/search?q={{query}}",
        "query-input": "required name=query",
    }
    facts: dict[str, object] = {
        "@context": "https://schema.org",
        **_site(options),
        "description": options.description,
        "inLanguage": options.language,
        "publisher": _organisation(options),
        "potentialAction": search if options.search else "",
    }
    return script_json(_filled(facts))


def nested_headings(html: str) -> str:
    """Move the headings of clean HTML below the page's h1, so that no level is skipped (D7)."""
    if "<h" not in html and "<H" not in html:
        return html
    open_levels: list[int] = []

    def moved(heading: re.Match[str]) -> str:
        if not heading[1]:
            level = int(heading[2])
            while open_levels and open_levels[-1] >= level:
                open_levels.pop()
            open_levels.append(level)
        return f"<{heading[1]}h{min(6, 1 + len(open_levels))}"

    return _HEADING.sub(moved, html)


def with_alternatives(html: str) -> str:
    """Give images without alternative text an empty text: screen readers then skip their address."""
    return _WITHOUT_ALTERNATIVE.sub('<img alt=""', html)


def named_links(html: str) -> str:
    """Give every link of clean HTML a name: a link of images without words is named by its target.

    The name is the target's file if that is an image, else its host. Empty links are removed, except for the
    space between two words.
    """
    return _WORDLESS_LINK.sub(_named, html) if "<a " in html else html


def _named(link: re.Match[str]) -> str:
    if ' title="' in link["attributes"] or _ALTERNATIVE.search(link["images"]):
        return link[0]
    if not link["images"]:
        return link["space"]
    address = _ADDRESS.search(link["attributes"])
    destination = _DESTINATION.match(address[1]) if address else None
    if not destination:
        return link[0]
    return f'<a aria-label="{destination["file"] or destination["host"]}"{link[0].removeprefix("<a")}'


def _filled(facts: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in facts.items() if value not in ("", [])}


def collection_facts(
    options: PublishOptions,
    path: str,
    name: str,
    headlines: Sequence[Headline],
    crumbs: Sequence[tuple[str, str]] = (),
    **more: str,
) -> Markup:
    """Return the JSON-LD of a page that lists articles; ``crumbs`` stand between it and the front page.

    ``more`` are further properties of the page. An item has the link of its headline.
    """
    items = [
        {
            "@type": "ListItem",
            "position": place,
            "name": headline.title,
            "url": f"{options.site_url}/{headline.path}" if headline.local else headline.link,
        }
        for place, headline in enumerate(headlines, start=1)
    ]
    facts: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "CollectionPage",
        "name": name,
        "url": f"{options.site_url}/{path}",
        "inLanguage": options.language,
        "isPartOf": _site(options),
        "mainEntity": {"@type": "ItemList", "numberOfItems": len(items), "itemListElement": items},
        **more,
    }
    way = _breadcrumbs(options.title, options.site_url, (*crumbs, *([(name, path)] if name else [])))
    return script_list(script_json(_filled(facts)), way)


def _site(options: PublishOptions) -> dict[str, object]:
    return {"@type": "WebSite", "name": options.title, "url": f"{options.site_url}/{FRONT_PATH}"}


def _organisation(options: PublishOptions) -> dict[str, object]:
    logo = f"{options.site_url}/{options.brand.logo or ASSETS_FOLDER + 'icon-512.png'}"
    return {**_site(options), "@type": "NewsMediaOrganization", "logo": {"@type": "ImageObject", "url": logo}}
