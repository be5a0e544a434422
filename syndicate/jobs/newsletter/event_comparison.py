"""Comparison of articles by the events they report, for the selection of an edition's stories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from syndicate.newsletter.compose import Item
from syndicate.newsletter.periods import Period
from syndicate.store import Connection
from syndicate.store.stories import index_rows
from syndicate.store.stories.story_store import StoryArticleRow
from syndicate.stories import Fingerprint, StoryOptions, is_news, is_report, is_update
from syndicate.text.language import is_foreign, main_language

Stories = Mapping[int, Sequence[StoryArticleRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventComparison:
    """Comparison by fingerprints. Articles related with a score of ``same_event`` report the same event."""

    options: StoryOptions
    same_event: float

    def news(
        self, connection: Connection, stories: Stories, told: Mapping[int, object], period: Period
    ) -> tuple[set[int], set[int]]:
        """Return the articles that say something else than the ``told`` articles of their story and language.

        The second set has the articles with news of an event that a told article reported.
        """
        since = period.before.start
        pairs: list[tuple[list[int], list[int]]] = []
        for rows in chain.from_iterable(map(_by_language, stories.values())):
            known = [row.article_id for row in rows if row.article_id in told]
            recent = [row.article_id for row in rows if row.published >= since]
            new = [article_id for article_id in recent if article_id not in told]
            if known and new:
                pairs.append((new, known))
        prints, reports = self._texts(connection, [number for new, known in pairs for number in new + known])
        others, updates = set[int](), set[int]()
        for new, known in pairs:
            if before := [prints[article_id] for article_id in known if article_id in prints]:
                current = prints.keys() & new
                others |= {number for number in current if is_news(prints[number], before, self.options)}
                updates |= {
                    number
                    for number in current & reports
                    if is_update(prints[number], before, self.options, at_least=self.same_event)
                }
        return others, updates

    def same_events(self, connection: Connection, items: Sequence[Item]) -> dict[int, set[int]]:
        """Return for each lead the leads of other items that report its event.

        Two leads report the same event when they are related closely and neither says something else. A
        round-up or an opinion piece reports the event of each report of a story to which it links as related.
        """
        leads = {member.article_id: item.lead_id for item in items for member in item.candidate.members}
        ids = sorted(set(leads.values()))
        prints, reports = self._texts(connection, ids)
        same: dict[int, set[int]] = {}
        for number, related, score in index_rows.related_articles(connection, ids):
            other = leads.get(related, number)
            if number not in reports and other in reports:
                same.setdefault(number, set()).add(other)
            elif other != number and score >= self.same_event and {number, related} <= prints.keys():
                first, second = prints[number], prints[related]
                if is_news(first, [second], self.options) or is_news(second, [first], self.options):
                    continue
                same.setdefault(related, set()).add(number)
                if (number in reports) == (related in reports):
                    same.setdefault(number, set()).add(related)
        return same

    def _texts(self, connection: Connection, ids: Sequence[int]) -> tuple[dict[int, Fingerprint], set[int]]:
        """Return the fingerprints of articles that have the current version, and the ids of reports."""
        facts = index_rows.lead_facts(connection, ids).values()
        prints = {fact.article_id: Fingerprint.unpack_known(fact.terms) for fact in facts}
        reports = {fact.article_id for fact in facts if is_report(fact.title, fact.section, fact.url)}
        return {article_id: terms for article_id, terms in prints.items() if terms is not None}, reports


def _by_language(rows: Sequence[StoryArticleRow]) -> list[list[StoryArticleRow]]:
    """Return the articles of a story by language; articles in an unknown language belong to each."""
    languages = {main_language(row.language) for row in rows} - {""}
    return [
        [row for row in rows if not is_foreign(row.language, language)]
        for language in sorted(languages) or [""]
    ]
