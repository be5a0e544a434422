"""Figures, the canvas that draws them, and scales of values and times."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from markupsafe import Markup

from syndicate.text.markup import clean_markup

WIDE, NARROW = 960, 358
# Characters that XML forbids, and controls of the writing direction that would reach the text beside them.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_MINUTES = (1, 2, 5, 10, 15, 30)
_HOURS = (1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 720, 2160, 4320, 8760, 43800)
_STEPS = tuple(timedelta(minutes=minutes) for minutes in (*_MINUTES, *(60 * hours for hours in _HOURS)))
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Plot with its subject, its finding in a sentence, two widths of SVG and the table of its numbers.

    ``legend`` pairs a class, such as ``c1``, with the name of a series.
    """

    title: str
    finding: str
    wide: Markup
    narrow: Markup
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    legend: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Margins:
    """Space in pixels around the area of values."""

    left: float = 48
    right: float = 8
    top: float = 10
    bottom: float = 22


class Canvas:
    """Surface of one width that collects elements of SVG; shares from 0 to 1 address its area of values."""

    def __init__(self, width: float, height: float, margins: Margins) -> None:
        self.width, self.height = width, height
        self.left, self.right = margins.left, width - margins.right
        self.top, self.bottom = margins.top, height - margins.bottom
        self._parts: list[str] = []

    def x(self, share: float) -> float:
        """Return the abscissa of a share of the width."""
        return self.left + (self.right - self.left) * min(1.0, max(0.0, share))

    def y(self, share: float) -> float:
        """Return the ordinate of a share of the height, counted from below."""
        return self.bottom - (self.bottom - self.top) * min(1.0, max(0.0, share))

    def rect(self, x: float, y: float, width: float, height: float, name: str) -> None:
        """Add a rectangle of class ``name``, if it has an area."""
        if width > 0 and height > 0:
            self._parts.append(
                f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" class="{name}"/>'
            )

    def circle(self, x: float, y: float, radius: float, name: str) -> None:
        """Add a circle of class ``name``."""
        self._parts.append(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" class="{name}"/>')

    def path(self, steps: str, name: str) -> None:
        """Add a path of class ``name``; classes that begin with ``line`` are not filled."""
        self._parts.append(f'<path d="{steps}" class="{name}"/>')

    def line(self, points: Sequence[tuple[float, float]], name: str) -> None:
        """Add straight lines between points."""
        if points:
            self.path("M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points), name)

    def area(self, points: Sequence[tuple[float, float]], name: str) -> None:
        """Add the area between points and the lower edge."""
        if points:
            edge = [(points[-1][0], self.bottom), (points[0][0], self.bottom)]
            self.path("M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in [*points, *edge]) + "Z", name)

    def text(self, x: float, y: float, words: str, anchor: str = "start", name: str = "tick") -> None:
        """Add words that start, end or stand in the middle at a point."""
        place = f'x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" class="{name}"'
        self._parts.append(f"<text {place}>{escape(clean(words))}</text>")

    def value_axis(self, limit: float, write: Callable[[float], str] | None = None) -> None:
        """Draw lines at quarters of the limit, or at halves for whole numbers that have no quarters."""
        for step in range(5):
            value = limit * step / 4
            if limit >= 1 and value != int(value) and limit < 10:
                continue
            y = self.y(step / 4)
            self.line([(self.left, y), (self.right, y)], "axis" if step == 0 else "grid")
            self.text(self.left - 6, y + 4, (write or short_number)(value), "end")

    def label_axis(self, labels: Sequence[str], *, below: float = 16, centred: bool = True) -> None:
        """Write as many labels below evenly spaced columns as have room."""
        if not labels:
            return
        widest = 7 * max(map(len, labels)) + 14
        every = max(1, math.ceil(widest * len(labels) / (self.right - self.left)))
        half = 0.5 if centred else 0.0
        for place in range(0, len(labels), every):
            share = (place + half) / max(1, len(labels) - (0 if centred else 1))
            self.text(self.x(share), self.bottom + below, labels[place], "middle")

    def time_axis(self, start: datetime, end: datetime) -> None:
        """Write times below the area, at full hours or days, as many as have room."""
        room = max(2, int((self.right - self.left) / 90))
        for at, label in time_ticks(start, end, room):
            x = self.x(share_of(at, start, end))
            self.line([(x, self.top), (x, self.bottom)], "grid")
            self.text(x, self.bottom + 16, label, "end" if x > self.width - 20 else "middle")

    def svg(self, title: str, finding: str) -> Markup:
        """Return the picture with its subject and finding for assistive technology."""
        return clean_markup(
            f'<svg viewBox="0 0 {_n(self.width)} {_n(self.height)}" role="img" class="plot-{_n(self.width)}">'
            f"<title>{escape(clean(title, 200))}</title><desc>{escape(clean(finding, 500))}</desc>"
            f"{''.join(self._parts)}</svg>"
        )


def figure(
    title: str,
    finding: str,
    draw: Callable[[Canvas], None],
    *,
    height: float,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    margins: Margins = Margins(),
    width: float | None = None,
    legend: Sequence[tuple[str, str]] = (),
) -> Figure:
    """Draw a figure at both widths, or once at ``width`` for a cell of a table."""
    pictures = []
    for size in (width,) if width else (WIDE, NARROW):
        canvas = Canvas(size, height, margins)
        draw(canvas)
        pictures.append(canvas.svg(title, finding))
    return Figure(
        title=clean(title, 200),
        finding=clean(finding, 500),
        wide=pictures[0],
        narrow=pictures[-1],
        columns=tuple(columns),
        rows=tuple(tuple(clean(cell, 200) for cell in row) for row in rows),
        legend=tuple((name, clean(label)) for name, label in legend),
    )


def clean(words: str, length: int = 60) -> str:
    """Return words as valid XML text of at most ``length`` characters."""
    cleaned = _FORBIDDEN.sub(" ", words)
    return cleaned if len(cleaned) <= length else cleaned[: length - 1].rstrip() + "…"


def number(value: float) -> str:
    """Return a number with separators of thousands, as the tables show it."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def short_number(value: float) -> str:
    """Return a number as an axis shows it: millions and more by exponent."""
    if value < _MILLION:
        return number(value)
    return f"{value / _MILLION:,.4g} M" if value < 1000 * _MILLION else f"{value:.2g}"


def limit_of(values: Sequence[float], least: float = 4) -> float:
    """Return the round upper end of a scale that holds the values: 1, 2, 4, 5 or 8 times a power of ten."""
    highest = max([*(value for value in values if math.isfinite(value)), least])
    power = 10.0 ** math.floor(math.log10(highest))
    return next((step * power for step in (1, 2, 4, 5, 8) if step * power >= highest), 10 * power)


def share_of(at: datetime, start: datetime, end: datetime) -> float:
    """Return the position of a time between two times, from 0 to 1."""
    length = (end - start).total_seconds()
    return min(1.0, max(0.0, (at - start).total_seconds() / length)) if length > 0 else 0.0


def time_ticks(start: datetime, end: datetime, count: int) -> Iterator[tuple[datetime, str]]:
    """Yield at most ``count`` round times in the zone of ``start``, with their labels."""
    hour = timedelta(hours=1)
    step = next((step for step in _STEPS if (end - start) / step <= count), _STEPS[-1])
    form = "%H:%M" if step < timedelta(days=1) else "%-d %b"
    at = start.replace(minute=0, second=0, microsecond=0)
    if step >= timedelta(days=1):
        at = at.replace(hour=0)
    elif step >= hour:
        at -= timedelta(hours=at.hour % (step // hour))
    else:
        at += (start - at) // step * step
    for _ in range(count + 2):
        if at > end:
            return
        if at >= start:
            yield at, at.strftime(form)
        at += step


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
