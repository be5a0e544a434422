"""Selection and order of an edition's stories, decided article by article. Pure.

First, ``items_of`` turns each story into items: its articles that are new to the subscribers. Then
``compose`` fills the places of the edition. Without items there is no edition. Every article that is left
out gets a reason. An edition *tells* an article if the article is part of an item of that edition.
"""

import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from syndicate.groups import grouped
from syndicate.model import (
    TOP,
    TRENDING,
    EditionStory,
    LeaveReason,
    LeftOut,
    Newsletter,
    PublishedArticle,
    RankedStory,
    Story,
)
from syndicate.newsletter.periods import Period, is_late

# Time after which a repeated text of a blog is another post, such as a weekly open thread.
ANOTHER_POST = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeOptions:
    """Options of the selection: the balance of sources, and the growth that makes a told story news again.

    ``per_source`` limits the stories of a single source while other sources have stories left. Reports that
    repeat a told story are news when at least ``moved_sources`` more sources cover it and its coverage has
    grown by the factor ``moved_ratio``. Two leads related with a score of ``same_event`` report one event,
    and so do two articles of a story with that similarity.
    """

    per_source: int = 3
    moved_sources: int = 2
    moved_ratio: float = 1.5
    same_event: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Article of a story. ``text`` is the label that articles with the same text share.

    ``matches``: the newsletter's query takes it. ``told_at`` is the cut time of the earlier edition that told
    it (or ``None``), ``told_in`` the edition's id. ``still_news``: it is news in spite of its date, because
    the last edition had no space for it, or its source was read too late. ``is_news``: it names another
    version, number, name or event than every told article. ``updates``: it has news of an event that a told
    article reported. ``language`` is a tag without a region. ``foreign``: the newsletter tells the story in
    another language.
    """

    article_id: int
    source_id: int
    published: datetime
    first_seen: datetime
    text: int
    matches: bool = True
    told_in: int = 0
    told_at: datetime | None = None
    still_news: bool = False
    is_news: bool = False
    updates: bool = False
    language: str = ""
    foreign: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Story that an edition may carry. ``members`` are in the order in which they lead it.

    ``top`` and ``trending`` are its rank in each list, or ``None``.
    """

    story: Story
    members: tuple[Member, ...]
    top: RankedStory | None = None
    trending: RankedStory | None = None

    @property
    def pin(self) -> float:
        """Place to which an editor pinned it, or 0; a pinned story needs no news."""
        return self.top.parts.get("pin", 0) if self.top else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Possible item of an edition.

    ``tells`` are the articles that subscribers know after the edition; ``new`` are the news of the period.
    """

    candidate: Candidate
    lead: Member
    tells: tuple[int, ...]
    new: tuple[int, ...]

    @property
    def lead_id(self) -> int:
        """Id of the lead article."""
        return self.lead.article_id

    @property
    def alone(self) -> bool:
        """True when a single source covers the story."""
        return self.candidate.story.coverage == 1


def only_source(candidates: Iterable[Candidate], period: Period, *, first: bool) -> bool:
    """Return whether all news of a period comes from a single source."""
    members = (member for candidate in candidates for member in candidate.members)
    return len({member.source_id for member in members if _is_fresh(member, period, first=first)}) == 1


def _is_fresh(member: Member, period: Period, *, first: bool) -> bool:
    if not member.matches or member.told_at or member.published >= period.end:
        return False
    return member.still_news or is_news(member.published, member.first_seen, period, first=first)


def is_news(published: datetime, first_seen: datetime, period: Period, *, first: bool) -> bool:
    """Return whether an article belongs to a period: published in it, or just before it and seen too late.

    The first edition (``first``) takes no late articles: a new installation first sees every article now.
    """
    if period.start <= published < period.end:
        return True
    return not first and is_late(published, first_seen, period)


def items_of(
    candidate: Candidate, period: Period, options: ComposeOptions, *, first: bool, everything: bool = False
) -> tuple[tuple[Item, ...], tuple[LeftOut, ...]]:
    """Return the items of a story, and its articles of the period that repeat told articles.

    A story is a single item. A told story returns when its coverage grew, for an article that says
    something else, or for a further post of a source whose post was told. Foreign articles lead no item;
    they are told with their story. ``first``: the first edition. ``everything``: all news of the period
    comes from a single source. Then each post with its own text is an item if no other source covers the
    story, and a text repeated after ``ANOTHER_POST`` is another post.
    """
    members = [member for member in candidate.members if member.published < period.end]
    told = [member for member in members if member.told_at]
    texts = {member.text: member.told_in for member in told}
    every = [member for member in members if _is_fresh(member, period, first=first)]
    alone = everything and len({member.source_id for member in members if member.matches}) == 1
    fresh = [member for member in every if alone or not member.foreign]
    abroad = [member for member in every if member not in fresh]
    foreign = tuple(LeftOut(article_id=member.article_id, reason=LeaveReason.LANGUAGE) for member in abroad)
    again = {member for member in fresh if _is_told(member, told, everything=everything)}
    new = [member for member in fresh if member not in again]
    repeats = tuple(_repeat(member, texts[member.text]) for member in fresh if member in again)
    if not new:
        pinned = [member for member in members if member.matches and candidate.pin and not told]
        items = (_item(candidate, pinned, pinned[:1], members),) if pinned else ()
        return items, repeats + (() if pinned else foreign)
    if alone:
        posts = _posts(candidate, [replace(member, updates=False) for member in new])
        return tuple(posts), repeats + foreign
    if not told:
        return (_item(candidate, new, new + abroad, members),), repeats
    sources = {member.source_id for member in told}
    other = [member for member in new if member.is_news]
    further = other or [member for member in new if member.source_id in sources]
    if not further and not _has_grown(members, every, told, options):
        edition_id = max(texts.values())
        return (), repeats + tuple(_repeat(member, edition_id) for member in new) + foreign
    leads = [member for member in new if member.article_id == candidate.story.lead_id] or further or new
    return (_item(candidate, leads, every, members),), ()


def _is_told(member: Member, told: Iterable[Member], *, everything: bool) -> bool:
    same = [other for other in told if other.text == member.text]
    another = everything and all(
        other.source_id == member.source_id and member.published - other.published >= ANOTHER_POST
        for other in same
    )
    return bool(same) and not another


def _repeat(member: Member, edition_id: int) -> LeftOut:
    return LeftOut(article_id=member.article_id, reason=LeaveReason.REPEATS, detail=str(edition_id or ""))


def _posts(candidate: Candidate, new: Sequence[Member]) -> Iterable[Item]:
    by_age = sorted(new, key=lambda member: (member.published, member.article_id))
    for posts in grouped((member.text, member) for member in by_age).values():
        yield _item(candidate, posts, posts, posts)


def _item(
    candidate: Candidate, leads: Sequence[Member], new: Sequence[Member], members: Sequence[Member]
) -> Item:
    return Item(
        candidate=candidate,
        lead=leads[0],
        tells=tuple(member.article_id for member in members if not member.told_at),
        new=tuple(member.article_id for member in new),
    )


def _has_grown(
    members: Sequence[Member], fresh: Sequence[Member], told: Sequence[Member], options: ComposeOptions
) -> bool:
    """Return whether enough more sources cover a story than at the time it was told.

    Other outlets with the same text count too. A story does not grow by merging: sources that were known at
    the cut count as told.
    """
    cut_at = max(member.told_at for member in told if member.told_at is not None)
    before = {member.source_id for member in members if member.told_at or member.first_seen <= cut_at}
    more = {member.source_id for member in fresh} - before
    return len(more) >= options.moved_sources and len(before | more) >= options.moved_ratio * len(before)


def compose(
    newsletter: Newsletter,
    items: Sequence[Item],
    leads: Mapping[int, PublishedArticle],
    options: ComposeOptions | None = None,
    *,
    same_event: Mapping[int, Collection[int]] | None = None,
    everything: bool = False,
) -> tuple[tuple[EditionStory, ...], tuple[LeftOut, ...]]:
    """Return the stories of an edition in order, positions from 1, and the articles without a place.

    At most ``newsletter.stories`` come from the top list and ``newsletter.trending`` from the trending list.
    With ``everything`` all items are taken, the newest first. ``leads`` has the leads of the listed items by
    article id. ``same_event`` has, by lead, the leads of items that report the same event: such an item
    becomes part of the item that is taken. If the relation is one-sided, as from a round-up to its reports,
    the item ranks after all others. The order of the items does not matter.
    """
    options, events = options or ComposeOptions(), same_event or {}
    choice = _Choice(options.per_source, leads, events)
    top, trending = _newest(items) if everything else _by_rank(items, events)
    top_places = len(top) if everything else newsletter.stories
    chosen = [(TOP, item, item.candidate.top) for item in choice.take(top, top_places)]
    chosen += [
        (TRENDING, item, item.candidate.trending) for item in choice.take(trending, newsletter.trending)
    ]
    parts = choice.parts(items)
    chosen = [entry for entry in chosen if entry[1].lead_id in parts]
    stories = tuple(
        EditionStory(
            story_id=item.candidate.story.id,
            position=position,
            kind=kind,
            coverage=item.candidate.story.coverage,
            lead=leads[item.lead_id],
            tells=tuple(dict.fromkeys(number for part in parts[item.lead_id] for number in part.tells)),
            follow_up=item.lead.updates,
            score=ranked.score if ranked else 0.0,
        )
        for position, (kind, item, ranked) in enumerate(chosen, start=1)
    )
    kept = {item.lead_id for part in parts.values() for item in part}
    ranks = {item.lead_id: rank for rank, item in enumerate(top, start=1)}
    left_out = [
        LeftOut(article_id=article_id, reason=reason, detail=detail)
        for item in items
        if item.lead_id not in kept
        for reason, detail in [choice.reason(item, ranks.get(item.lead_id, 0), newsletter.stories)]
        for article_id in item.new
    ]
    return stories, tuple(sorted(left_out, key=lambda out: out.article_id))


def _newest(items: Sequence[Item]) -> tuple[list[Item], list[Item]]:
    """Return all items, pinned stories first, then by age, and no trending items."""
    return sorted(items, key=lambda item: (item.candidate.pin or sys.maxsize, *_age(item))), []


def _by_rank(
    items: Sequence[Item], same_event: Mapping[int, Collection[int]]
) -> tuple[list[Item], list[Item]]:
    """Return the items of the top list and of the trending list, each by rank."""
    late = {
        lead
        for lead, others in same_event.items()
        if any(lead not in same_event.get(other, ()) for other in others)
    }
    top = _ranked(items, lambda item: item.candidate.top, late)
    return top, _ranked(items, lambda item: item.candidate.trending, late)


def _age(item: Item) -> tuple[float, int]:
    return -item.lead.published.timestamp(), item.lead_id


def _ranked(
    items: Sequence[Item], rank_of: Callable[[Item], RankedStory | None], late: Collection[int]
) -> list[Item]:
    """Return the items of a list: pinned stories by their places, then the other stories by score."""
    pairs = [(item, ranked) for item in items if (ranked := rank_of(item)) is not None]
    pairs.sort(
        key=lambda pair: (
            pair[0].candidate.pin or sys.maxsize,
            pair[0].lead_id in late,
            -pair[1].score,
            pair[1].position,
            pair[0].candidate.story.id,
            *_age(pair[0]),
        )
    )
    return [item for item, _ in pairs]


@dataclass(slots=True)
class _Choice:
    """Items taken so far: each article, link and event once, and a limited number per source."""

    _per_source: int
    _leads: Mapping[int, PublishedArticle]
    _same_event: Mapping[int, Collection[int]]
    _links: dict[str, Member] = field(default_factory=dict)
    _texts: dict[int, int] = field(default_factory=dict)
    _taken: set[int] = field(default_factory=set)
    _led: Counter[int] = field(default_factory=Counter)

    def take(self, ranked: Sequence[Item], count: int) -> list[Item]:
        """Take the best ``count`` in rank order; sources over their limit fill only the places left over."""
        taken: list[tuple[int, Item]] = []
        for limit in (self._per_source, sys.maxsize):
            for rank, item in enumerate(ranked):
                if len(taken) < count and self._accept(item, limit):
                    taken.append((rank, item))
        return [item for _, item in sorted(taken, key=lambda pair: pair[0])]

    def parts(self, items: Sequence[Item]) -> dict[int, list[Item]]:
        """Return each taken item by its lead, with the items that became parts of it."""
        told_by = {item.lead_id: other for item in items if (other := self._told_by(item))}
        ids = self._taken - told_by.keys()
        parts = {item.lead_id: [item] for item in items if item.lead_id in ids}
        for item in items:
            if other := told_by.get(item.lead_id, 0):
                # A round-up that was taken before its report becomes a part of the report.
                while other in told_by:
                    other = told_by[other]
                parts[other].append(item)
        return parts

    def reason(self, item: Item, rank: int, places: int) -> tuple[LeaveReason, str]:
        """Return the reason why an item was not taken, with its detail."""
        if item.alone and rank and rank <= places and self._led[item.lead.source_id] >= self._per_source:
            return LeaveReason.SHARE, str(self._per_source)
        return LeaveReason.NO_ROOM, f"{rank or '-'}/{places}"

    def _told_by(self, item: Item) -> int:
        """Return the lead of a taken item with the same text, page or event, or 0."""
        lead_id = item.lead_id
        other = self._texts.get(item.lead.text, 0)
        if not other and lead_id in self._leads:
            # Posts of one source are separate posts even if they link to the same page.
            same_page = self._links.get(self._leads[lead_id].link, item.lead)
            other = 0 if same_page.source_id == item.lead.source_id else same_page.article_id
        if other in (0, lead_id) and not item.candidate.pin:
            other = min(self._taken & set(self._same_event.get(lead_id, ())), default=0)
        return other if other != lead_id else 0

    def _accept(self, item: Item, limit: int) -> bool:
        source, lead_id = item.lead.source_id, item.lead_id
        # A story of several sources does not count for the source that leads it.
        alone = item.alone and not item.candidate.pin
        if lead_id in self._taken or self._told_by(item) or (alone and self._led[source] >= limit):
            return False
        self._taken.add(lead_id)
        self._links[self._leads[lead_id].link] = item.lead
        self._texts[item.lead.text] = lead_id
        self._led[source] += alone
        return True
