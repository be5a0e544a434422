"""Results of a search: hits grouped by story and ordered, with the matching words marked. Pure."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from syndicate.groups import grouped
from syndicate.model import SearchHit, known_since
from syndicate.publish.page_context import Page
from syndicate.publish.search.search_query import RELEVANCE, SearchQuery
from syndicate.publish.site_headline import Headline, NamedPath, SourceMark
from syndicate.templating import Markup
from syndicate.text.markup import marked_parts
from syndicate.text.plain import EXCERPT_CHARACTERS, excerpt
from syndicate.text.search_words import MARK, WORD, SearchTerm, fold
from syndicate.text.stemming import SPACELESS, stems

STORIES_ON_A_PAGE = 10
# Characters before the first match that an excerpt shows, and the place up to which it begins with the text.
_BEFORE_MATCH = 80
_NEAR_START = 200
# Loss of a story's score for each doubling of its age in days. A match in the headline counts 1 or 2.
_PER_DOUBLED_AGE = 0.25
_DAYS_AS_BARS = 31
_SECONDS_OF_DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """Value that narrows a search.

    ``link`` has the parameters of the narrower search, or the path of a tag's page. ``share`` is the
    percentage of the largest count of a day, and ``day`` the day itself.
    """

    label: str
    count: int
    link: str
    share: int = 0
    day: date | None = None
    current: bool = False

    @property
    def mark(self) -> SourceMark:
        """Mark of a source."""
        return SourceMark.of(self.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundStory:
    """Story of a result: its best article, up to two others, and the number of ``more`` matching articles.

    Matching words are in ``mark`` elements; the summary of the best article is a passage with such words.
    """

    story_id: int
    best: Headline
    others: Sequence[Headline] = ()
    more: int = 0


@dataclass(frozen=True, kw_only=True)
class SearchPage(Page):
    """Variables of ``pages/search.html``.

    ``articles`` and ``stories`` count all matches; ``capped`` means that there are more. ``problem`` is
    ``no words`` for a search without a word to look for. ``sections``, ``sources`` and ``languages`` are the
    choices of the form, as (value, label). ``days``, ``in_sources`` and ``in_sections`` narrow the search;
    ``words_alone`` counts each word alone if nothing was found. ``pages`` are links to the pages.
    """

    query: SearchQuery
    problem: str = ""
    articles: int = 0
    stories: int = 0
    capped: bool = False
    found: Sequence[FoundStory] = ()
    pages: Sequence[NamedPath] = ()
    days: Sequence[Facet] = ()
    in_sources: Sequence[Facet] = ()
    in_sections: Sequence[Facet] = ()
    words_alone: Sequence[Facet] = ()
    tags: Sequence[Facet] = ()
    sections: Sequence[tuple[str, str]] = ()
    sources: Sequence[tuple[str, str]] = ()
    languages: Sequence[tuple[str, str]] = ()


def ordered_stories(
    hits: Iterable[SearchHit], in_title: Sequence[Collection[int]], order: str, now: datetime
) -> list[list[SearchHit]]:
    """Return the hits of each story, best first, and the stories in the order of the search.

    ``in_title`` are the articles with all words in the headline, and with any. By relevance, a story gains
    by words in a headline and by the number of matching articles, and loses by age.
    """

    def tier(hit: SearchHit) -> int:
        return sum(hit.article_id in ids for ids in in_title)

    newest_first = sorted(hits, key=lambda hit: (hit.published, hit.article_id), reverse=True)
    stories = grouped((hit.story_id, hit) for hit in newest_first)
    if order != RELEVANCE:
        return list(stories.values())

    def score(story: Sequence[SearchHit]) -> float:
        age = max((now - known_since(story[0].published)).total_seconds() / _SECONDS_OF_DAY, 0.0)
        return max(map(tier, story)) + math.log2(1 + len(story)) / 2 - _PER_DOUBLED_AGE * math.log2(1 + age)

    # Both sorts are stable: equal stories, and equal articles of a story, stay newest first.
    ranked = sorted(stories.values(), key=score, reverse=True)
    return [sorted(story, key=tier, reverse=True) for story in ranked]


def shown_hits(story: Sequence[SearchHit]) -> list[SearchHit]:
    """Return the best hit of a story and two others, of further sources if there are any."""
    first_of_source = {hit.source_id: hit for hit in reversed(story)}
    return sorted(story, key=lambda hit: first_of_source[hit.source_id] is not hit)[:3]


def page_links(stories: int, query: SearchQuery) -> list[NamedPath]:
    """Return the pages near the page of a search, the first and the last; the current page has no path."""
    last = math.ceil(stories / STORIES_ON_A_PAGE)
    near = {1, *range(query.page - 3, query.page + 4), last}
    return [
        NamedPath(name=str(page), path="" if page == query.page else f"search?{query.address(page=page)}")
        for page in sorted(near)
        if 1 <= page <= last
    ]


def facets(counts: Counter[tuple[str, str]], query: SearchQuery, field: str, *, limit: int) -> list[Facet]:
    """Return the most frequent values of a field as links; ``counts`` has them as (value, label)."""
    chosen = getattr(query, field)
    return [
        Facet(label=label, count=count, link=query.address(**{field: value}), current=value == chosen)
        for (value, label), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]
    ]


def day_facets(hits: Iterable[SearchHit], query: SearchQuery, zone: ZoneInfo) -> list[Facet]:
    """Return the number of matches on each of the newest days with any, oldest first."""
    counts = Counter(known_since(hit.published).astimezone(zone).date() for hit in hits)
    days = sorted(counts)[-_DAYS_AS_BARS:]
    most = max((counts[day] for day in days), default=1)
    return [
        Facet(
            label=day.isoformat(),
            count=counts[day],
            link=query.address(since=day, until=day),
            share=100 * counts[day] // most,
            day=day,
        )
        for day in days
    ]


def marked_headline(headline: Headline, terms: Sequence[SearchTerm], text: str | None = None) -> Headline:
    """Return a headline with the words marked.

    Its summary becomes a passage of ``text``, all text that may be shown, if only that has the words.
    """
    title = marked(headline.title, terms, headline.language)
    if text is None:
        return replace(headline, title=title)
    passage = headline.summary if _spans(headline.summary, terms, headline.language) else text
    spans = _spans(passage, terms, headline.language)
    if spans and spans[0][0] > _NEAR_START:
        start = passage.rfind(" ", 0, spans[0][0] - _BEFORE_MATCH) + 1
        passage = "…" + passage[start or spans[0][0] - _BEFORE_MATCH :]
    elif not spans:
        passage = headline.summary
    passage = excerpt(passage, EXCERPT_CHARACTERS)
    return replace(headline, title=title, summary=marked(passage, terms, headline.language))


def marked(text: str, terms: Sequence[SearchTerm], language: str) -> Markup:
    """Return a text as markup, with the words of the terms in ``mark`` elements."""
    parts, end = [], 0
    for start, stop in _spans(text, terms, language):
        parts += [(text[end:start], False), (text[start:stop], True)]
        end = stop
    return marked_parts([*parts, (text[end:], False)])


def _spans(text: str, terms: Sequence[SearchTerm], language: str) -> list[tuple[int, int]]:
    """Return the places of the terms in a text, in order and without overlaps."""
    words = [(match.start(), match.end(), match[0]) for match in WORD.finditer(text)]
    found: set[tuple[int, int]] = set()
    for term in terms:
        for phrase in () if term.negated else term.phrases:
            if SPACELESS.match(phrase[0]):
                found.update(_characters(words, phrase))
            else:
                found.update(_words(words, phrase, language, prefix=term.prefix))
    spans: list[tuple[int, int]] = []
    for start, stop in sorted(found):
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(stop, spans[-1][1]))
        else:
            spans.append((start, stop))
    return spans


def _words(
    words: Sequence[tuple[int, int, str]], phrase: Sequence[str], language: str, *, prefix: bool
) -> Iterable[tuple[int, int]]:
    forms = [fold(word) for _, _, word in words]
    if phrase[0].startswith(MARK):
        roots = [MARK + root for root in stems(forms, language)]
        return [place[:2] for place, root in zip(words, roots, strict=True) if root == phrase[0]]
    size = len(phrase)
    *before, last = phrase
    return [
        (words[i][0], words[i + size - 1][1])
        for i, form in enumerate(forms[size - 1 :])
        if (form.startswith(last) if prefix else form == last) and forms[i : i + size - 1] == before
    ]


def _characters(words: Iterable[tuple[int, int, str]], phrase: Sequence[str]) -> Iterable[tuple[int, int]]:
    """Return the places of a run of characters, which the phrase has as pairs."""
    run = "".join(pair[0] for pair in phrase[:-1]) + phrase[-1]
    for start, stop, word in words:
        folded = fold(word)
        place = folded.find(run)
        while place >= 0 and len(folded) == stop - start:
            yield start + place, start + place + len(run)
            place = folded.find(run, place + 1)
