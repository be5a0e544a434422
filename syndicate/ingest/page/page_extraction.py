"""A page with one article → ``ParsedSource`` with one entry. The only importer of trafilatura.

trafilatura finds the text among menus, boxes and comments; what the page declares about itself
(``page_facts``) gives title, authors, dates, language and picture, with trafilatura's guesses where it
declares nothing. The text goes through the one sanitiser like everybody's. Runs in worker processes only.
"""

import logging
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import trafilatura
from trafilatura.htmlprocessing import build_html_output

from syndicate.errors import ParseError
from syndicate.ingest.feed.raw_item import RawItem, Text, entry_of
from syndicate.ingest.html.html_documents import (
    breaks_off,
    paragraphs_of_line_breaks,
    read_html,
    tree_of,
    without_code,
)
from syndicate.ingest.html.tracking_pixels import hides, is_tracking_pixel
from syndicate.ingest.page.page_metadata import PageFacts, page_facts
from syndicate.ingest.page.page_rejection import (
    FEW,
    FOR_SUBSCRIBERS,
    SHORT,
    SeenPage,
    is_teaser,
    why_not_an_article,
)
from syndicate.ingest.written_dates import read_moment
from syndicate.model import Entry, ParsedSource, Paywall
from syndicate.text.plain import clean_line
from syndicate.text.reading_time import measure_reading

LONGER_WITH_PICTURES = 1.1
"""Captions lengthen a text less than this; lists of other articles lengthen it more."""
BREAKS_OFF = "the page breaks off before its end"

# Its notes about odd pages are not news to anybody.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def parse_page(
    body: bytes,
    *,
    url: str,
    content_type: str,
    charset: str,
    known: frozenset[str],
    asked: str = "",
    vouched: bool = True,
    paywall: Paywall = Paywall.RESPECT,
) -> ParsedSource:
    """Read the article on a page that came from ``url``, and was asked for at ``asked`` (default: the same).

    ``vouched`` says that its feed or the operator calls it an article. A sitemap lists imprints
    and lists of tags as well; a page that only a sitemap names has to say itself that it is an article, or
    have a date and a text.

    Behind a paywall the entry has no text: what is left in sight is its summary at most, and a warning says
    so. With ``Paywall.IGNORE`` the entry has the text in sight. Of a page that breaks off the entry is what
    came of it, if anything did. Raises ``ParseError`` for what is no page or no article (error, log-in and
    consent pages).
    """
    asked = asked or url
    text = read_html(body, url=url, content_type=content_type, charset=charset)
    facts = page_facts(text)
    markup = without_code(text)
    tree = tree_of(markup)
    for picture in [item for item in tree.iter("img") if _is_unseen(item)]:
        picture.drop_tree()
    visible = " ".join(tree.text_content().split())
    paragraphs_of_line_breaks(tree)
    # Guessing takes half the time, so only what the page does not declare is guessed.
    found = _extracted(tree, url, guess=not (facts.authors and facts.published))
    entry = _entry(facts, found, url)
    words = measure_reading(entry.text, entry.language).words
    if not entry.title and words >= FEW and (vouched or facts.is_article):
        entry = replace(entry, title=clean_line(entry.text.lstrip().partition("\n")[0], 100))
    seen = SeenPage(
        asked=asked,
        url=url,
        titles=(facts.page_title, facts.heading, facts.title),
        words=words,
        visible=visible,
        markup=markup,
        canonical=facts.canonical,
        declared=facts.is_article,
    )
    reason = why_not_an_article(seen)
    if not vouched and not facts.is_article and not (facts.published and words >= SHORT):
        reason = reason or "it does not say that it is one, and has no date"
    cut_off = breaks_off(text, markup)
    if cut_off and (reason or not entry.title):
        return ParsedSource(cut_off=True, warnings=(BREAKS_OFF,))
    if reason or not entry.title:
        raise ParseError(f"{asked} was not taken for an article: {reason or 'it has no title'}")
    warnings: tuple[str, ...] = ()
    teaser = is_teaser(visible, words, entry.text) and is_teaser(_main_text(markup), words, entry.text)
    if paywall is Paywall.RESPECT and (facts.paywalled or teaser):
        entry = replace(entry, html="", text="")
        warnings = (FOR_SUBSCRIBERS,)
    elif not entry.text:
        warnings = ("no text of an article was found on it",)
    if cut_off:
        warnings = (*warnings, BREAKS_OFF)
    # Of what a reader sees: advertisements, counters and tokens change with every answer.
    item_hash = blake2b(f"{entry.title}\n{entry.html}".encode(), digest_size=16).hexdigest()
    entry = replace(entry, item_hash=item_hash, guid=asked)
    return ParsedSource(
        title=entry.title,
        language=entry.language,
        entries=() if item_hash in known else (entry,),
        item_hashes=(item_hash,),
        warnings=warnings,
        cut_off=cut_off,
    )


