"""Plots: valid pictures for any data, and a table that holds every number."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

import pytest

from syndicate import plots
from syndicate.plots.figure import limit_of, time_ticks

START = datetime(2026, 11, 26, 9, tzinfo=UTC)
END = START + timedelta(hours=24)
HOSTILE = '</text><script>alert(1)</script>"\x00\ud800\u202e&amp; ]]>'
RIGHT_TO_LEFT = "חדשות הצפון"


def _all(names: list[str], values: list[float]) -> dict[str, plots.Figure]:
    """Every plot, drawn from the same names and values."""
    times = [START + timedelta(minutes=7 * place) for place in range(len(values))]
    title, finding = (names or ["title"])[0], (names or ["finding"])[-1]
    places: list[int | None] = [place % 6 + 1 for place, _ in enumerate(values)]
    return {
        "stacked_columns": plots.stacked_columns(
            title, finding, names, [plots.Series(name, values) for name in names], values
        ),
        "strip": plots.strip(
            title, finding, [plots.StripDay(n, int(v), 3, 1) for n, v in zip(names, values, strict=True)]
        ),
        "rate_columns": plots.rate_columns(title, finding, names, values, 2.0),
        "bars": plots.bars(title, finding, list(zip(names, values, strict=True))),
        "parts_bar": plots.parts_bar(title, finding, list(zip(names, values, strict=True)), 3.0),
        "state_bar": plots.state_bar(
            title,
            finding,
            [plots.StateRow(n, n, {"sent": int(v), "failed": 1}) for n, v in zip(names, values, strict=True)],
        ),
        "bump": plots.bump(title, finding, names, [plots.BumpLine(name, places) for name in names]),
        "line_with_columns": plots.line_with_columns(title, finding, names, values, values, values),
        "dots": plots.dots(
            title,
            finding,
            [plots.Dot(at, v, "new", n) for at, v, n in zip(times, values, names, strict=True)],
            START,
            END,
        ),
        "lanes": plots.lanes(title, finding, [plots.SourceLane(name, times) for name in names], START, END),
        "step_area": plots.step_area(
            title, finding, list(zip(times, values, strict=True)), START, END, max(values, default=0)
        ),
        "area_to": plots.area_to(
            title, finding, list(zip(times, values, strict=True)), sum(values), END if values else None
        ),
    }


def _pictures(figure: plots.Figure) -> list[ET.Element]:
    return [ET.fromstring(figure.wide), ET.fromstring(figure.narrow)]


@pytest.mark.parametrize("plot", list(_all([], [])))
@pytest.mark.parametrize(
    ("names", "values"),
    [
        ([], []),
        (["only"], [5]),
        (["a", "b"], [0, 0]),
        ([HOSTILE, RIGHT_TO_LEFT], [3, 4]),
        (["x" * 500, "y"], [1, 2]),
        (["huge", "small"], [10**18, 1]),
        ([str(hour) for hour in range(24)], list(range(24))),
    ],
    ids=["empty", "single", "zeros", "hostile", "long", "huge", "many"],
)
@pytest.mark.sampled(28)
def test_is_valid_xml_within_its_view_with_a_title_and_a_description(plot, names, values):
    for picture in _pictures(_all(names, values)[plot]):
        assert picture.get("role") == "img"
        assert [child.tag for child in picture][:2] == ["title", "desc"]
        width, height = map(float, picture.attrib["viewBox"].split()[2:])
        for element in picture.iter():
            assert not {"style", "onload", "href"} & set(element.attrib)
            assert element.tag in {"svg", "title", "desc", "rect", "circle", "path", "text"}
            if element.tag == "rect":
                assert -0.2 <= float(element.attrib["x"]) <= width
                assert float(element.attrib["x"]) + float(element.attrib["width"]) <= width + 0.2
                assert -0.2 <= float(element.attrib["y"]) <= height
                assert float(element.attrib["y"]) + float(element.attrib["height"]) <= height + 0.2


def test_the_table_of_columns_holds_every_number_and_the_sums():
    figure = plots.stacked_columns(
        "t",
        "f",
        ["09", "10"],
        [plots.Series("North", [1200, 2]), plots.Series("South", [3, 4])],
        [900, 7.5],
    )
    assert figure.columns == ("", "North", "South", "all", "usual")
    assert figure.rows == (("09", "1,200", "3", "1,203", "900"), ("10", "2", "4", "6", "7.50"))
    assert figure.legend == (("c1", "North"), ("c2", "South"), ("line-usual", "usual"))


def test_the_tables_of_the_other_plots_hold_their_numbers():
    figures = _all(["a", "b"], [3, 4])
    assert figures["strip"].rows[1] == ("b", "4", "3", "1")
    assert figures["rate_columns"].rows == (("a", "3 %"), ("b", "4 %"))
    assert figures["bars"].rows == figures["parts_bar"].rows == (("a", "3"), ("b", "4"))
    assert figures["state_bar"].rows[0] == ("a", "3", "0", "0", "0", "1")
    assert figures["bump"].rows[0] == ("a", "1", "2")
    assert figures["line_with_columns"].rows[1] == ("b", "4", "4", "4")
    assert figures["dots"].rows[0] == ("26 Nov 09:00", "3 ms", "a")
    assert figures["lanes"].rows[0] == ("a", "2", "26 Nov 09:00", "26 Nov 09:07")
    assert figures["step_area"].rows[1] == ("26 Nov 09:07", "4")
    assert figures["area_to"].rows[2] == ("27 Nov 09:00 (expected)", "7")


def test_mails_of_a_few_minutes_have_a_time_axis():
    start = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)
    counts = [(start + timedelta(minutes=minute), 10.0 * minute) for minute in range(4)]
    words = [
        text.text for text in ET.fromstring(plots.area_to("t", "f", counts, 40).wide).iter() if text.text
    ]
    assert {"07:01", "07:02"} <= set(words)


def test_the_fastest_poll_lies_above_the_axis():
    start = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)
    polls = [plots.Dot(start + timedelta(hours=hour), ms, "new") for hour, ms in enumerate((2, 40, 800))]
    wide = ET.fromstring(plots.dots("t", "f", polls, start, start + timedelta(hours=9)).wide)
    heights = [float(element.attrib["cy"]) for element in wide.iter() if "cy" in element.attrib]
    assert max(heights) < 160 - 22 - 5


def test_a_column_is_as_high_as_its_share_of_the_scale():
    figure = plots.stacked_columns("t", "f", ["a"], [plots.Series("s", [50])])
    wide = ET.fromstring(figure.wide)
    column = next(rect for rect in wide.iter("rect"))
    assert float(column.attrib["height"]) == pytest.approx(180 - 22 - 10, abs=0.1)


def test_strips_that_share_a_scale_are_comparable():
    small = ET.fromstring(plots.strip("t", "f", [plots.StripDay("d", 5)], highest=50).wide)
    large = ET.fromstring(plots.strip("t", "f", [plots.StripDay("d", 50)], highest=50).wide)
    heights = [float(next(picture.iter("rect")).attrib["height"]) for picture in (small, large)]
    assert heights[0] * 9 < heights[1]


def test_a_rate_above_the_limit_is_marked_by_more_than_its_height():
    wide = plots.rate_columns("t", "f", ["Mon", "Tue"], [0.05, 0.12], 0.1).wide
    assert 'class="bad"' in wide
    assert 'class="c1"' in wide


def test_a_story_without_a_place_interrupts_its_line():
    wide = plots.bump("t", "f", ["1", "2", "3"], [plots.BumpLine("s", [1, None, 2])]).wide
    assert wide.count("<circle") == 2
    assert 'class="line c1"' not in wide


def test_the_upper_end_of_a_scale_is_round_and_holds_the_values():
    assert [limit_of([value]) for value in (0, 5, 63, 12_408, 10**18)] == [4, 5, 80, 20_000, 10**18]


@pytest.mark.parametrize("hours", [1, 24, 24 * 14, 24 * 365, 24 * 365 * 40])
def test_a_time_axis_has_no_more_labels_than_have_room(hours):
    ticks = list(time_ticks(START, START + timedelta(hours=hours), 4))
    assert len(ticks) <= 5
    assert len({label for _, label in ticks}) == len(ticks)
