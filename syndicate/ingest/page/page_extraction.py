"""Extract the article of a page to ``ParsedSource`` with a single entry. The only importer of trafilatura.

trafilatura finds the text among menus, boxes and comments. The page's metadata gives title, authors, dates,
language and image; trafilatura guesses missing fields. ``html.sanitise`` cleans the text. For worker
processes only.
"""

import logging
from dataclasses import replace
from datetime import UTC
from hashlib import blake2b
from typing import Any

import trafilatura
from trafilatura.htmlprocessing import build_html_output

from syndicate.errors import ParseError
from syndicate.ingest.feed.raw_item import Text, entry_of
from syndicate.ingest.html import html_documents
from syndicate.ingest.html.tracking_pixels import hides, is_tracking_pixel
from syndicate.ingest.limits import MAX_TAG_CHARACTERS
from syndicate.ingest.page import page_refusal
from syndicate.ingest.page.page_metadata import PageMetadata, read_page_metadata
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.ingest.written_dates import parse_date
from syndicate.model import Entry, ParsedSource, Paywall
from syndicate.text.plain import clean_line
from syndicate.text.reading_time import measure_reading

MAX_LENGTH_RATIO_WITH_IMAGES = 1.1
"""Captions lengthen a text less than this; lists of other articles lengthen it more."""
TRUNCATED_WARNING = "the page breaks off before its end"

# The libraries log irregular pages, which the operator cannot act on.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def parse_page(
    request: ParseRequest,
    *,
    requested_url: str = "",
    is_listed_article: bool = True,
    paywall: Paywall = Paywall.RESPECT,
) -> ParsedSource:
    """Parse the article on a page, fetched after a request for ``requested_url`` (default: its own URL).

    ``is_listed_article`` means that the page's feed or the operator calls it an article. A page known only
    from a sitemap must declare itself an article, or have a date and a text.

    Behind a paywall the entry has no text (the visible teaser with ``Paywall.IGNORE``) and a warning says so.
    Raises ``ParseError`` for a page without article (error, log-in and consent pages).
    """
    text, url = html_documents.read_html(request), request.url
    metadata, entry, page = _read_page(text, requested_url or url, url)
    if (
        not entry.title
        and page.words >= page_refusal.MIN_ARTICLE_WORDS
        and (is_listed_article or metadata.is_article)
    ):
        entry = replace(entry, title=clean_line(entry.text.lstrip().partition("\n")[0], 100))
    reason = page_refusal.refusal_reason(page)
    is_dated_text = metadata.item.published and page.words >= page_refusal.SHORT_PAGE_WORDS
    if not (is_listed_article or metadata.is_article or is_dated_text):
        reason = reason or "it does not say that it is one, and has no date"
    reason = reason or ("" if entry.title else "it has no title")
    cut_off = html_documents.is_truncated(text, page.markup)
    if reason and cut_off:
        return ParsedSource(cut_off=True, warnings=(TRUNCATED_WARNING,))
    if reason:
        raise ParseError(f"{page.requested_url} was not taken for an article: {reason}")
    warnings = (TRUNCATED_WARNING,) if cut_off else ()
    if paywall is Paywall.RESPECT and (metadata.paywalled or _is_teaser(page, entry.text)):
        entry = replace(entry, html="", text="")
        warnings = (page_refusal.SUBSCRIBERS_ONLY, *warnings)
    elif not entry.text:
        warnings = ("no text of an article was found on it", *warnings)
    # Hash only visible content: advertisements, counters and tokens change with every response.
    content_hash = blake2b(f"{entry.title}\n{entry.html}".encode(), digest_size=16).hexdigest()
    entry = replace(entry, item_hash=content_hash, guid=page.requested_url)
    return ParsedSource(
        title=entry.title,
        language=entry.language,
        entries=() if content_hash in request.known else (entry,),
        item_hashes=(content_hash,),
        warnings=warnings,
        cut_off=cut_off,
    )


