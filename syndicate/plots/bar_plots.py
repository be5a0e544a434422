"""Bars: values beside names, the parts of a score, and 100 % bars of states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syndicate.plots.column_plots import colour
from syndicate.plots.figure import Canvas, Figure, Margins, clean, figure, number

STATES: Mapping[str, str] = {
    "sent": "c1",
    "waiting": "c6",
    "put off": "c5",
    "uncertain": "warn",
    "failed": "bad",
}
"""States of deliveries in the order of a bar, each with its class."""


@dataclass(frozen=True, slots=True)
class StateRow:
    """Bar of an edition: its label, a note at its end, and counts by names of ``STATES``."""

    label: str
    note: str
    counts: Mapping[str, int]


def bars(title: str, finding: str, values: Sequence[tuple[str, float]]) -> Figure:
    """Draw a bar for each name, with its value beside it."""
    highest = max((value for _, value in values), default=0) or 1

    def draw(canvas: Canvas) -> None:
        room = 220 if canvas.width > 500 else 130
        length = canvas.width - room - 80
        for place, (name, value) in enumerate(values):
            y = 24 * place
            canvas.text(0, y + 16, clean(name, room // 7))
            canvas.rect(room, y + 6, length, 12, "track")
            canvas.rect(room, y + 6, length * max(0.0, min(1.0, value / highest)), 12, "c1")
            canvas.text(canvas.width, y + 16, number(value), "end")

    rows = [[name, number(value)] for name, value in values]
    height = 24 * max(1, len(values))
    return figure(title, finding, draw, height=height, columns=["", "value"], rows=rows)


def parts_bar(title: str, finding: str, parts: Sequence[tuple[str, float]], limit: float) -> Figure:
    """Draw a small bar of parts for a cell, on a scale from 0 to ``limit`` that several bars share."""

    def draw(canvas: Canvas) -> None:
        canvas.rect(0, 2, canvas.width, 12, "track")
        x = 0.0
        for index, (_, value) in enumerate(parts):
            width = min(canvas.width - x, canvas.width * max(0.0, value / limit)) if limit > 0 else 0.0
            canvas.rect(x, 2, width, 12, colour(index))
            x += width

    return figure(
        title,
        finding,
        draw,
        height=16,
        width=300,
        margins=Margins(0, 0, 0, 0),
        columns=["part", "value"],
        rows=[[name, number(value)] for name, value in parts],
        legend=[(colour(index), name) for index, (name, _) in enumerate(parts)],
    )


def state_bar(title: str, finding: str, rows: Sequence[StateRow]) -> Figure:
    """Draw a 100 % bar for each edition, from its deliveries by state."""

    def draw(canvas: Canvas) -> None:
        for place, row in enumerate(rows):
            y, x = 36 * place, 0.0
            canvas.text(0, y + 12, clean(row.label, 40), name="name")
            canvas.text(canvas.width, y + 12, clean(row.note, 20), "end")
            canvas.rect(0, y + 17, canvas.width, 12, "track")
            everything = sum(row.counts.values()) or 1
            for state, name in STATES.items():
                width = canvas.width * row.counts.get(state, 0) / everything
                # A failed mail among thousands stays visible.
                width = min(max(width, 1.5) if width else 0.0, canvas.width - x)
                canvas.rect(x, y + 17, width, 12, name)
                x += width

    return figure(
        title,
        finding,
        draw,
        height=36 * max(1, len(rows)),
        columns=["edition", *STATES],
        rows=[[row.label, *(number(row.counts.get(state, 0)) for state in STATES)] for row in rows],
        legend=[(name, state) for state, name in STATES.items()],
    )
