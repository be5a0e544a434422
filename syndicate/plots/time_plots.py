"""Plots along a time axis: polls, coverage of a story, and mails sent so far.

Times are in the site's zone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from syndicate.plots.figure import Canvas, Figure, Margins, clean, figure, limit_of, number, share_of

_LEAST_MS, _MOST_MS = 25, 60_000
_TIMES = ((1, "1 ms"), (10, "10 ms"), (100, "100 ms"), (1000, "1 s"), (10_000, "10 s"), (60_000, "60 s"))
_WHEN = "%-d %b %H:%M"


@dataclass(frozen=True, slots=True)
class Dot:
    """Poll: time, milliseconds, mark (``new``, ``same``, ``cut`` or ``failed``) and words for the table."""

    at: datetime
    ms: float
    mark: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class SourceLane:
    """Source with the times of its articles."""

    name: str
    times: Sequence[datetime]


def dots(title: str, finding: str, polls: Sequence[Dot], start: datetime, end: datetime) -> Figure:
    """Draw polls by time and duration (logarithmic, to 60 s); the shape is the outcome.

    The scale begins below the fastest poll, so that no dot lies on the axis.
    """
    least = max(0.5, min([_LEAST_MS, *(poll.ms / 2 for poll in polls)]))

    def height(ms: float) -> float:
        bounded = min(_MOST_MS, max(least, ms))
        return math.log(bounded / least) / math.log(_MOST_MS / least)

    def draw(canvas: Canvas) -> None:
        for ms, label in ((ms, label) for ms, label in _TIMES if ms > least):
            y = canvas.y(height(ms))
            canvas.line([(canvas.left, y), (canvas.right, y)], "grid")
            canvas.text(canvas.left - 6, y + 4, label, "end")
        canvas.time_axis(start, end)
        for poll in polls:
            _mark(canvas, canvas.x(share_of(poll.at, start, end)), canvas.y(height(poll.ms)), poll.mark)

    return figure(
        title,
        finding,
        draw,
        height=160,
        margins=Margins(left=54),
        columns=["when", "took", "outcome"],
        rows=[
            [poll.at.strftime(_WHEN), f"{number(round(poll.ms))} ms", poll.words or poll.mark]
            for poll in polls
        ],
        legend=[
            ("dot-new", "new articles"),
            ("dot-same", "nothing new"),
            ("dot-cut", "cut off"),
            ("dot-failed", "failed"),
        ],
    )


def _mark(canvas: Canvas, x: float, y: float, mark: str) -> None:
    if mark == "failed":
        canvas.rect(x - 3.5, y - 3.5, 7, 7, "bad")
    elif mark == "cut":
        canvas.path(f"M{x - 4:.1f} {y + 4:.1f}h8l-4 -8Z", "warn")
    else:
        canvas.circle(x, y, 3.5, "c1" if mark == "new" else "ring")


def lanes(title: str, finding: str, sources: Sequence[SourceLane], start: datetime, end: datetime) -> Figure:
    """Draw a row a source with a dot an article, below a step line of the number of distinct sources."""
    firsts = sorted(min(lane.times) for lane in sources if lane.times)

    def draw(canvas: Canvas) -> None:
        names = 150 if canvas.width > 500 else 110
        canvas.left = names
        canvas.time_axis(start, end)
        foot, canvas.bottom = canvas.bottom, canvas.top + 44
        canvas.text(0, canvas.bottom - 14, "Sources", name="name")
        canvas.text(names - 6, canvas.top + 4, str(len(firsts)), "end")
        steps = _steps(canvas, [(at, n) for n, at in enumerate(firsts, start=1)], (start, end), len(firsts))
        canvas.area(steps, "area")
        canvas.line(steps, "line c1")
        canvas.bottom = foot
        for row, lane in enumerate(sources):
            y = canvas.top + 66 + 22 * row
            canvas.text(0, y + 4, clean(lane.name, names // 7))
            xs = sorted(canvas.x(share_of(at, start, end)) for at in lane.times)
            canvas.line([(x, y) for x in xs] if len(xs) > 1 else [], "line c1")
            for x in xs:
                canvas.circle(x, y, 4, "c1")

    return figure(
        title,
        finding,
        draw,
        height=90 + 22 * max(1, len(sources)),
        columns=["source", "articles", "first", "last"],
        rows=[
            [
                lane.name,
                number(len(lane.times)),
                min(lane.times).strftime(_WHEN) if lane.times else "–",
                max(lane.times).strftime(_WHEN) if lane.times else "–",
            ]
            for lane in sources
        ],
    )


def step_area(
    title: str,
    finding: str,
    counts: Sequence[tuple[datetime, float]],
    start: datetime,
    end: datetime,
    highest: float,
) -> Figure:
    """Draw a small area for a cell: each count holds until the next; cells share the scale to ``highest``."""

    def draw(canvas: Canvas) -> None:
        steps = _steps(canvas, counts, (start, end), max(highest, 1))
        canvas.area(steps, "area")
        canvas.line(steps, "line c1")

    return figure(
        title,
        finding,
        draw,
        height=24,
        width=112,
        margins=Margins(0, 0, 2, 1),
        columns=["when", "count"],
        rows=[[at.strftime(_WHEN), number(count)] for at, count in counts],
    )


def area_to(
    title: str,
    finding: str,
    counts: Sequence[tuple[datetime, float]],
    total: float,
    expected_end: datetime | None = None,
) -> Figure:
    """Draw the number of mails sent over time, dashed from the last to the expected end at ``total``."""
    start = counts[0][0] if counts else None
    end = max([counts[-1][0], *([expected_end] if expected_end else [])]) if counts else None
    limit = limit_of([total, *(count for _, count in counts)])

    def draw(canvas: Canvas) -> None:
        canvas.value_axis(limit)
        if start is None or end is None:
            return
        canvas.time_axis(start, end)
        points = [(canvas.x(share_of(at, start, end)), canvas.y(count / limit)) for at, count in counts]
        canvas.area(points, "area")
        canvas.line(points, "line c1")
        if expected_end:
            goal = (canvas.x(share_of(expected_end, start, end)), canvas.y(total / limit))
            canvas.line([points[-1], goal], "line-expected")

    rows = [[at.strftime(_WHEN), number(count)] for at, count in counts]
    if expected_end and counts:
        rows.append([f"{expected_end.strftime(_WHEN)} (expected)", number(total)])
    margins = Margins(left=60)
    return figure(title, finding, draw, height=160, margins=margins, columns=["when", "sent"], rows=rows)


def _steps(
    canvas: Canvas, counts: Sequence[tuple[datetime, float]], span: tuple[datetime, datetime], limit: float
) -> list[tuple[float, float]]:
    """Return the corners of a line that holds each count until the next."""
    points, before = [(canvas.left, canvas.bottom)], canvas.bottom
    for at, count in counts:
        x, y = canvas.x(share_of(at, *span)), canvas.y(count / max(limit, 1))
        points += [(x, before), (x, y)]
        before = y
    return [*points, (canvas.right, before)]