def _main_text(markup: str) -> str:
    """Return what a page shows apart from its own header, footer and menus, which offer accounts to all."""
    tree = tree_of(markup)
    for element in list(tree.iter("header", "footer", "nav")):
        if not any(ancestor.tag == "article" for ancestor in element.iterancestors()):
            element.drop_tree()
    return " ".join(tree.text_content().split())


def _is_unseen(picture: Any) -> bool:
    return is_tracking_pixel(picture.attrib) or any(
        hides(str(item.tag), item.attrib) for item in picture.iterancestors()
    )


def _extracted(tree: Any, url: str, *, guess: bool) -> Any:
    """Return the document that trafilatura found, or ``None`` when it finds no text worth the name.

    Pictures of lists and menus beside the text bring those into it, so a much longer text with pictures gives
    way to the one without.
    """

    def extract(*, pictures: bool, guess: bool) -> Any:
        return trafilatura.bare_extraction(
            tree,
            url=url,
            include_comments=False,
            include_formatting=True,
            include_images=pictures,
            include_links=True,
            include_tables=True,
            with_metadata=guess,
        )

    try:
        found = extract(pictures=True, guess=guess)
        if found is not None and found.body is not None and found.body.find(".//graphic") is not None:
            plain = extract(pictures=False, guess=False)
            if plain is not None and _length(found) > _length(plain) * LONGER_WITH_PICTURES:
                found.body = plain.body
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError):
        # What strangers write brings out bugs in any extractor; the page's own facts may still do.
        return None
    return found


def _length(found: Any) -> int:
    return sum(map(len, found.body.itertext()))


def _entry(facts: PageFacts, found: Any, url: str) -> Entry:
    title = facts.title or facts.heading or (found and found.title) or facts.page_title or facts.script_title
    html = build_html_output(found) if found is not None and found.body is not None else ""
    guessed = found.author.split("; ") if found and found.author else []
    raw = RawItem(
        base=url,
        link=url,
        title=Text(title, html=False),
        contents=[Text(html, html=True, base=url)] if html else [],
        summary=Text(facts.summary, html=False),
        authors=list(facts.authors or guessed),
        published=facts.published or _guessed_date(found),
        updated=facts.updated,
        language=facts.language or (found and found.language) or "",
        tags=list(facts.tags),
        images=[facts.image] if facts.image else [],
    )
    entry = _without_heading(entry_of(raw, language="", item_hash=""), facts.heading)
    return replace(entry, section=clean_line(facts.section, 60))


def _guessed_date(found: Any) -> datetime | None:
    return read_moment(found.date, UTC) if found and found.date else None


def _without_heading(entry: Entry, page_heading: str) -> Entry:
    """The entry whose text does not begin with its own title, or the page's heading, once more."""
    heading, _, rest = entry.html.partition("</h2>")
    if not rest or not heading.lstrip().startswith("<h2"):
        return entry
    first, _, others = entry.text.partition("\n")
    if clean_line(first).casefold() not in (entry.title.casefold(), clean_line(page_heading).casefold()):
        return entry
    return replace(entry, html=rest.strip(), text=others.strip())
