"""Parse the old issues of a newsletter from the exports of other products.

- Substack: ``posts.csv`` and ``posts/ID.SLUG.html``. Mailchimp: ``campaigns.csv`` and HTML files
- Ghost: the JSON export. listmonk: the JSON of ``/api/campaigns``
- Buttondown: Markdown files with front matter. Other products: folders of Markdown, HTML and ``.eml`` files

Each is a record of texts by name; the names in ``_NAMES`` mean the same in all of them. Images stay links.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from email import message_from_bytes, policy
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Any

from syndicate.errors import ParseError
from syndicate.ingest.folder.front_matter import split_front_matter
from syndicate.ingest.html.sanitise import clean_html
from syndicate.ingest.page.element_metadata import parse_html_file
from syndicate.ingest.written_dates import parse_date
from syndicate.text.markdown import markdown_html, uncleaned_markdown_html
from syndicate.text.plain import clean_line
from syndicate.text.tables import table_of
from syndicate.text.urls import canonical_url

SUFFIXES = frozenset({".csv", ".json", ".html", ".htm", ".md", ".markdown", ".eml"})
MAX_HTML_CHARACTERS = 2_000_000
MAX_LEFTOVER_CHARACTERS = 120

Record = dict[str, str]
_TABLE = table_of(__name__)
_NAMES: dict[str, list[str]] = _TABLE["names"]
_ALLOWED: dict[str, list[str]] = _TABLE["allowed"]
_NOT_SENT = ("page", "optin", "thread", "note")
_UNREADABLE = (ParseError, csv.Error, ValueError, LookupError, TypeError, AttributeError, RecursionError)
_PHRASES = _TABLE["phrases"]
_PLACEHOLDER = f"(?:{'|'.join(_PHRASES['placeholders'])})"
# With the spaces before it, if a comma or the end of the sentence follows: "Hi *|FNAME|*,".
_PLACEHOLDERS = re.compile(rf"[ \xa0]{{1,2}}{_PLACEHOLDER}(?=[,.!?:;])|{_PLACEHOLDER}")
_HREF = re.compile(rf"""(\shref\s*=\s*)(["'])[^"'<>]{{0,500}}?{_PLACEHOLDER}[^"'<>]{{0,500}}\2""")
_NOWHERE = "https://placeholder.invalid/"
_TARGET = re.compile(rf"\]\(\s*{_PLACEHOLDER}\s*\)")
_HIDDEN = re.compile(
    r"<(div|span|p)\b[^<>]{0,500}display:\s*none[^<>]{0,500}>[^<]{0,2000}</\1>", re.IGNORECASE
)
_LINK = re.compile(r"<a(?: [^<>]*)?>(.*?)</a>", re.DOTALL)
_FOR_READERS = re.compile(rf"\b(?:{'|'.join(_PHRASES['for_readers'])})\b", re.IGNORECASE)
_LIVE = re.compile("|".join(_PHRASES["live"]), re.IGNORECASE)
_URL = re.compile(r"(?:https?://|mailto:)[^\s<>\"']+", re.IGNORECASE)
# Private-use characters mark removed placeholders and links until the words around them are tidied.
_GONE, _LINK_GONE = "\ue000", "\ue001"
_MARKS = re.compile(rf"(?:[ \xa0]{{0,3}}[{_GONE}{_LINK_GONE}])+(?=[,.;:!?])|[{_GONE}{_LINK_GONE}]")
_TAG_OR_PLACEHOLDER = re.compile(rf"<[^<>]*>|{_PLACEHOLDER}")
_BLOCK = re.compile(
    r"<(p|li|div)(?: [^<>]*)?>((?:(?!</?(?:p|li|div|ul|ol|table|figure|img|h\d)\b).)*)</\1>", re.DOTALL
)
_TAG = re.compile(r"<[^<>]*>")
_LEFTOVER = re.compile(
    r"\W*(?:dear|hello|hi|hey|copyright\W+all rights reserved|our mailing address is)?\W*", re.IGNORECASE
)
_LAYOUT = re.compile(r"<(/?)(?:table|tr|td|caption)(?: [^<>]*)?>|</?(?:tbody|thead|tfoot)(?: [^<>]*)?>")
_EMPTY = re.compile(r"<(p|div|span|li|ul|h[2-6]|strong|em|b|i)(?: [^<>]*)?>(?:\s|&nbsp;)*</\1>")
_META = re.compile("og:|article:|date")
_FILE_DATE = re.compile(r"(?<!\d)(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class OldIssue:
    """Issue that another product sent. ``key`` identifies it in later imports; ``url`` may be ``""``."""

    key: str
    subject: str
    published: datetime
    html: str
    text: str
    url: str = ""


def read_issues(
    files: Iterable[tuple[str, bytes]], zone: tzinfo, old_site: str = ""
) -> tuple[list[OldIssue], list[tuple[str, str]]]:
    """Return the issues of an export, oldest first, and the names of entries left out, with reasons.

    Dates without a zone are in ``zone``. ``old_site`` is the address of the old archive, which the exports of
    Substack and Ghost leave out.
    """
    entries: list[tuple[str, Record]] = []
    pages: dict[str, Record] = {}
    left_out: list[tuple[str, str]] = []
    for name, data in files:
        try:
            found = list(_records(name, data))
        except _UNREADABLE as error:
            left_out.append((name, f"not readable: {error}"))
            continue
        if PurePosixPath(name).suffix.lower() in (".csv", ".json"):
            entries += ((f"{name} {number}", record) for number, record in enumerate(found, start=1))
        else:
            pages[name] = found[0]
    if entries:
        left_out += [(name, "no table of the export lists it") for name in _join(entries, pages)]
    else:
        entries = list(pages.items())
    issues: dict[str, OldIssue] = {}
    for name, record in entries:
        try:
            issue = _issue(name, record, zone, old_site.rstrip("/"))
        except ParseError as error:
            left_out.append((_first(record, "subject") or name, str(error)))
        else:
            if issues.setdefault(issue.key, issue) is not issue:
                left_out.append((issue.subject, f"the same id as {issues[issue.key].subject!r}"))
    return sorted(issues.values(), key=lambda issue: issue.published), left_out


def _records(name: str, data: bytes) -> Iterator[Record]:
    """Yield the records of a file; tables of anything but issues have none."""
    suffix, text = PurePosixPath(name).suffix.lower(), data.decode("utf-8-sig", "replace")
    if suffix == ".eml":
        yield _mail_record(data)
    elif suffix == ".csv":
        for row in _table(text):
            record = {_key(key): str(value or "") for key, value in row.items() if key}
            is_person = "email" in record or "email_address" in record
            # A draft of Substack has no date; its name is enough for the report.
            dated = _first(record, "date") or "is_published" in record
            if _first(record, "subject") and dated and not is_person:
                yield record
    elif suffix == ".json":
        yield from _json_records(json.loads(text))
    elif suffix in (".md", ".markdown"):
        values, body = split_front_matter(text)
        record = {name: listed[0] for name, listed in values.items() if listed}
        html = _markdown(body)
        yield {"title": parse_html_file(html).heading} | record | {"body": html}
    else:
        page = parse_html_file(text[:MAX_HTML_CHARACTERS])
        meta = {name: listed[0] for name, listed in page.meta.items() if _META.match(name)}
        title = page.title or page.heading
        yield {"title": title, "canonical": page.canonical, "date": page.time} | meta | {"body": text}


def _table(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file, whose cells may be as long as an issue."""
    # The limit of the csv module is global: lists of subscribers keep theirs.
    before = csv.field_size_limit(MAX_HTML_CHARACTERS)
    try:
        return list(csv.DictReader(io.StringIO(text, newline="")))
    finally:
        csv.field_size_limit(before)


def _json_records(document: Any) -> Iterator[Record]:
    """Yield the posts of Ghost, or the campaigns of listmonk."""
    if isinstance(document, Mapping) and isinstance(document.get("db"), list) and document["db"]:
        document = document["db"][0]
    data = document.get("data", document) if isinstance(document, Mapping) else document
    lists = [data] if isinstance(data, list) else [data.get(name) for name in ("posts", "results")]
    meta = data.get("posts_meta") or () if isinstance(data, Mapping) else ()
    subjects = {row["post_id"]: row.get("email_subject") for row in meta}
    for row in next((rows for rows in lists if isinstance(rows, list)), []):
        values = {**row, "email_subject": subjects.get(row.get("id"))}
        record = {_key(key): str(value) for key, value in values.items() if value not in (None, "")}
        if record.get("content_type") == "markdown":
            record["body"] = _markdown(record.get("body", ""))
        yield record


def _mail_record(data: bytes) -> Record:
    message = message_from_bytes(data, policy=policy.default)
    headers = {_key(name): str(message.get(name, "")) for name in ("Message-ID", "Subject", "Date")}
    part = message.get_body(("html", "plain"))
    # A part without headers has the length 0.
    body = "" if part is None else str(part.get_content())
    is_html = part is not None and part.get_content_type() == "text/html"
    return headers | {"body": body if is_html else markdown_html(body)}


def _join(entries: Iterable[tuple[str, Record]], pages: Mapping[str, Record]) -> list[str]:
    """Give the entries of a table the bodies of their pages; return the names of the other pages.

    The name of an entry's file is or contains its id or its title.
    """
    free = {_slug(PurePosixPath(name).stem): name for name in pages}
    for _, record in entries:
        if record.get("body") or record.get("html"):
            continue
        keys = [_slug(record.get(name, "")) for name in (*_NAMES["id"], "slug", "title", "subject")]
        stems = [key for key in keys if key in free]
        for key in filter(None, keys if not stems else ()):
            found = [stem for stem in free if f"-{key}-" in f"-{stem}-"]
            stems += found if len(found) == 1 else []
        if stems:
            record["body"] = pages[free.pop(stems[0])]["body"]
    return list(free.values())


def _issue(name: str, record: Record, zone: tzinfo, old_site: str) -> OldIssue:
    """Return the issue of a record; raises ``ParseError`` with the reason if it has none."""
    for field, allowed in _ALLOWED.items():
        if (value := record.get(field, "").lower()) and value not in allowed:
            raise ParseError(f"{field.replace('_', ' ')}: {clean_line(value, 40)}")
    if (kind := record.get("type", "").lower()) in _NOT_SENT:
        raise ParseError(f"type: {kind}")
    subject = clean_line(_PLACEHOLDERS.sub("", _first(record, "subject")))
    file_date = "-".join(match.groups()) if (match := _FILE_DATE.search(name)) else ""
    published = parse_date(_first(record, "date") or file_date, zone)
    html, text = _cleaned(record.get("html") or record.get("body", ""), old_site)
    if not subject or published is None or not text:
        raise ParseError(f"no {'text' if subject and published else 'date' if subject else 'subject'}")
    slug = record.get("slug") or record.get("post_id", "").partition(".")[2]
    own = f"{old_site}/{'p/' if 'post_id' in record else ''}{slug}" if old_site and slug else ""
    # Two products may use the same numbers.
    identity = f"{_first(record, 'id') or name} {published:%Y-%m-%d}"
    key = blake2b(identity.encode(errors="replace"), digest_size=8).hexdigest()
    url = canonical_url(_first(record, "url")) or canonical_url(own)
    return OldIssue(key=key, subject=subject, published=published, html=html, text=text, url=url)


def _cleaned(html: str, old_site: str) -> tuple[str, str]:
    """Return safe HTML and text of an issue, without placeholders and links for its former subscribers."""
    html = html[:MAX_HTML_CHARACTERS].replace("__GHOST_URL__", old_site).replace("@TrackLink", "")
    html = _HREF.sub(rf"\1\2{_NOWHERE}\2", _MARKS.sub("", html))
    html = _TAG_OR_PLACEHOLDER.sub(
        lambda found: _PLACEHOLDERS.sub("", found[0]) if found[0][0] == "<" else _GONE, html
    )
    html = clean_html(_HIDDEN.sub("", parse_html_file(html).body), old_site).html
    html = _LINK.sub(_public_link, html)
    html = _URL.sub(lambda url: "" if _LIVE.search(url[0]) else url[0], html)
    if "<th" not in html:
        # Tables without headings are the layout of a mail.
        html = _LAYOUT.sub(lambda tag: "" if tag[1] is None else f"<{tag[1]}div>", html)
    html = _MARKS.sub("", _BLOCK.sub(_without_leftover, html))
    for _ in range(8):
        html, changes = _EMPTY.subn("", html)
        if not changes:
            break
    cleaned = clean_html(html, old_site)
    return cleaned.html, cleaned.text


def _public_link(link: re.Match[str]) -> str:
    """Return what the archive shows of a link: nothing, or only its text, if it is the subscriber's own."""
    if _NOWHERE in link[0][:200] or _FOR_READERS.search(link[1]):
        return _LINK_GONE
    return link[1] if _LIVE.search(link[0].partition(">")[0]) else link[0]


def _without_leftover(block: re.Match[str]) -> str:
    """Return a block of text, or ``""`` if the removed placeholders and links were its purpose.

    Examples: "Dear …,", "Our mailing address is: …", "You can … or …".
    """
    words = _TAG.sub("", block[2])
    if (_LINK_GONE in words and len(words) <= MAX_LEFTOVER_CHARACTERS) or (
        _GONE in words and _LEFTOVER.fullmatch(words)
    ):
        return ""
    return block[0]


def _markdown(text: str) -> str:
    # Spaces in a placeholder would keep it from being the target of a link.
    return uncleaned_markdown_html(_TARGET.sub(f"]({_NOWHERE})", text))


def _first(record: Mapping[str, str], meaning: str) -> str:
    return next((value for name in _NAMES[meaning] if (value := record.get(name, "").strip())), "")


def _key(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def _slug(text: str) -> str:
    return re.sub(r"[\W_]+", "-", text.casefold()).strip("-")
