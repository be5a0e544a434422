"""Stories that articles would join if they were placed now; nothing is stored."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from syndicate.model import NewArticle
from syndicate.store import Connection
from syndicate.store.ingest import article_store
from syndicate.store.stories import index_rows, story_store
from syndicate.stories import IndexedArticle, StoryIndex, StoryOptions, extract_terms

COMPARED = 3000
"""Number of latest articles with which an article is compared: loading them takes a tenth of a second."""
_UNKNOWN = 2**40


def joined_stories(
    connection: Connection, options: StoryOptions, articles: Sequence[NewArticle], now: datetime
) -> list[tuple[int, str] | None]:
    """Return number and headline of the story that each article would join; ``None`` for a new story."""
    since = now - timedelta(days=options.window_days)
    since = index_rows.nth_newest_published(connection, COMPARED, since) or since
    index = StoryIndex(options, next_text_label=index_rows.next_text_label(connection))
    index.load(index_rows.placed_articles(connection, since))
    joined = []
    for number, article in enumerate(articles, start=_UNKNOWN):
        text = article.text or article.summary
        placed = index.add(
            IndexedArticle(
                article_id=number,
                source_id=0,
                published=article.published,
                title=article.title,
                terms=extract_terms([(article.title, text, article.language)])[0],
            )
        )
        joined.append(placed.story)
        index.remove(number)
    stories = story_store.get_stories(connection, {number for number in joined if number})
    leads = article_store.get_articles(connection, [story.lead_id for story in stories.values()])
    titles = {
        number: leads[story.lead_id].title for number, story in stories.items() if story.lead_id in leads
    }
    return [(number, titles[number]) if number in titles else None for number in joined]
