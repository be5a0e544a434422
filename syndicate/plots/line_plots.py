"""Lines: places of stories by hour, and a line of totals above columns of gains and losses."""

from collections.abc import Sequence
from dataclasses import dataclass

from syndicate.plots.column_plots import colour
from syndicate.plots.figure import Canvas, Figure, Margins, clean, figure, limit_of, number, short_number

_PLACES = 6


@dataclass(frozen=True, slots=True)
class BumpLine:
    """Place of a story at each hour, ``None`` where it has none."""

    name: str
    places: Sequence[int | None]


def bump(title: str, finding: str, labels: Sequence[str], lines: Sequence[BumpLine]) -> Figure:
    """Draw the places 1 to 6 of stories over time, named at the last place of each."""

    def draw(canvas: Canvas) -> None:
        names = 230 if canvas.width > 500 else 130
        canvas.right = canvas.width - names
        for place in range(1, _PLACES + 1):
            y = _place(canvas, place)
            canvas.line([(canvas.left, y), (canvas.right, y)], "grid")
            canvas.text(canvas.left - 8, y + 4, str(place), "end")
        for index, line in enumerate(lines):
            points = [
                (canvas.x(hour / max(1, len(labels) - 1)), _place(canvas, place)) if place else None
                for hour, place in enumerate(line.places)
            ]
            _bump_line(canvas, points, index)
            if points and points[-1]:
                x, y = points[-1]
                canvas.text(x + 10, y + 4, clean(line.name, names // 7), name="name")
        canvas.label_axis(labels, centred=False)

    return figure(
        title,
        finding,
        draw,
        height=190,
        margins=Margins(left=24),
        columns=["", *labels],
        rows=[[line.name, *(str(place or "–") for place in line.places)] for line in lines],
    )


def _place(canvas: Canvas, place: int) -> float:
    return canvas.y(1 - (place - 1) / (_PLACES - 1))


def _bump_line(canvas: Canvas, points: Sequence[tuple[float, float] | None], index: int) -> None:
    """Draw the curve of a story, interrupted where it has no place, with a dot at both ends of each part."""
    name = colour(index)
    before = None
    for place, point in enumerate(points):
        if point and before:
            middle = (before[0] + point[0]) / 2
            canvas.path(
                f"M{before[0]:.1f} {before[1]:.1f}C{middle:.1f} {before[1]:.1f} "
                f"{middle:.1f} {point[1]:.1f} {point[0]:.1f} {point[1]:.1f}",
                f"line {name}",
            )
        after = points[place + 1] if place + 1 < len(points) else None
        if point and not (before and after):
            canvas.circle(*point, 3.5, name)
        before = point


def line_with_columns(
    title: str,
    finding: str,
    labels: Sequence[str],
    values: Sequence[float],
    joined: Sequence[float],
    left: Sequence[float],
) -> Figure:
    """Draw a line of totals; below it columns of ``joined`` upwards and ``left`` downwards."""
    lowest, highest = min(values, default=0), max(values, default=0)
    # A line that moves little against its height starts above 0, or it would look flat.
    base = 0.0 if lowest * 3 < highest * 2 else max(0.0, lowest - (highest - lowest or lowest or 1))
    limit = base + limit_of([highest - base])

    def draw(canvas: Canvas) -> None:
        width, foot = (canvas.right - canvas.left) / max(1, len(labels)), canvas.bottom
        canvas.bottom -= 60
        canvas.value_axis(limit - base, lambda value: short_number(value + base))
        points = [
            (canvas.left + (place + 0.5) * width, canvas.y((value - base) / (limit - base)))
            for place, value in enumerate(values)
        ]
        canvas.area(points, "area")
        canvas.line(points, "line c1")
        if points:
            canvas.circle(*points[-1], 3.5, "c1")
        _columns_both_ways(canvas, foot - 22, width, joined, left)
        canvas.bottom = foot
        canvas.label_axis(labels)

    return figure(
        title,
        finding,
        draw,
        height=190,
        margins=Margins(left=56),
        columns=["", "total", "joined", "left"],
        rows=[
            [label, *map(number, numbers)]
            for label, *numbers in zip(labels, values, joined, left, strict=True)
        ],
        legend=[("c1", "total, and joined below"), ("c2", "left")],
    )


def _columns_both_ways(
    canvas: Canvas, middle: float, width: float, joined: Sequence[float], left: Sequence[float]
) -> None:
    """Draw columns above and below a line at ``middle``."""
    widest = max([*joined, *left, 1])
    canvas.text(canvas.left - 6, middle - 6, f"+{short_number(max(joined, default=0))}", "end")
    canvas.text(canvas.left - 6, middle + 12, "left", "end")
    for values, name in ((joined, "c1"), (left, "c2")):
        for place, value in enumerate(values):
            height = 22 * value / widest
            y = middle - height if name == "c1" else middle + 1
            canvas.rect(canvas.left + place * width + 0.5, y, width - 1, height, name)
