"""Decisions of editors about stories; each adds lines to the editor's log."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Any

from syndicate.errors import ActionRefused, NotFound, WrongFields
from syndicate.jobs.admin.actions import perform, recorded_as, refuse_stale
from syndicate.model import Article, EditorAction, EditorDecision
from syndicate.model.actors import ActionResult, Change
from syndicate.store import Connection, Store
from syndicate.store.ingest import article_store, page_store
from syndicate.store.stories import decision_store, story_store
from syndicate.store.stories.story_store import StoryArticleRow
from syndicate.text.plain import clean_line

SCOPE = "stories:write"
MAX_HEADLINE = 300
MAX_PLACE = 50
_SOON = "Lists change within a minute under `syndicate run`, or with `syndicate stories`."
_PAIRS = (EditorAction.MERGE, EditorAction.SPLIT)
_Lines = list[tuple[EditorAction, str, str]]
_Find = Callable[[Connection, Article], _Lines]


def decision_value(action: EditorAction, text: str) -> str:
    """Return the stored value of a decision. Raises ``WrongFields`` for a value that cannot hold."""
    if action is EditorAction.RETITLE:
        value = clean_line(text, MAX_HEADLINE)
        wrong = "" if value else "Write a headline."
    elif action is EditorAction.PIN:
        value = text.strip() or "1"
        known = value.isascii() and value.isdecimal() and 1 <= int(value[:9]) <= MAX_PLACE
        wrong = "" if known else f"The place must be a number from 1 to {MAX_PLACE}."
    elif action is EditorAction.BOOST:
        factor = _number(text)
        value = f"{factor:g}"
        wrong = "" if 0.01 <= factor <= 100 else "The boost must be a number from 0.01 to 100."
    else:
        value = wrong = ""
    if wrong:
        raise WrongFields({action.value: wrong})
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryActions:
    """Decisions about stories, named by the uid of an article.

    Articles older than ``window_days`` are no longer compared: their stories neither merge nor split.
    """

    store: Store
    window_days: float

    def decide(
        self, change: Change, uid: str, action: EditorAction, text: str = "", expires: datetime | None = None
    ) -> ActionResult:
        """Pin, drop, retitle or boost a story, or let its article lead it."""
        return self.decide_several(change, {uid: text}, action, expires)

    def decide_several(
        self, change: Change, texts: Mapping[str, str], action: EditorAction, expires: datetime | None = None
    ) -> ActionResult:
        """Decide the same about several stories in one commit; ``texts`` has a value for each article."""
        values = {uid: decision_value(action, text) for uid, text in texts.items()}

        def lines(connection: Connection, _article: Article) -> _Lines:
            return [(action, article_by_uid(connection, uid).uid, value) for uid, value in values.items()]

        return self._perform(change, action.value, next(iter(values)), lines, expires)

    def save(
        self,
        change: Change,
        uid: str,
        fields: Mapping[str, str],
        expires: datetime | None = None,
        seen: Mapping[str, str] | None = None,
    ) -> ActionResult:
        """Save ``retitle``, ``pin`` and ``boost`` of a form: a line for each changed field.

        An empty field, the publisher's headline and a boost of 1 undo the decision in force. ``seen`` has the
        texts that the form was filled with: a field that says something else by now is refused (stale).
        """
        wrong: dict[str, str] = {}
        wanted: dict[EditorAction, str] = {}
        for name, text in fields.items():
            action = EditorAction(name)
            try:
                wanted[action] = decision_value(action, text) if text.strip() else ""
            except WrongFields as error:
                wrong |= error.fields
        if wrong:
            raise WrongFields(wrong)

        def lines(connection: Connection, article: Article) -> _Lines:
            usual = {EditorAction.RETITLE: article.original_title or article.title, EditorAction.BOOST: "1"}
            found: _Lines = []
            made = {action: _current(connection, article, action, change.now) for action in wanted}
            shown = {
                action.value: now.value if now else usual.get(action, "") for action, now in made.items()
            }
            shown |= {EditorAction.RETITLE.value: article.title}
            refuse_stale(shown, seen or {}, lambda name: now.who if (now := made[EditorAction(name)]) else "")
            for action, current in made.items():
                new = "" if wanted[action] == usual.get(action) else wanted[action]
                if current is not None and new != current.value:
                    found.append((EditorAction.UNDO, uid, str(current.id)))
                if new and (current is None or new != current.value):
                    found.append((action, uid, new))
            return found

        return self._perform(change, "save", uid, lines, expires)

    def merge(self, change: Change, uids: Sequence[str]) -> ActionResult:
        """Merge the stories of several articles into the oldest of them."""

        def lines(connection: Connection, _article: Article) -> _Lines:
            stories = self._stories(connection, uids, change.now)
            if len(stories) < 2:
                raise ActionRefused("already-together", "These articles are in one story already.")
            (first, *rest), found = stories.values(), list[tuple[str, str]]()
            for other in rest:
                found += [(first[0], uid) for uid in other] + [(uid, other[0]) for uid in first[1:]]
            return [(EditorAction.MERGE, *pair) for pair in found]

        return self._perform(change, "merge", uids[0], lines)

    def split(self, change: Change, uids: Sequence[str], to: str = "") -> ActionResult:
        """Give articles of a story a story of their own, or move them to the story of the article ``to``."""

        def lines(connection: Connection, article: Article) -> _Lines:
            moved = [article_by_uid(connection, uid) for uid in uids]
            rows = story_store.story_articles(connection, ids=[article.story_id or 0])
            texts = {known.same_text for known in moved}
            staying = [row for row in rows if row.same_text not in texts]
            if {known.story_id for known in moved} != {article.story_id} or not staying:
                raise ActionRefused(
                    "nothing-stays", "Choose some articles of one story; at least one other must stay."
                )
            self._require_recent(moved, change.now)
            found = [(EditorAction.MERGE, known.uid, article.uid) for known in moved[1:]]
            if to:
                (target,) = self._stories(connection, [to], change.now).values()
                if article_by_uid(connection, to).story_id == article.story_id:
                    raise ActionRefused("already-together", "These articles are in that story already.")
                found += [(EditorAction.MERGE, article.uid, uid) for uid in target]
            stay = self._named(connection, staying, change.now)
            return found + [(EditorAction.SPLIT, article.uid, uid) for uid in stay]

        return self._perform(change, "move" if to else "split", uids[0], lines)

    @recorded_as("article.allow-page", SCOPE)
    def allow_page(self, connection: Connection, _change: Change, uid: str) -> ActionResult:
        """Let editions carry an article whose page answered 404 or 410, until its page is read again."""
        article = article_by_uid(connection, uid)
        if not page_store.allow_gone_page(connection, article.id):
            raise ActionRefused("not-gone", "The page of this article is not known to be gone.")
        message = "Editions may carry the article again."
        return ActionResult(kind="article", id=uid, message=message, after={"page": "allowed"})

    @recorded_as("story.undo", SCOPE)
    def undo(self, connection: Connection, change: Change, number: int) -> ActionResult:
        """Undo the decision of this number, with all merges and splits recorded together with it."""
        in_force = decision_store.decisions(connection, at=change.now)
        found = next((decision for decision in in_force if decision.id == number), None)
        if found is None:
            raise ActionRefused(
                "not-in-force",
                f"decision {number} is not in force; `syndicate editor list` shows the current decisions",
            )
        together = [
            other
            for other in in_force
            if found.action in _PAIRS
            and other.action in _PAIRS
            and (found.recorded, found.who) == (other.recorded, other.who)
        ]
        for decision in together or [found]:
            decision_store.undo_decision(connection, decision.id, who=change.actor.name, now=change.now)
        decision_store.sync_headlines(connection, at=change.now)
        return ActionResult(
            kind="decision",
            id=str(number),
            message=f"Undone: {found.action}. {_SOON}",
            before={"action": found.action, "article": found.article_uid, "value": found.value},
            facts={"undone": number},
        )

    def _perform(
        self, change: Change, name: str, uid: str, lines: _Find, expires: datetime | None = None
    ) -> ActionResult:
        def work(connection: Connection) -> ActionResult:
            found = lines(connection, article_by_uid(connection, uid))
            numbers = []
            for action, article_uid, value in found:
                if action is EditorAction.UNDO:
                    decision_store.undo_decision(
                        connection, int(value), who=change.actor.name, now=change.now
                    )
                    continue
                facts: dict[str, Any] = {"action": action, "article_uid": article_uid, "value": value}
                facts |= {"who": change.actor.name, "now": change.now, "expires": expires}
                numbers.append(decision_store.add_decision(connection, **facts))
            decision_store.sync_headlines(connection, at=change.now)
            return ActionResult(
                kind="decision",
                id=str(numbers[-1]) if numbers else "",
                message=f"Decision {numbers[-1]}. {_SOON}" if numbers else f"Saved. {_SOON}",
                after={"article": uid, "lines": [[action.value, *rest] for action, *rest in found]},
                facts={"decisions": numbers},
                is_change=bool(found),
            )

        return perform(self.store, change, f"story.{name}", SCOPE, work)

    def _stories(self, connection: Connection, uids: Sequence[str], now: datetime) -> dict[int, list[str]]:
        """Return the stories of articles, each with the articles that stand for it."""
        articles = [article_by_uid(connection, uid) for uid in uids]
        ids = dict.fromkeys(article.story_id for article in articles if article.story_id)
        if len(ids) < len({article.story_id for article in articles}):
            raise ActionRefused("no-story", "An article has no story yet; `syndicate stories` gives it one.")
        rows = story_store.group_by_story(story_store.story_articles(connection, ids=[*ids]))
        return {story_id: self._named(connection, rows[story_id], now) for story_id in ids}

    def _named(self, connection: Connection, rows: Sequence[StoryArticleRow], now: datetime) -> list[str]:
        """Return the newest of these articles, then those that other decisions about pairs name.

        With the newest alone, an older decision could draw another article of the story elsewhere.
        """
        newest = max(rows, key=lambda row: (row.published, row.article_id)).article_id
        pairs = decision_store.pair_decisions(connection, at=now)
        decided = {number for decision in pairs for number in decision.pair}
        ids = [newest, *(row.article_id for row in rows if row.article_id in decided - {newest})]
        articles = article_store.get_articles(connection, ids)
        self._require_recent([articles[newest]], now)
        return [articles[number].uid for number in ids]

    def _require_recent(self, articles: Iterable[Article], now: datetime) -> None:
        oldest = now - timedelta(days=self.window_days)
        for article in articles:
            if article.published < oldest:
                raise ActionRefused(
                    "too-old",
                    f"“{article.title}” is older than {self.window_days:g} days; its story stays as it is.",
                )


def article_by_uid(connection: Connection, uid: str) -> Article:
    """Return the article with a uid. Raises ``NotFound``."""
    article = article_store.find_article(connection, uid)
    if article is None or article.uid != uid:
        raise NotFound("There is no such article.")
    return article


def _current(
    connection: Connection, article: Article, action: EditorAction, now: datetime
) -> EditorDecision | None:
    """Return the decision in force: about the article for a headline, else about its story."""
    if action is EditorAction.RETITLE or article.story_id is None:
        found = decision_store.decisions(connection, at=now, article_uids=[article.uid])
    else:
        found = decision_store.story_decisions(connection, at=now).get(article.story_id, [])
    return decision_store.latest_decision(found, action)


def _number(text: str) -> float:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return -1.0
    return number if isfinite(number) else -1.0
