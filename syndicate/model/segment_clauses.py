"""Clauses of segments: queries that select subscribers."""

from dataclasses import dataclass
from enum import StrEnum


class SegmentSubject(StrEnum):
    """Subjects that a clause of a segment can test."""

    NEWSLETTER = "newsletter"
    SECTION = "section"
    CADENCE = "cadence"
    SOURCE = "source"
    FIELD = "field"
    TAG = "tag"
    LANGUAGE = "language"
    DOMAIN = "domain"
    JOINED = "joined"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentClause:
    """Condition on a subscriber: the subject has any of the values, or, if ``negated``, none of them.

    ``field`` is the name of the tested field. Without values the field has any value. ``operator`` is ``:``
    or a comparison with a number or a date: ``=``, ``<``, ``<=``, ``>``, ``>=``.
    """

    subject: SegmentSubject
    values: tuple[str, ...] = ()
    operator: str = ":"
    field: str = ""
    negated: bool = False