def _read_page(
    text: str, requested_url: str, url: str
) -> tuple[PageMetadata, Entry, page_refusal.PageEvidence]:
    markup = html_documents.drop_code(text)
    tree = html_documents.parse_tree(markup)
    metadata = read_page_metadata(text, tree, url)
    for image in list(tree.iter("img")):
        around = image.iterancestors()
        if is_tracking_pixel(image.attrib) or any(hides(str(above.tag), above.attrib) for above in around):
            image.drop_tree()
    visible = " ".join(tree.text_content().split())
    html_documents.split_at_line_breaks(tree)
    # Guessing takes half of the time, so trafilatura guesses only missing metadata.
    document = _extract(tree, url, guess=not (metadata.item.authors and metadata.item.published))
    entry = _entry(metadata, document, url)
    evidence = page_refusal.PageEvidence(
        requested_url=requested_url,
        url=url,
        titles=(metadata.page_title, metadata.heading, metadata.title),
        words=measure_reading(entry.text, entry.language).words,
        visible=visible,
        markup=markup,
        canonical=metadata.canonical,
        declared=metadata.is_article,
    )
    return metadata, entry, evidence


def _is_teaser(page: page_refusal.PageEvidence, text: str) -> bool:
    return page_refusal.is_teaser(page.visible, page.words, text) and page_refusal.is_teaser(
        _main_text(page.markup), page.words, text
    )


def _main_text(markup: str) -> str:
    """Return a page's text without header, footer and menus, which offer subscriptions on every page."""
    tree = html_documents.parse_tree(markup)
    for element in list(tree.iter("header", "footer", "nav")):
        if not any(ancestor.tag == "article" for ancestor in element.iterancestors()):
            element.drop_tree()
    return " ".join(tree.text_content().split())


def _extract(tree: Any, url: str, *, guess: bool) -> Any:
    """Return trafilatura's document, ``None`` if it finds no text.

    With images, trafilatura also keeps lists and menus that contain images. If the text with images is much
    longer than without, the result is the text without.
    """

    def extract(*, with_images: bool, guess: bool) -> Any:
        return trafilatura.bare_extraction(
            tree,
            url=url,
            include_comments=False,
            include_formatting=True,
            include_images=with_images,
            include_links=True,
            include_tables=True,
            with_metadata=guess,
        )

    try:
        document = extract(with_images=True, guess=guess)
        body = getattr(document, "body", None)
        if body is not None and body.find(".//graphic") is not None:
            plain = extract(with_images=False, guess=False)
            if plain is not None and _length(document) > _length(plain) * MAX_LENGTH_RATIO_WITH_IMAGES:
                document.body = plain.body
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError):
        # Irregular pages trigger bugs in extractors; the page's metadata may still suffice.
        return None
    return document


def _length(document: Any) -> int:
    return sum(map(len, document.body.itertext()))


def _entry(metadata: PageMetadata, document: Any, url: str) -> Entry:
    guessed_title = document.title if document else ""
    titles = (metadata.title, metadata.heading, guessed_title, metadata.page_title, metadata.script_title)
    html = build_html_output(document) if document is not None and document.body is not None else ""
    guessed_authors = document.author.split("; ") if document and document.author else []
    guessed_date = parse_date(document.date, UTC) if document and document.date else None
    item = metadata.item
    raw = replace(
        item,
        title=Text(next(filter(None, titles), ""), html=False),
        contents=[Text(html, html=True, base=url)] if html else [],
        authors=item.authors or guessed_authors,
        published=item.published or guessed_date,
        language=item.language or (document and document.language) or "",
    )
    entry = _without_heading(entry_of(raw, language="", item_hash=""), metadata.heading)
    return replace(entry, section=clean_line(metadata.section, MAX_TAG_CHARACTERS))


def _without_heading(entry: Entry, page_heading: str) -> Entry:
    """Drop a first heading that repeats the entry's title or the page's heading."""
    heading, _, rest = entry.html.partition("</h2>")
    if not rest or not heading.lstrip().startswith("<h2"):
        return entry
    first, _, others = entry.text.partition("\n")
    if clean_line(first).casefold() not in (entry.title.casefold(), clean_line(page_heading).casefold()):
        return entry
    return replace(entry, html=rest.strip(), text=others.strip())
