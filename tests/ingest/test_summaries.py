"""Summaries that a source cut within a sentence."""

import pytest

from syndicate.ingest.identity import marked_if_cut

SENTENCE = "The council met on Monday and talked about the bridge that nobody has crossed for years"
CUT = f"{SENTENCE}. {SENTENCE}, and so the"
WHOLE = f"{SENTENCE}. {SENTENCE}"


@pytest.mark.parametrize("end", ["", " engin", ",", " (", " –"])
def test_a_summary_that_breaks_off_within_a_sentence_says_so(end):
    assert marked_if_cut(CUT + end) == f"{CUT}{end.rstrip(' ,(–')}…"


@pytest.mark.parametrize(
    "summary",
    [
        SENTENCE,
        f"{WHOLE}.",
        f"{WHOLE}…",
        f"{WHOLE}! With best regards, Graham",
        f"{WHOLE}. Links: drawings and the plan of the bridge",
        f"{WHOLE}. https://news.example/2026/the-bridge-that-nobody-crosses",
        "รัฐมนตรีลาออกเมื่อวันจันทร์หลังจากการลงคะแนนเสียง " * 4 + "ในสภา",
        "Ο υπουργός παραιτήθηκε τη Δευτέρα μετά την ψηφοφορία. " * 3
        + "Γιατί παραιτήθηκε ο υπουργός τη Δευτέρα;",
        "",
    ],
)
def test_a_summary_that_is_short_or_ends_stays_as_it_is(summary):
    assert marked_if_cut(summary) == summary
