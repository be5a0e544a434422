"""Parse the files of a local folder of articles.

The folder may contain ``*.md`` (front matter, then CommonMark with tables), ``*.html`` (metadata and
``article``) and ``*.txt`` (copied from a news page). An entry's guid is its path inside the folder, so a
renamed file is a new article. Relative links and images are resolved against
the article's own ``url``, and dropped without it, since neighbouring files are not published. A file without
a date yields an undated entry, since file times change with every copy.
"""

import re
from collections.abc import Iterable
from datetime import tzinfo
from html import escape
from pathlib import Path

from syndicate.errors import ParseError
from syndicate.ingest.feed.raw_item import author_names, distinct_tags
from syndicate.ingest.feed.xml_encoding import BYTE_ORDER_MARKS
from syndicate.ingest.folder.boilerplate import read_copied_text
from syndicate.ingest.folder.folder_reader import HTML, MARKDOWN
from syndicate.ingest.folder.front_matter import split_front_matter
from syndicate.ingest.html.sanitise import CleanedHtml, clean_html
from syndicate.ingest.limits import MAX_SUMMARY_CHARACTERS, MAX_TAG_CHARACTERS
from syndicate.ingest.page.element_metadata import parse_html_file
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.ingest.written_dates import parse_date
from syndicate.model import Entry, Image, ParsedSource
from syndicate.text.language import normalise_language
from syndicate.text.markdown import uncleaned_markdown_html
from syndicate.text.plain import clean_line
from syndicate.text.urls import absolute_url

_FIRST_HEADING = re.compile(r"\s*#\s+(?P<atx>[^\n]+?)\s*#*\s*(?:\n|\Z)")


def parse_file(request: ParseRequest, *, item_hash: str, zone: tzinfo) -> ParsedSource:
    """Parse a file of a folder by its path there; dates are in ``zone``. Raises ``ParseError``."""
    entry = _entry(request.url, request.body, item_hash, zone)
    return ParsedSource(entries=(entry,), item_hashes=(item_hash,))


def _decoded(data: bytes) -> str:
    """Decode by byte order mark, else as UTF-8, else as Windows-1252, with Unix newlines."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            text = data[len(mark) :].decode(encoding, "replace")
            break
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _entry(name: str, data: bytes, item_hash: str, zone: tzinfo) -> Entry:
    text = _decoded(data)
    suffix = Path(name).suffix.lower()
    guid = clean_line(name, 1_000)
    if not text.strip():
        raise ParseError("the file is empty")
    if suffix in MARKDOWN:
        return _markdown_entry(guid, text, item_hash, zone)
    if suffix in HTML:
        return _html_entry(guid, text, item_hash, zone)
    return _text_entry(guid, text, item_hash, zone)


def _markdown_entry(guid: str, text: str, item_hash: str, zone: tzinfo) -> Entry:
    values, body = split_front_matter(text)

    def first(*names: str) -> str:
        return next((value for name in names for value in values.get(name, ()) if value), "")

    title = first("title")
    heading = _FIRST_HEADING.match(body)
    if heading and (not title or clean_line(heading["atx"]) == clean_line(title)):
        title = title or clean_html(uncleaned_markdown_html(f"# {heading['atx']}"), "").text
        body = body[heading.end() :]
    url = absolute_url("", first("url", "canonical", "link"))
    cleaned = clean_html(uncleaned_markdown_html(body), url)
    return Entry(
        guid=guid,
        url=url,
        title=clean_line(title),
        authors=_names([*values.get("authors", ()), *values.get("author", ())]),
        published=parse_date(first("published", "date"), zone),
        updated=parse_date(first("updated", "modified", "lastmod"), zone),
        language=normalise_language(first("language", "lang")),
        html=cleaned.html,
        text=cleaned.text,
        summary=clean_line(first("summary", "description"), MAX_SUMMARY_CHARACTERS),
        section=clean_line(first("section", "category"), MAX_TAG_CHARACTERS),
        tags=_tags([*values.get("tags", ()), *values.get("keywords", ())]),
        image=_image(url, first("image"), first("image_alt"), cleaned),
        item_hash=item_hash,
    )


def _html_entry(guid: str, text: str, item_hash: str, zone: tzinfo) -> Entry:
    page = parse_html_file(text)
    url = absolute_url("", page.canonical or page.first("og:url"))
    cleaned = clean_html(page.body, url)
    names = ("article:published_time", "datepublished", "date", "dc.date", "pubdate")
    return Entry(
        guid=guid,
        url=url,
        title=clean_line(page.first("og:title") or page.heading or page.title),
        authors=_names(page.meta.get("author", ())) or _names(page.meta.get("article:author", ())),
        published=parse_date(page.first(*names) or page.time, zone),
        updated=parse_date(page.first("article:modified_time", "datemodified", "og:updated_time"), zone),
        language=normalise_language(page.language),
        html=cleaned.html,
        text=cleaned.text,
        summary=clean_line(page.first("description", "og:description"), MAX_SUMMARY_CHARACTERS),
        section=clean_line(page.first("article:section"), MAX_TAG_CHARACTERS),
        tags=_tags([*page.meta.get("article:tag", ()), *page.meta.get("keywords", ())]),
        image=_image(url, page.first("og:image"), page.first("og:image:alt"), cleaned),
        item_hash=item_hash,
    )


def _text_entry(guid: str, text: str, item_hash: str, zone: tzinfo) -> Entry:
    article = read_copied_text(text, zone)
    html = "".join(
        f"<{tag}>{escape(part, quote=False)}</{tag}>"
        for position, part in enumerate(article.paragraphs)
        for tag in ("h2" if position in article.headings else "p",)
    )
    cleaned = clean_html(html, "")
    return Entry(
        guid=guid,
        url="",
        title=article.title,
        authors=_names(article.authors),
        published=article.published,
        updated=article.updated,
        html=cleaned.html,
        text=cleaned.text,
        tags=_tags(article.tags),
        image=cleaned.image,
        read_more=tuple(article.read_more),
        minutes=article.minutes,
        item_hash=item_hash,
    )


def _names(values: Iterable[str]) -> tuple[str, ...]:
    """Split lists such as "Ada, Ben and Cem" into distinct names, without URLs and email addresses."""
    parts = (part for value in values for part in re.split(r"\s*[;,،]\s*|\s+(?:and|&)\s+", value))
    return author_names(part for part in parts if "@" not in part)


def _tags(values: Iterable[str]) -> tuple[str, ...]:
    return distinct_tags(tag for value in values for tag in re.split("[,،;]", value))


def _image(base: str, declared_url: str, alt: str, cleaned: CleanedHtml) -> Image | None:
    url = absolute_url(base, declared_url)
    if not url.startswith("http"):
        return cleaned.image
    if cleaned.image and cleaned.image.url == url and not alt:
        return cleaned.image
    return Image(url=url, alt=clean_line(alt))
