"""Placement of a batch of articles into stories, inside a transaction.

The index decides; this module writes its decisions as rows: new stories, articles in them, merged or split
stories, related links, leads. Until a story has a row, its number is the negative id of an article in it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from syndicate.jobs.stories.leads import refresh_stories
from syndicate.model import PairDecision, ScoredLink
from syndicate.store import Connection
from syndicate.store.output import stale
from syndicate.store.stories import index_rows as placed_store
from syndicate.store.stories import ranked_lists, story_moves, story_store
from syndicate.store.stories.story_moves import StoryMove, StoryReason
from syndicate.store.stories.story_store import UnplacedArticle
from syndicate.stories import (
    MERGED,
    SPLIT,
    ArticleTerms,
    IndexedArticle,
    Placement,
    Regrouping,
    StoryIndex,
    best_first,
    extract_terms,
    without_repeated,
    without_round_ups,
)

# An edit that moved the last article of a story ends the story.
_EDITED = Regrouping(kind=MERGED, story=0, into=0, article_ids=(), similarity=1.0, threshold=1.0)
_MEASURED = ("nearest_id", "nearest", "mean_similarity", "n_compared", "similarity", "threshold")
# Article and its terms; its ``seen_lines`` are those that are remembered of the source once it is placed.
ReadArticle = tuple[UnplacedArticle, ArticleTerms]


def with_terms(articles: Sequence[UnplacedArticle]) -> list[ReadArticle]:
    """Return articles with their terms, without the terms of lines that a source repeats."""
    seen: dict[int, bytes] = {}
    texts, read = [], []
    for article in articles:
        known = seen.get(article.source_id, article.seen_lines)
        is_new = article.story_id is None
        title, text, known = without_repeated(known, article.title, article.text, is_new=is_new)
        seen[article.source_id] = known
        texts.append((title, text, article.language))
        read.append(replace(article, seen_lines=known))
    return [*zip(read, extract_terms(texts), strict=True)]


class Placing:
    """Placement of a batch; used once."""

    def __init__(self, connection: Connection, index: StoryIndex, now: datetime) -> None:
        self._connection = connection
        self._index = index
        self._now = now
        self._placements: dict[int, Placement] = {}
        self._new: list[int] = []
        self._regrouped: list[tuple[int, Regrouping]] = []
        self._touched: set[int] = set()
        # Stories whose articles or related links changed.
        self.moved: set[int] = set()
        # Articles that were placed before, with their former story.
        self._before: dict[int, int] = {}

    def place(
        self,
        waiting: Sequence[ReadArticle],
        decisions: Sequence[PairDecision],
        released: Collection[int] = (),
    ) -> tuple[int, int]:
        """Place the articles in order, then apply the editors' decisions about pairs.

        Return the number of new stories and of known texts. Placed articles stay in their story, except the
        ``released``: an undone decision put them there.
        """
        articles = [article for article, _ in waiting]
        for article_id in released:
            self._index.remove(article_id)
        self._regrouped += self._index.decide(decisions)
        if left := [known.story_id for known in articles if known.id in released and known.story_id]:
            stale.mark_stories(self._connection, left)
        titles = [title for article in articles for title in article.read_more]
        hints = placed_store.articles_with_titles(self._connection, titles)
        for article, terms in waiting:
            self._place_article(article, terms, hints, released)
        self._regrouped += self._index.decide(decisions)
        new = self._create_new_stories()
        places = list(self._places())
        # Other articles add nothing to the lines of their source.
        new_texts = [article for article in articles if article.story_id is None and article.text]
        lines = {article.source_id: article.seen_lines for article in new_texts}
        # Lists show the first article of a text: a new label or a copy may show one and hide another.
        labels = {place.article_id: place.same_text for place in places}
        moved_texts = [known.id for known in articles if known.same_text not in (None, labels[known.id])]
        copies = [number for number, place in self._placements.items() if place.twin is not None]
        stale.mark_lists_with(self._connection, moved_texts)
        story_store.place_articles(self._connection, places, lines.items())
        stale.mark_lists_with(self._connection, {*moved_texts, *copies})
        moved = self._move_stories()
        self._save_reasons()
        ranked_lists.save_neighbours(
            self._connection,
            {article_id: placement.neighbours for article_id, placement in self._placements.items()},
        )
        linking = self._save_links()
        changed = {place.story_id for place in places} | moved | self._end_left_stories()
        refresh_stories(self._connection, changed, self._now)
        gone = {change.story for _, change in self._regrouped} | {*self._before.values()}
        known = {number: self._index.story_of(number) for number in linking if number in self._index}
        old = ranked_lists.stories_of(self._connection, sorted(linking - known.keys()))
        self.moved = changed | gone | old | {story for story in known.values() if story}
        return new, sum(placement.twin is not None for placement in self._placements.values())

    def originals(self) -> list[int]:
        """Return the articles of this batch that are new and copies of no other."""
        places = self._placements.items()
        return [key for key, place in places if key not in self._before and place.twin is None]

    def _place_article(
        self,
        article: UnplacedArticle,
        terms: ArticleTerms,
        hints: dict[str, int],
        released: Collection[int],
    ) -> None:
        # An edited article keeps its story, so that links to it do not break. Only with the text of an
        # article in another story it moves there, since equal texts share a story.
        stays = None if article.id in released else self._story_now(article)
        if article.story_id is not None:
            self._before[article.id] = article.story_id
        self._index.remove(article.id)
        placement = self._index.add(
            IndexedArticle(
                article_id=article.id,
                source_id=article.source_id,
                published=article.published,
                title=article.title,
                terms=terms,
                hints=tuple(hints[title] for title in article.read_more if title in hints),
            ),
            stays=stays,
        )
        if placement.story is None:
            self._new.append(-article.id)
            self._index.assign(article.id, -article.id)
        self._placements[article.id] = placement
        if article.read_more:
            # The articles that it lists may be placed after it.
            self._touched.add(article.id)
        self._regrouped += [(article.id, change) for change in placement.regrouped]
        self._touched.update(placement.touched)

    def _story_now(self, article: UnplacedArticle) -> int | None:
        """Return the story of an edited article after this batch's moves so far."""
        if article.story_id is None or article.id in self._index:
            return self._index.story_of(article.id) if article.id in self._index else None
        return self._merged_into(article.story_id)

    def _merged_into(self, story_id: int) -> int:
        """Return the final story of a story after this batch's merges."""
        for _, change in self._regrouped:
            if change.kind == MERGED and change.story == story_id:
                story_id = change.into
        return story_id

    def _create_new_stories(self) -> int:
        """Create rows and ids for stories that began or split off in this batch and still exist."""
        begun = [*self._new, *(change.into for _, change in self._regrouped if change.into < 0)]
        first_articles = {
            story: articles[0] for story in begun if (articles := self._index.articles_of(story))
        }
        ids = story_store.add_stories(self._connection, list(first_articles.values()), self._now)
        for provisional, story_id in zip(first_articles, ids, strict=True):
            self._index.merge(provisional, story_id)
        return len(ids)

    def _places(self) -> Iterator[story_store.ArticlePlacement]:
        for article_id in self._placements:
            story_id = self._index.story_of(article_id)
            if story_id is None:
                raise AssertionError(f"article {article_id} was placed without a story")
            yield story_store.ArticlePlacement(
                article_id=article_id,
                story_id=story_id,
                same_text=self._index.text_of(article_id),
                terms=self._index.packed(article_id),
            )

    def _move_stories(self) -> set[int]:
        """Write merges and splits; return the stories that now have other articles.

        Articles of this batch already have their final story. The others are moved: with the whole story if
        it has ended, else individually.
        """
        before: dict[int, int] = {}
        for _, change in self._regrouped:
            for article_id in change.article_ids:
                if article_id not in self._placements and change.story > 0:
                    before.setdefault(article_id, change.story)
        moved: set[int] = set()
        for cause, change in self._regrouped:
            if change.kind == MERGED and change.story > 0:
                stored = [number for number in change.article_ids if number not in self._placements]
                move = self._move(cause, change, change.story, change.into, len(stored))
                story_moves.merge_story(self._connection, move)
                moved.add(self._merged_into(change.into))
        return moved | self._split_stories(before)

    def _split_stories(self, before: dict[int, int]) -> set[int]:
        parts: dict[tuple[int, int], list[int]] = {}
        for article_id, story_id in before.items():
            stored, final = self._merged_into(story_id), self._index.story_of(article_id)
            if final is not None and stored != final:
                parts.setdefault((stored, final), []).append(article_id)
        for (story_id, into), article_ids in parts.items():
            first, latest = article_ids[0], reversed(self._regrouped)
            cause, change = next(pair for pair in latest if first in pair[1].article_ids)
            # Even of a whole provisional story that merged, these articles are a part of a stored story.
            part = replace(change, kind=SPLIT)
            move = self._move(cause, part, story_id, into, len(article_ids))
            story_moves.split_story(self._connection, move, article_ids)
        return {story_id for pair in parts for story_id in pair}

    def _end_left_stories(self) -> set[int]:
        """End stories that edited articles left empty; return the other stories that they left."""
        moves: list[StoryMove] = []
        for article_id, story_id in self._before.items():
            stored, final = self._merged_into(story_id), self._index.story_of(article_id)
            if final is not None and stored not in (final, *(move.from_story for move in moves)):
                moves.append(self._move(article_id, _EDITED, stored, final, 1))
        return {*story_moves.close_empty_stories(self._connection, moves)} if moves else set()

    def _move(self, cause: int, change: Regrouping, story: int, into: int, articles: int) -> StoryMove:
        return StoryMove(
            kind=change.kind,
            from_story=story,
            to_story=into,
            article_id=cause,
            articles=articles,
            similarity=change.similarity,
            threshold=change.threshold,
            decision=change.decision,
            moved=self._now,
        )

    def _save_reasons(self) -> None:
        reasons = [
            StoryReason(
                article_id=article_id,
                # For a story without a row then: the present story of its article.
                story_id=max(story_match.story, 0) or self._index.story_of(story_match.nearest_id) or 0,
                placed=self._now,
                **{name: getattr(story_match, name) for name in _MEASURED},
            )
            for article_id, placement in self._placements.items()
            if (story_match := placement.story_match) is not None
        ]
        story_moves.save_reasons(self._connection, list(self._placements), reasons)

    def _save_links(self) -> set[int]:
        """Save related links of new articles, and of older articles that now have a better link.

        Return the articles with changed links or link targets.
        """
        limit = self._index.options.related_limit
        links_by_article: dict[int, Sequence[ScoredLink]] = {
            article_id: placement.candidates for article_id, placement in self._placements.items()
        }
        # An edited article may have the text of another that the same list names.
        edited = sorted(self._before)
        linking = story_store.linking_articles(self._connection, edited) if edited else set()
        renewed = self._touched | {article_id for article_id in linking if article_id in self._index}
        links_by_article |= {number: self._index.related(number) for number in sorted(renewed)}
        # An article that is older than the window may still be the best to read next.
        older = story_store.links_to_others(self._connection, renewed - self._placements.keys(), self._index)
        links_by_article |= {
            number: best_first((*links_by_article[number], *links)) for number, links in older.items()
        }
        named = {link.article_id for links in links_by_article.values() for link in links}
        round_ups = {number for number in named | links_by_article.keys() if self._index.is_round_up(number)}
        lists = {
            article_id: without_round_ups(article_id, links, round_ups)[:limit]
            for article_id, links in links_by_article.items()
        }
        changed = story_store.save_related(self._connection, lists)
        # Include lists of this batch made before their articles were placed anew.
        before = self._before.keys()
        linking |= {number for number, rows in lists.items() if any(row.article_id in before for row in rows)}
        # An article that the index has forgotten may have the same text as another link of its list.
        linking |= older.keys()
        if linking:
            story_store.remove_repeated_links(self._connection, sorted(linking))
        return linking.union(changed)
