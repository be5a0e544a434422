"""Content of a written message: its Markdown with the stories that its blocks name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from syndicate.errors import ParseError, SyndicateError
from syndicate.groups import grouped
from syndicate.ingest.folder.front_matter import split_front_matter
from syndicate.jobs.newsletter.renderer import EditionRenderer
from syndicate.jobs.newsletter.selection import Selector
from syndicate.model import (
    TOP,
    Article,
    Channel,
    ContentPart,
    ContentStory,
    EditionContent,
    EditionStory,
    Newsletter,
)
from syndicate.newsletter.edition_changes import subject_of
from syndicate.newsletter.written_message import MAX_STORIES, MessageBlock, first_heading, parse_message
from syndicate.store import Connection
from syndicate.store.ingest import article_store
from syndicate.store.mail import edition_store
from syndicate.store.output import channel_store
from syndicate.store.stories import ranked_lists, story_store

_KEYS = ("subject", "preheader")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageComposer:
    """Reader of messages, whose blocks may name the ``channels``."""

    selector: Selector
    renderer: EditionRenderer
    channels: Sequence[Channel]

    def compose(
        self, connection: Connection, newsletter: Newsletter, text: str, *, subject: str = ""
    ) -> tuple[EditionContent, tuple[EditionStory, ...]]:
        """Return the content of a message, and its stories as an edition records them.

        A message is front matter with ``subject`` and ``preheader``, then Markdown. Without a subject, the
        heading at the top or the first story's headline is the subject. Raises ``SyndicateError`` with the
        line of a mistake.
        """
        try:
            front, body = split_front_matter(text)
        except ParseError as error:
            raise SyndicateError(f"line 1: {error}.") from error
        if unknown := sorted(front.keys() - set(_KEYS)):
            raise SyndicateError(f'line 1: there is no "{unknown[0]}". Write {" and ".join(_KEYS)} only.')
        written = {name: " ".join(front.get(name, ())) for name in _KEYS}
        blocks = parse_message(body, first_line=text[: len(text) - len(body)].count("\n") + 1)
        found = _FoundStories(connection=connection, composer=self, newsletter=newsletter)
        parts = tuple(part for block in blocks for part in found.parts(block))
        if not parts:
            raise SyndicateError("the message is empty; write a text or a block for stories.")
        recorded = self.selector.whole(connection, found.stories())
        content = self.renderer.content(recorded)
        shown = tuple(found.edited.get(story.article_id, story) for story in content.stories)
        title = subject or written["subject"] or first_heading(blocks) or next((s.title for s in shown), "")
        content = EditionContent(
            stories=shown, title=subject_of(title), preheader=written["preheader"], parts=parts
        )
        return content, recorded


@dataclass(slots=True, kw_only=True)
class _FoundStories:
    """Lead articles of a message in order, each in the place where a block names it first.

    ``edited`` are stories of the latest edition, with the headlines of its editor.
    """

    connection: Connection
    composer: MessageComposer
    newsletter: Newsletter
    edited: dict[int, ContentStory] = field(default_factory=dict)
    _articles: dict[int, Article] = field(default_factory=dict)

    def parts(self, block: MessageBlock) -> list[ContentPart]:
        """Return the parts of a block. Raises ``SyndicateError`` if it names an unknown story or channel."""
        match block.kind:
            case "prose":
                return [ContentPart(html=block.html, text=block.text)]
            case "story":
                found = [self._named(block)]
            case "channel":
                found = self._of_channel(block)
            case "latest":
                latest = edition_store.latest_content(self.connection, self.newsletter.name).stories
                self.edited = {story.article_id: replace(story, kind=TOP) for story in latest}
                found = self._in_order(self.edited)
            case _:
                ranked = ranked_lists.ranked_stories(self.connection, block.kind)
                ids = [story.article_id for story in ranked]
                matching = channel_store.matching_articles(self.connection, self.newsletter.clauses, ids)
                found = self._in_order(number for number in ids if number in matching)
        told = {article.story_id for article in self._articles.values()} - {None}
        new = {
            article.id: article
            for article in found
            if article.id not in self._articles and (block.kind == "story" or article.story_id not in told)
        }
        chosen = list(new)[: block.limit]
        self._articles |= {number: new[number] for number in chosen}
        return [ContentPart(article_id=number) for number in chosen]

    def stories(self) -> list[EditionStory]:
        """Return the stories; the first item of a story tells its articles that lead no other item."""
        leads = self.composer.selector.leads(self.connection, list(self._articles))
        ids = {article.story_id for article in self._articles.values() if article.story_id}
        rows = story_store.story_articles(self.connection, ids=ids)
        members = grouped((row.story_id, row.article_id) for row in rows)
        return [
            EditionStory(
                story_id=article.story_id or 0,
                position=position,
                kind=TOP,
                coverage=1,
                lead=leads[number],
                tells=(number, *(row for row in members.pop(article.story_id or 0, ()) if row not in leads)),
            )
            for position, (number, article) in enumerate(self._articles.items(), 1)
        ]

    def _named(self, block: MessageBlock) -> Article:
        site = f"{self.composer.renderer.site.url}/"
        name = f"story:{block.name}" if block.name.isdecimal() else block.name.removeprefix(site)
        article = article_store.find_article(self.connection, name)
        if article is None or (name == block.name != article.url):
            raise SyndicateError(
                f"line {block.line}: there is no story {block.name}; `syndicate search` finds its number."
            )
        return article

    def _of_channel(self, block: MessageBlock) -> list[Article]:
        channels = {channel.name: channel for channel in self.composer.channels}
        if block.name not in channels:
            known = ", ".join(channels) or "none"
            raise SyndicateError(
                f'line {block.line}: no channel is named "{block.name}". Known names: {known}.'
            )
        clauses, newest = channels[block.name].clauses, dict[int | None, Article]()
        for article in channel_store.channel_articles(self.connection, clauses, limit=2 * MAX_STORIES):
            newest.setdefault(article.story_id, article)
        return list(newest.values())

    def _in_order(self, ids: Iterable[int]) -> list[Article]:
        articles = article_store.get_articles(self.connection, ids := list(ids))
        return [articles[number] for number in ids if number in articles]
