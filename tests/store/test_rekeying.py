"""Tags and sections that were stored as written get their keys."""

from sqlalchemy import delete, insert, select, update

from syndicate.store import schema
from syndicate.store.core.migration import rekey_lists
from tests import factories
from tests.factories import declared, new_article


def test_stored_tags_and_sections_get_their_keys(store):
    tags, articles = schema.article_tags, schema.articles
    with store.write() as connection:
        (source,) = factories.add_sources(connection, declared("The Harbour"))
        found = [new_article(number, section="World-News") for number in (1, 2)]
        first, second = factories.add_articles(connection, source.id, *found)
        connection.execute(delete(tags))
        stored = [(first, "open-source"), (first, "open source"), (second, "open-source"), (second, "tides")]
        rows = [{"article_id": article, "tag": tag} for article, tag in stored]
        connection.execute(insert(tags), rows)
        connection.execute(update(articles).values(section_key=""))
        for _ in range(2):
            rekey_lists(connection)
            kept = set(map(tuple, connection.execute(select(tags.c.article_id, tags.c.tag))))
            assert kept == {(first, "open source"), (second, "open source"), (second, "tides")}
            assert set(connection.scalars(select(articles.c.section_key))) == {"world news"}
