"""Plots as SVG with classes and attributes only, at two widths, each with the numbers as a table."""

from syndicate.plots.column_plots import (
    Series,
    StateRow,
    StripDay,
    bars,
    parts_bar,
    rate_columns,
    stacked_columns,
    state_bar,
    strip,
)
from syndicate.plots.figure import Figure
from syndicate.plots.line_plots import BumpLine, bump, line_with_columns
from syndicate.plots.time_plots import Dot, SourceLane, area_to, dots, lanes, step_area

__all__ = [
    "BumpLine",
    "Dot",
    "Figure",
    "Series",
    "SourceLane",
    "StateRow",
    "StripDay",
    "area_to",
    "bars",
    "bump",
    "dots",
    "lanes",
    "line_with_columns",
    "parts_bar",
    "rate_columns",
    "stacked_columns",
    "state_bar",
    "step_area",
    "strip",
]
