"""Requests that post, edit and log in, and the meaning of the answers of each network."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from syndicate.net.http_types import SentAnswer, SentRequest
from syndicate.posting.network_kinds import Network, PostContent, utf16_units
from syndicate.posting.post_text import as_html, post_text

_FACET = re.compile(r"(?P<tag>(?<!\w)#\w+)|(?P<link>https?://\S+)")
_BASE32 = "234567abcdefghijklmnopqrstuvwxyz"
# Answers that mean: not taken, and later perhaps. Others of 5xx may have been taken before they failed.
_LATER = (401, 403, 404, 408, 425, 429, 503)
# Bluesky tells the end of a session, after two hours, with the status 400.
_SAID_LATER = (
    *("ratelimited", "invalid_auth", "channel_not_found", "not_in_channel"),
    *("ExpiredToken", "InvalidToken"),
)
_LONGEST_WAIT = 7 * 86_400.0
_MAX_REASON = 200
Session = Mapping[str, Any]
"""Session of Bluesky: ``did`` and ``accessJwt``, and the picture of the card as ``thumb``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAnswer:
    """Meaning of an answer: ``sent`` with the post's id, ``deferred``, ``failed``, or ``uncertain``."""

    state: str
    remote_id: str = ""
    error: str = ""
    wait: float | None = None


def post_request(
    network: Network,
    content: PostContent,
    key: str,
    created: datetime,
    *,
    remote_id: str = "",
    session: Session | None = None,
) -> SentRequest:
    """Return the request that posts, or that changes the post ``remote_id`` in place.

    ``key`` identifies the post to networks that recognise repetitions.
    """
    text, secret, address = post_text(network, content), network.secret, _address(network)
    bearer = {"Authorization": f"Bearer {secret}"}
    match network.kind:
        case "webhook":
            event = "story.changed" if remote_id else "story.posted"
            return _json(address, _webhook_body(event, key, created, text, content))
        case "slack" if secret.startswith("https://"):
            return _json(secret, {"text": text})
        case "slack":
            channel, _, stamp = remote_id.partition(" ")
            url = f"{address}/api/chat.{'update' if remote_id else 'postMessage'}"
            edited = {"ts": stamp} if remote_id else {}
            return _json(url, {"channel": channel or network.to, "text": text, **edited}, bearer)
        case "discord":
            url = f"{secret}/messages/{remote_id}" if remote_id else f"{secret}?wait=true"
            body = {"content": text, "allowed_mentions": {"parse": []}}
            return _json(url, body, method="PATCH" if remote_id else "POST")
        case "telegram":
            url = f"{address}/bot{secret}/{'editMessageText' if remote_id else 'sendMessage'}"
            edited_id = {"message_id": int(remote_id)} if remote_id else {}
            return _json(url, _telegram_body(network, text, content) | edited_id)
        case "matrix":
            url = f"{address}/_matrix/client/v3/rooms/{quote(network.to, '')}/send/m.room.message/{key}"
            return _json(url, _matrix_body(text, content, remote_id), bearer, "PUT")
        case "mastodon" if remote_id:
            return _json(f"{address}/api/v1/statuses/{quote(remote_id, '')}", {"status": text}, bearer, "PUT")
        case "mastodon":
            status = {"status": text} | ({"language": content.language[:2]} if content.language else {})
            return _json(f"{address}/api/v1/statuses", status, bearer | {"Idempotency-Key": key})
        case _:
            return _bluesky_request(address, text, content, key, created, session or {})


def login_request(network: Network) -> SentRequest:
    """Return the request that opens a session of Bluesky."""
    url = f"{_address(network)}/xrpc/com.atproto.server.createSession"
    return _json(url, {"identifier": network.to, "password": network.secret})


def upload_request(network: Network, session: Session, picture: bytes, media_type: str) -> SentRequest:
    """Return the request that uploads the picture of a card to Bluesky."""
    headers = {"Authorization": f"Bearer {session.get('accessJwt', '')}", "Content-Type": media_type}
    url = f"{_address(network)}/xrpc/com.atproto.repo.uploadBlob"
    return SentRequest(url=url, headers=headers, body=picture)


