"""JSON Feed 1.1 (https://jsonfeed.org/version/1.1): rules J1–J13, related stories by RL6."""

import json
from typing import Any

from syndicate.model import Channel, Enclosure, is_dated, known_since
from syndicate.publish.feeds.entries import FeedItem, archive_links, content_text, feed_url, front_page_url
from syndicate.publish.publish_options import PublishOptions
from syndicate.text.dates import rfc3339
from syndicate.text.plain import xml_safe


def json_head(channel: Channel, options: PublishOptions) -> bytes:
    """Return the part of a document before its items, which commas separate and ``]}`` ends."""
    # No authors here: Miniflux adds them to the authors of every item (seen in 2.2.6).
    title = xml_safe(channel.title).strip() or channel.name
    head: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "home_page_url": front_page_url(options),
        "feed_url": feed_url(channel, options, "json"),
        "next_url": archive_links(channel, options, "json").get("prev-archive"),
        "description": xml_safe(channel.description or options.description),
        "language": channel.language or options.language,
        "hubs": [{"type": "WebSub", "url": options.hub_url}] if options.hub_url and channel.hub else [],
    }
    return _dump({key: value for key, value in head.items() if value}).removesuffix(b"}") + b',"items":['


def json_item(item: FeedItem, content: str, options: PublishOptions) -> bytes:
    """Return an item in writable form (``xml_safe_item``) with its HTML."""
    # JSON Feed requires content, even of an article with only a title (J4).
    text = content_text(item, options.time_zone) or item.title
    fields = {
        "id": item.id,
        "url": item.url,
        "title": item.title,
        "content_html": content,
        "content_text": text,
        "summary": item.summary,
        "image": item.image.url if item.image else "",
        "date_published": rfc3339(known_since(item.published)),
        "date_modified": rfc3339(item.changed) if item.changed else "",
        "authors": [{"name": name} for name in item.authors],
        "tags": item.tags,
        "language": item.language,
        "attachments": list(map(_attachment, item.enclosures)),
        "_syndicate": _own_fields(item, options),
    }
    return _dump({key: value for key, value in fields.items() if value})


def _attachment(file: Enclosure) -> dict[str, Any]:
    facts = {
        "url": file.url,
        "mime_type": file.media_type or "application/octet-stream",
        "title": file.title,
        "size_in_bytes": file.size,
        "duration_in_seconds": file.duration,
    }
    return {key: value for key, value in facts.items() if value}


def _own_fields(item: FeedItem, options: PublishOptions) -> dict[str, Any]:
    """Return fields that JSON Feed lacks: reading time, source, related stories with scores (RL6)."""
    source = {"name": item.source_name, "url": item.source_home, "feed_url": item.source_url}
    related = [
        {
            "id": f"urn:uuid:{link.uid}",
            "url": link.url,
            "title": link.title,
            "source": link.source_name,
            **({"date_published": rfc3339(link.published)} if is_dated(link.published) else {}),
            **({"score": round(link.score, 4)} if link in item.related else {"language": link.language}),
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
