"""Files beside the feeds of channels: the list of all sources, and the News sitemap."""

from syndicate.jobs.publish.channel_build import sources_opml
from syndicate.jobs.publish.context import PublishContext, signature_of
from syndicate.model import Source
from syndicate.publish.feeds.news_sitemap import MAX_AGE, MAX_ARTICLES, news_sitemap
from syndicate.store.output import channel_store


def write_source_lists(context: PublishContext) -> list[str]:
    """Write the sources as OPML, and the style sheet of feeds; return the paths that changed."""
    document = sources_opml(f"{context.options.title}: sources", context.views.sources.values())
    signature = signature_of(document)
    changed = context.write({"feed.css": context.templates.read("pages/feed.css")})
    if not context.is_built("opml", signature, ["sources.opml"]):
        changed += context.write({"sources.opml": document})
        context.save({"opml": signature})
    return changed


def write_news_sitemap(context: PublishContext) -> list[str]:
    """Write the News sitemap; return its path if it changed."""
    own = [source.id for source in context.views.sources.values() if source.own]
    since = context.now - MAX_AGE
    with context.store.read() as connection:
        found = channel_store.source_articles(connection, own, since=since, limit=MAX_ARTICLES)
    facts = [(article.uid, article.title, article.content_hash, article.updated) for article in found]
    recent = [since <= article.published <= context.now for article in found]
    signature = signature_of(context.options, facts, recent)
    if context.is_built("news-sitemap", signature, ["news-sitemap.xml"]):
        return []
    with context.store.read() as connection:
        items = context.views.listed(connection, found)
    changed = context.write({"news-sitemap.xml": news_sitemap(items, context.options, context.now)})
    context.save({"news-sitemap": signature})
    return changed


def visible_fields(source: Source) -> tuple[object, ...]:
    """Return the fields of a source that feeds and pages show."""
    return (
        *(source.name, source.url, source.home_url, source.feed_id, source.title),
        *(source.own, source.republish, source.kind, source.section, source.language, source.paused),
    )