def read_answer(network: Network, answer: SentAnswer, key: str) -> PostAnswer:
    """Return the meaning of an answer to a post, an edit or a login."""
    told = answer.json()
    said = _short(told.get("error") or told.get("description") or told.get("message") or "")
    asked = [told.get("retry_after"), _object(told.get("parameters")).get("retry_after")]
    seconds = [float(value) for value in asked if isinstance(value, (int, float)) and 0 < value < 1e9]
    waits = [*filter(None, (answer.retry_after, *seconds))]
    wait = min(max(waits), _LONGEST_WAIT) if waits else None
    error = f"{network.name} answered {answer.status}{f': {said}' if said else ''}"
    # Slack reports errors under the status 200, and so do relays of Telegram.
    refused = network.kind in ("slack", "telegram") and told.get("ok") is False
    status = told.get("error_code") if refused and answer.is_good else answer.status
    if answer.is_good and not refused:
        return PostAnswer(state="sent", remote_id=_remote_id(network, told, key))
    if status == 400 and "message is not modified" in said:
        return PostAnswer(state="sent")
    if status in _LATER or said in _SAID_LATER:
        return PostAnswer(state="deferred", error=error, wait=wait)
    return PostAnswer(state="uncertain" if answer.status >= 500 else "failed", error=error, wait=wait)


def record_key(created: datetime, post_id: int) -> str:
    """Return the key of a Bluesky record (TID): sorted by time, and always the same for a post."""
    number = int(created.timestamp() * 1_000_000) << 10 | post_id % 1024
    return "".join(_BASE32[number >> shift & 31] for shift in range(60, -5, -5))


def facets(text: str) -> list[dict[str, Any]]:
    """Return links and hashtags of a text for Bluesky, by the offsets of their bytes."""
    found = []
    for match in _FACET.finditer(text):
        start, end = (len(text[:place].encode()) for place in match.span())
        if match["tag"]:
            feature = {"$type": "app.bsky.richtext.facet#tag", "tag": match[0][1:]}
        else:
            feature = {"$type": "app.bsky.richtext.facet#link", "uri": match[0]}
        found.append({"index": {"byteStart": start, "byteEnd": end}, "features": [feature]})
    return found


def _bluesky_request(
    address: str, text: str, content: PostContent, key: str, created: datetime, session: Session
) -> SentRequest:
    card = {"uri": content.link, "title": content.title, "description": content.summary}
    card |= {"thumb": session["thumb"]} if session.get("thumb") else {}
    record = {
        "$type": "app.bsky.feed.post",
        "text": text,
        "createdAt": created.isoformat().replace("+00:00", "Z"),
        "facets": facets(text),
        "embed": {"$type": "app.bsky.embed.external", "external": card},
    }
    record |= {"langs": [content.language]} if content.language else {}
    # Putting the same record twice is posting it once.
    body = {"repo": session.get("did", ""), "collection": "app.bsky.feed.post", "rkey": key, "record": record}
    headers = {"Authorization": f"Bearer {session.get('accessJwt', '')}"}
    return _json(f"{address}/xrpc/com.atproto.repo.putRecord", body, headers)


def _webhook_body(event: str, key: str, created: datetime, text: str, content: PostContent) -> dict[str, Any]:
    data = asdict(content) | {"text": text}
    return {"id": key, "type": event, "created": created.isoformat(), "data": data}


def _telegram_body(network: Network, text: str, content: PostContent) -> dict[str, Any]:
    body: dict[str, Any] = {"chat_id": network.to, "text": text}
    body["link_preview_options"] = {"url": content.link}
    if text.startswith(content.title):
        body["entities"] = [{"type": "bold", "offset": 0, "length": utf16_units(content.title)}]
    return body


def _matrix_body(text: str, content: PostContent, remote_id: str) -> dict[str, Any]:
    rich = {"format": "org.matrix.custom.html", "formatted_body": as_html(text, content.link)}
    new = {"msgtype": "m.notice", "body": text} | rich
    replaced = {"m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": remote_id}}
    return new | (replaced if remote_id else {})


def _remote_id(network: Network, told: Mapping[str, Any], key: str) -> str:
    match network.kind:
        case "slack":
            return _short(f"{told['channel']} {told['ts']}") if {"channel", "ts"} <= told.keys() else key
        case "telegram":
            number = _object(told.get("result")).get("message_id")
            return str(number) if isinstance(number, int) else ""
        case "webhook":
            return key
        case kind:
            return _short(told.get({"matrix": "event_id", "bluesky": "uri"}.get(kind, "id"), ""))


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _address(network: Network) -> str:
    return (network.address or network.facts.address).rstrip("/")


def _json(
    url: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None, method: str = "POST"
) -> SentRequest:
    fields = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    return SentRequest(url=url, method=method, headers=fields, body=json.dumps(body).encode())


def _short(text: object) -> str:
    line = " ".join(str(text).split())
    return "".join(character for character in line if character.isprintable())[:_MAX_REASON]
