"""JSON Feed 1.1 (https://jsonfeed.org/version/1.1): rules J1–J13, related stories by RL6."""

import json
from collections.abc import Sequence
from typing import Any

from syndicate.model import Channel, Enclosure, PublishedArticle, is_dated, known_since
from syndicate.publish.feeds.entries import (
    FeedItem,
    archive_links,
    content_html,
    content_text,
    feed_items,
    feed_url,
    fit_to_limit,
    front_page_url,
    xml_safe_item,
)
from syndicate.publish.feeds.fragments import FragmentCache
from syndicate.publish.publish_options import PublishOptions
from syndicate.text.dates import rfc3339
from syndicate.text.plain import xml_safe


def json_feed(
    channel: Channel,
    articles: Sequence[PublishedArticle],
    options: PublishOptions,
    *,
    cache: FragmentCache | None = None,
    items: Sequence[FeedItem] | None = None,
) -> bytes:
    """Return the channel as JSON Feed 1.1, in UTF-8, at most ``feed_limit_bytes`` long.

    The same channel and articles give the same bytes, whatever the order of the articles. With a ``cache``
    (separate from that of RSS and Atom) only new and changed items are written.
    """
    cached = FragmentCache() if cache is None else cache
    chosen = {article.article.uid: article for article in articles}

    def write(item: FeedItem) -> bytes:
        published = chosen[item.uid]
        inputs = (*item, published.text, [link.score for link in published.related], options)
        fragments = cached.get(item.key, inputs)
        if fragments is None:
            fragments = (_dump(_item(item, published, options)),)
            cached.put(item.key, inputs, fragments)
        return fragments[0]

    head = _dump(_head(channel, options)).removesuffix(b"}") + b',"items":['
    kept = fit_to_limit(
        items or feed_items(channel, articles, options),
        options.feed_limit_bytes - len(head) - 2,
        lambda item: len(write(item)) + 1,
        archive=bool(channel.current),
    )
    return head + b",".join(map(write, kept)) + b"]}"


def _head(channel: Channel, options: PublishOptions) -> dict[str, Any]:
    # No authors here: Miniflux adds them to the authors of every item (seen in 2.2.6).
    title = xml_safe(channel.title).strip() or channel.name
    home = front_page_url(options)
    head: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "home_page_url": home,
        "feed_url": feed_url(channel, options, "json"),
        "next_url": archive_links(channel, options, "json").get("prev-archive"),
        "description": xml_safe(channel.description or options.description),
        "language": channel.language or options.language,
        "hubs": [{"type": "WebSub", "url": options.hub_url}] if options.hub_url and channel.hub else [],
    }
    return {key: value for key, value in head.items() if value}


def _item(item: FeedItem, published: PublishedArticle, options: PublishOptions) -> dict[str, Any]:
    item = xml_safe_item(item)
    # JSON Feed requires content, even of an article with only a title (J4).
    text = content_text(item, published.text, options.time_zone) or item.title
    fields = {
        "id": item.id,
        "url": item.url,
        "title": item.title,
        "content_html": content_html(item, options.time_zone),
        "content_text": text,
        "summary": item.summary,
        "image": item.image.url if item.image else "",
        "date_published": rfc3339(item.published) if item.dated else "",
        "date_modified": rfc3339(item.changed) if item.changed else "",
        "authors": [{"name": name} for name in item.authors],
        "tags": item.tags,
        "language": item.language,
        "attachments": list(map(_attachment, item.enclosures)),
        "_syndicate": _own_fields(item, published, options),
    }
    return {key: value for key, value in fields.items() if value}


def _attachment(file: Enclosure) -> dict[str, Any]:
    facts = {
        "url": file.url,
        "mime_type": file.media_type or "application/octet-stream",
        "title": file.title,
        "size_in_bytes": file.size,
        "duration_in_seconds": file.duration,
    }
    return {key: value for key, value in facts.items() if value}


def _own_fields(item: FeedItem, published: PublishedArticle, options: PublishOptions) -> dict[str, Any]:
    """Return fields that JSON Feed lacks: reading time, source, related stories with scores (RL6)."""
    scores = {link.uid: link.score for link in published.related}
    source = {"name": item.source_name, "url": item.source_home, "feed_url": item.source_url}
    related = [
        {
            "id": f"urn:uuid:{link.uid}",
            "url": link.url,
            "title": link.title,
            "source": link.source_name,
            **({"date_published": rfc3339(link.published)} if is_dated(link.published) else {}),
            **(
                {"score": round(scores[link.uid], 4)} if link in item.related else {"language": link.language}
            ),
        }
        for link in item.related + item.others
    ]
    own: dict[str, Any] = {"about": front_page_url(options), "reading_minutes": item.minutes}
    if not item.dated:
        own["first_seen"] = rfc3339(known_since(item.published))
    if not item.own:
        own["source"] = {key: value for key, value in source.items() if value}
    if item.original_title:
        own["original_title"] = item.original_title
    if related:
        own["related"] = related
    if item.story_url:
        own |= {"story": item.story_url, "sources": item.sources}
    if item.foreign:
        own |= {"sources": item.sources, "sources_in_other_languages": item.foreign}
    return own


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
