"""Part of a migration that SQL cannot express: keys of tags and sections."""

from sqlalchemy import Connection, bindparam, delete, insert, literal, select, update

from syndicate.store import schema
from syndicate.text.names import tag_key


def rekey_lists(connection: Connection) -> None:
    """Store tags by their keys, give each article its section's key, and mark every page stale."""
    tags, articles = schema.article_tags, schema.articles
    stored = connection.scalars(select(tags.c.tag).distinct()).all()
    for tag in stored:
        key = tag_key(tag)
        if key == tag:
            continue
        there = select(tags.c.article_id).where(tags.c.tag == key)
        moved = select(literal(key), tags.c.article_id).where(
            tags.c.tag == tag, tags.c.article_id.not_in(there)
        )
        connection.execute(insert(tags).from_select(["tag", "article_id"], moved))
        connection.execute(delete(tags).where(tags.c.tag == tag))
    sections = connection.scalars(select(articles.c.section).where(articles.c.section != "").distinct())
    keys = [{"written": name, "key": tag_key(name)} for name in sections]
    if keys:
        by_key = update(articles).where(articles.c.section == bindparam("written"))
        connection.execute(by_key.values(section_key=bindparam("key")), keys)
    connection.execute(delete(schema.outputs).where(schema.outputs.c.name == "site"))
