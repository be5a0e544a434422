"""Labelled sets for the benchmarks of stories: reading them, and correlations with human judgement."""

import json
from pathlib import Path

import pytest

from benchmarks.story_measures import graded, pearson, spearman
from benchmarks.story_sets import read_documents
from syndicate.stories import StoryOptions

FLOOD = "Douro floods Porto  The river Douro flooded the Ribeira quarter of Porto and the bridge was closed."
FLOOD_AGAIN = "Porto flooded by Douro  The river Douro left the Ribeira quarter of Porto under water."
RIVER = "Anglers return  Anglers came back to the river Douro after the new season began on Sunday morning."
BANK = "Rates raised  The central bank raised its interest rate to 2.75 per cent because of wages and prices."


def write_rows(path: Path, rows: list[dict[str, object]]) -> Path:
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), "utf-8")
    return path


def document(number: int, text: str) -> dict[str, object]:
    return {
        "id": f"d{number}",
        "title": "Flood in Porto",
        "text": text,
        "published": "2026-11-24T06:00:00Z",
        "source": "harbour",
        "lang": "en",
        "story_id": "flood",
    }


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\u000b", "\u001c"])
def test_separators_inside_a_text_do_not_end_its_row(tmp_path, separator):
    text = f"The river rose{separator}by four metres"
    path = tmp_path / "docs.jsonl"
    # As data sets come that escape only what JSON demands.
    path.write_text(json.dumps(document(1, text), ensure_ascii=False) + "\n" + "\n", "utf-8")
    assert [one.text.split() for one in read_documents(path, "real", 1)] == [text.split()]


def test_rank_correlation_asks_for_the_same_order_and_linear_correlation_for_proportion():
    assert spearman([1, 2, 3, 4], [1, 10, 100, 1000]) == pytest.approx(1.0)
    assert pearson([1, 2, 3, 4], [1, 10, 100, 1000]) < 0.9
    assert spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1.0)


def test_equal_values_share_the_mean_of_their_ranks():
    assert spearman([1, 1, 2], [1, 2, 3]) == pytest.approx(0.866, abs=0.001)


def test_a_constant_series_correlates_with_nothing():
    assert pearson([1, 1, 1], [1, 2, 3]) == 0.0


def test_graded_similarity_reports_both_correlations_of_both_scores_by_language(tmp_path):
    judged = [(FLOOD, FLOOD_AGAIN, 1.0), (FLOOD, RIVER, 3.0), (FLOOD, BANK, 4.0)]
    rows: list[dict[str, object]] = [
        {"pair_id": f"p{number}", "lang1": "en", "lang2": "en", "text1": a, "text2": b, "overall": overall}
        for number, (a, b, overall) in enumerate(judged)
    ]
    found = graded(write_rows(tmp_path / "pairs.jsonl", rows), StoryOptions(), "")
    assert set(found) == {
        f"{correlation}_{score}{language}"
        for correlation in ("spearman", "pearson")
        for score in ("calibrated", "score")
        for language in ("", "_en")
    }
    assert found["spearman_calibrated_en"] == pytest.approx(1.0)
    assert found["pearson_calibrated_en"] > 0.8
