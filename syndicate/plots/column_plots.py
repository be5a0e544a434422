"""Columns and bars: counts by hour or day, the health strip of a source, rates, states and parts of a sum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syndicate.plots.figure import Canvas, Figure, Margins, clean, figure, limit_of, number

COLOURS = 6

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


@dataclass(frozen=True, slots=True)
class Series:
    """Named values, a value for each column."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class StripDay:
    """Day of a source: its new articles, its polls and the failed polls among them."""

    label: str
    new: int
    polls: int = 0
    failed: int = 0


def stacked_columns(
    title: str, finding: str, labels: Sequence[str], series: Sequence[Series], usual: Sequence[float] = ()
) -> Figure:
    """Draw a column a label, stacked from at most six series, and the usual values as a dotted step."""
    sums = [sum(line.values[place] for line in series) for place in range(len(labels))]
    limit = limit_of([*sums, *usual])

    def draw(canvas: Canvas) -> None:
        canvas.value_axis(limit)
        width = (canvas.right - canvas.left) / max(1, len(labels))
        for place in range(len(labels)):
            below = 0.0
            for index, line in enumerate(series):
                top = below + line.values[place]
                y = canvas.y(top / limit)
                height = canvas.y(below / limit) - y
                canvas.rect(canvas.left + place * width + 1, y, width - 2, height, colour(index))
                below = top
        steps = [
            (canvas.left + (place + side) * width, canvas.y(value / limit))
            for place, value in enumerate(usual)
            for side in (0, 1)
        ]
        canvas.line(steps, "line-usual")
        canvas.label_axis(labels)

    legend = [(colour(index), line.name) for index, line in enumerate(series)]
    names = [line.name for line in series]
    return figure(
        title,
        finding,
        draw,
        height=180,
        columns=["", *names, "all", *(["usual"] if usual else [])],
        rows=[
            [
                label,
                *(number(line.values[place]) for line in series),
                number(sums[place]),
                *([number(usual[place])] if usual else []),
            ]
            for place, label in enumerate(labels)
        ],
        legend=[*legend, *([("line-usual", "usual")] if usual else [])],
    )


def strip(title: str, finding: str, days: Sequence[StripDay], highest: float = 0) -> Figure:
    """Draw small columns for a cell: articles up, the share of failed polls down, nothing new as a dash.

    ``highest`` gives several strips the same scale; 0 scales the strip to its own days.
    """
    limit = max([highest, *(day.new for day in days), 1])

    def draw(canvas: Canvas) -> None:
        width = canvas.width / max(1, len(days))
        for place, day in enumerate(days):
            x = place * width + 0.5
            up = max(1.0, 14 * min(1.0, day.new / limit))
            canvas.rect(x, 15 - up, width - 1, up, "c1" if day.new else "c6")
            canvas.rect(x, 16, width - 1, 7 * day.failed / day.polls if day.polls else 0, "bad")

    return figure(
        title,
        finding,
        draw,
        height=24,
        width=112,
        margins=Margins(0, 0, 0, 0),
        columns=["day", "new articles", "polls", "failed polls"],
        rows=[[day.label, number(day.new), number(day.polls), number(day.failed)] for day in days],
    )


def rate_columns(
    title: str, finding: str, labels: Sequence[str], rates: Sequence[float], limit: float
) -> Figure:
    """Draw a column a label for rates in per cent, against a limit in per cent."""
    top = limit_of([*rates, limit * 1.2], least=limit)

    def draw(canvas: Canvas) -> None:
        width = (canvas.right - canvas.left) / max(1, len(labels))
        canvas.line([(canvas.left, canvas.bottom), (canvas.right, canvas.bottom)], "axis")
        canvas.text(canvas.left - 6, canvas.bottom + 4, "0 %", "end")
        y = canvas.y(limit / top)
        canvas.line([(canvas.left, y), (canvas.right, y)], "line-limit")
        canvas.text(canvas.left - 6, y + 4, f"{limit:g} %", "end")
        canvas.text(canvas.right, y - 4, "limit", "end")
        for place, rate in enumerate(rates):
            y = canvas.y(rate / top)
            x = canvas.left + place * width + 1
            canvas.rect(x, y, width - 2, canvas.bottom - y, "bad" if rate > limit else "c1")
        canvas.label_axis(labels)

    rows = [[label, f"{rate:.3g} %"] for label, rate in zip(labels, rates, strict=True)]
    return figure(title, finding, draw, height=120, columns=["", "rate"], rows=rows)


def colour(index: int) -> str:
    """Return the class of a series; the sixth and all after it share the colour of others."""
    return f"c{min(index + 1, COLOURS)}"


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
