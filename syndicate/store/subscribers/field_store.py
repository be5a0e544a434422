"""Fields and tags of subscribers.

A value that is a number or an ISO date is stored with its number, by which both engines compare.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, select

from syndicate.groups import grouped
from syndicate.store.core.upsert import insert_for, replacing
from syndicate.store.schema import subscriber_fields as fields
from syndicate.store.schema import subscriber_tags as tags_table
from syndicate.store.schema import subscribers
from syndicate.text.names import tag_key

_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SAVE = replacing(fields)


def comparable(value: str) -> float | None:
    """Return the number of a value that is a number or an ISO date (as ``20260131``), else ``None``."""
    if _DATE.fullmatch(value):
        return float(value.replace("-", ""))
    return float(value) if _NUMBER.fullmatch(value) else None


def save_fields(connection: Connection, subscriber_id: int, values: Mapping[str, str]) -> None:
    """Store values by field name, in the form of ``read_value``; ``""`` removes a field."""
    kept = {name: value for name, value in values.items() if value}
    of_subscriber = fields.c.subscriber_id == subscriber_id
    if removed := values.keys() - kept.keys():
        connection.execute(delete(fields).where(of_subscriber, fields.c.name.in_(removed)))
    _SAVE.execute_many(connection, field_rows(subscriber_id, kept))


def field_rows(subscriber_id: int, values: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return rows of ``subscriber_fields`` for values by field name."""
    return [
        {"subscriber_id": subscriber_id, "name": name, "value": value, "number": comparable(value)}
        for name, value in values.items()
    ]


def fields_of(connection: Connection, subscriber_id: int) -> dict[str, str]:
    """Return the values of a subscriber by field name."""
    return fields_and_tags(connection, subscribers.c.id == subscriber_id)[0].get(subscriber_id, {})


def fields_and_tags(
    connection: Connection, *members: ColumnElement[bool]
) -> tuple[dict[int, dict[str, str]], dict[int, list[str]]]:
    """Return the fields and the tags of all subscribers that meet ``members``, by subscriber's id."""
    chosen = select(subscribers.c.id).where(*members)
    values: dict[int, dict[str, str]] = {}
    query = select(fields.c.subscriber_id, fields.c.name, fields.c.value)
    query = query.where(fields.c.subscriber_id.in_(chosen)).order_by(fields.c.name)
    for subscriber_id, name, value in connection.execute(query):
        values.setdefault(subscriber_id, {})[name] = value
    tagged = select(tags_table).where(tags_table.c.subscriber_id.in_(chosen)).order_by(tags_table.c.tag)
    return values, grouped(map(tuple, connection.execute(tagged)))


def add_tags(connection: Connection, subscriber_id: int, tags: Iterable[str]) -> None:
    """Add tags; spellings that differ in case or punctuation are the same tag."""
    rows = [{"subscriber_id": subscriber_id, "tag": tag} for tag in _keys(tags)]
    if rows:
        connection.execute(insert_for(connection, tags_table).on_conflict_do_nothing(), rows)


def remove_tags(connection: Connection, subscriber_id: int, tags: Iterable[str]) -> None:
    """Remove tags; an absent tag is ignored."""
    chosen = tags_table.c.subscriber_id == subscriber_id, tags_table.c.tag.in_(_keys(tags))
    connection.execute(delete(tags_table).where(*chosen))


def tags_of(connection: Connection, subscriber_id: int) -> tuple[str, ...]:
    """Return the tags of a subscriber, sorted."""
    return tuple(
        sorted(fields_and_tags(connection, subscribers.c.id == subscriber_id)[1].get(subscriber_id, ()))
    )


def _keys(tags: Iterable[str]) -> list[str]:
    return sorted({key for tag in tags if (key := tag_key(tag))})
