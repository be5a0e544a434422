"""Conditions for the subscribers of a segment."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import ge, gt, le, lt
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, literal, literal_column, not_, or_, select

from syndicate.model import SegmentClause, SegmentSubject, SubscriptionState
from syndicate.store.core.counts import count_rows
from syndicate.store.schema import subscriber_fields, subscriber_tags, subscribers, subscriptions
from syndicate.store.subscribers.field_store import comparable

_COMPARE: Mapping[str, Any] = {"<": lt, "<=": le, ">": gt, ">=": ge}
_CHOICES = {SegmentSubject.SECTION, SegmentSubject.CADENCE, SegmentSubject.SOURCE}
_OWN: Final = subscriptions.alias("own")


def matching(clauses: Sequence[SegmentClause], now: datetime) -> list[ColumnElement[bool]]:
    """Return the conditions over ``subscribers`` for the members of a segment; all must hold.

    Section, cadence and source hold for the subscription to each newsletter that is named, else for any.
    """
    choices = [_choice(clause) for clause in clauses if clause.subject in _CHOICES]
    named = [c for c in clauses if c.subject is SegmentSubject.NEWSLETTER and not c.negated]
    required = [[_OWN.c.newsletter.in_(clause.values)] for clause in named] or ([[]] if choices else [])
    rest = [clause for clause in clauses if clause.subject not in _CHOICES and clause not in named]
    sections = any(c.subject is SegmentSubject.SECTION and not c.negated for c in clauses)
    chosen = _with_selection if sections else _subscribed
    return [chosen(*names, *choices) for names in required] + [_condition(c, now) for c in rest]


def members(
    clauses: Sequence[SegmentClause], now: datetime, newsletter: str | None = None
) -> list[ColumnElement[bool]]:
    """Return conditions for a segment's mailboxes with a confirmed subscription (to a newsletter)."""
    if newsletter is not None:
        clauses = [SegmentClause(subject=SegmentSubject.NEWSLETTER, values=(newsletter,)), *clauses]
    return [_subscribed(), *matching(clauses, now)]


def count_members(
    connection: Connection, clauses: Sequence[SegmentClause], now: datetime, newsletter: str | None = None
) -> int:
    """Return the number of a segment's mailboxes with a confirmed subscription."""
    return count_rows(connection, subscribers, *members(clauses, now, newsletter))


def _choice(clause: SegmentClause) -> ColumnElement[bool]:
    found: ColumnElement[bool]
    if clause.subject is not SegmentSubject.SECTION:
        found = _OWN.c[clause.subject.value].in_(clause.values)
    else:
        lines = literal("\n") + _OWN.c.selection + "\n"
        spelt = {way(text) for text in clause.values for way in (str, str.lower, str.capitalize, str.title)}
        # Unlike LIKE, REPLACE tells capital letters apart on both engines.
        found = or_(*(func.replace(lines, f"\nsection:{text}\n", "") != lines for text in sorted(spelt)))
    return not_(found) if clause.negated else found


def _condition(clause: SegmentClause, now: datetime) -> ColumnElement[bool]:
    values, fields, own = clause.values, subscriber_fields.c, subscribers.c
    match clause.subject:
        case SegmentSubject.TAG:
            return _has(subscriber_tags, clause, subscriber_tags.c.tag.in_(values))
        case SegmentSubject.FIELD:
            valued = fields.value.in_(values) if values else fields.value != ""
            if clause.operator in _COMPARE:
                valued = _COMPARE[clause.operator](fields.number, comparable(values[0]))
            return _has(subscriber_fields, clause, fields.name == clause.field, valued)
        case SegmentSubject.NEWSLETTER:
            found = _subscribed(_OWN.c.newsletter.in_(values))
        case SegmentSubject.JOINED:
            found = or_(*(_joined(clause.operator, value, now) for value in values))
        case SegmentSubject.DOMAIN:
            found = or_(*(own.address_key.endswith(f"@{value}", autoescape=True) for value in values))
        case _:
            language = func.lower(own.language)
            dialects = (language.startswith(f"{value}-", autoescape=True) for value in values)
            found = or_(language.in_(values), *dialects)
    return not_(found) if clause.negated else found


def _joined(operator: str, value: str, now: datetime) -> ColumnElement[bool]:
    if operator == ":":
        return subscribers.c.created >= now - timedelta(days=int(value[:-1]))
    # After a day is from the next day on; up to a day includes its last second.
    edge = datetime.fromisoformat(value).replace(tzinfo=UTC) + timedelta(days=operator in (">", "<="))
    return subscribers.c.created >= edge if operator[0] == ">" else subscribers.c.created < edge


def _has(rows: Any, clause: SegmentClause, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition for subscribers with such a row, or, if the clause is negated, without any."""
    # IN starts at the few rows of a tag; NOT IN would read all of them for each subscriber on PostgreSQL.
    if clause.negated:
        return ~_owned(rows, *conditions)
    return subscribers.c.id.in_(select(rows.c.subscriber_id).where(*conditions))


def _subscribed(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return _owned(_OWN, _OWN.c.state == SubscriptionState.CONFIRMED.value, *conditions)


def _with_selection(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition for subscribers of a subscription with choices, of which there are few."""
    # As in the partial index.
    confirmed = _OWN.c.state == SubscriptionState.CONFIRMED.value
    chosen: ColumnElement[bool] = literal_column("own.selection <> ''")
    return subscribers.c.id.in_(select(_OWN.c.subscriber_id).where(confirmed, chosen, *conditions))


def _owned(rows: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    owned = rows.c.subscriber_id == subscribers.c.id
    return select(rows.c.subscriber_id).where(owned, *conditions).correlate(subscribers).exists()
