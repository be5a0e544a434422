import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.text.plain import (
    MAX_TEXT,
    clean_line,
    clean_text,
    excerpt,
    folded_words,
    plain_text,
    xml_safe,
)

ANY_TEXT = st.text(
    st.one_of(st.characters(), st.sampled_from("\ud800\u202e\u2028\x00\r\n \u00a0\u0301e\ufeff"))
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A plain title", "A plain title"),
        ("  two\u00a0\u00a0spaces\tand\nlines\u2028here ", "two spaces and lines here"),
        ("bell\x07 and \x9bescape", "bell and escape"),
        ("safe\u202etxt.exe\u2066x\u2069", "safetxt.exex"),
        ("lone \ud83d half", "lone half"),
        ("\ufeffmarked \ufffe\uffff", "marked"),
        ("Cafe\u0301", "Café"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("family 👨\u200d👩\u200d👧", "family 👨\u200d👩\u200d👧"),
        ("a\r\nBcc: x@example.com", "a Bcc: x@example.com"),
        ("", ""),
    ],
)
def test_X2_X8_a_line_holds_only_what_can_be_shown(text, line):
    assert clean_line(text) == line


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two…"),
        ("one two, three", 10, "one two…"),
        ("Donaudampfschifffahrt", 10, "Donaudamp…"),
        ("市議会は新しい計画を承認した", 8, "市議会は新しい…"),
        ("ab👨\u200d👩", 4, "ab…"),
    ],
)
def test_CF7_a_long_line_is_cut_at_a_word(text, limit, cut):
    assert clean_line(text, limit) == cut


@given(ANY_TEXT, st.integers(2, 60))
def test_cleaning_a_line_twice_changes_nothing_and_keeps_the_limit(text, limit):
    line = clean_line(text, limit)
    assert len(line) <= limit
    assert clean_line(line, limit) == line
    assert "\n" not in line
    assert line == " ".join(line.split())
    assert unicodedata.is_normalized("NFC", line)
    line.encode()


@given(ANY_TEXT)
def test_cleaning_a_text_twice_changes_nothing(text):
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert "\n\n\n" not in cleaned
    assert all(line == " ".join(line.split()) for line in cleaned.split("\n"))
    cleaned.encode()


def test_paragraphs_stay_apart_and_lines_stay_lines():
    text = "One  line\r\nand another\r\n\r\n\r\n\r\nSecond\u00a0paragraph \u2029Third\n \n \nFourth"
    assert clean_text(text) == "One line\nand another\n\nSecond paragraph\n\nThird\n\nFourth"


@pytest.mark.parametrize(
    "rest", ["", " ", "\u0301", " \u0301", "\u0300b", "\x00", "\u202e b", "  b", " b", "b\nc"]
)
@pytest.mark.parametrize("line", ["abcd", "abcde", "abcd e", "ab cde", "abcd\u00e9"])
@pytest.mark.sampled(17)
def test_a_long_line_is_cut_as_it_is_when_looked_at_whole(line, rest):
    whole = clean_line(line + rest, 300)
    assert clean_line(line + rest, 5) == clean_line(whole, 5)
    assert len(clean_line(line + rest, 5)) <= 5


def test_a_text_over_its_limit_ends_at_a_word():
    paragraphs = "alpha beta\n\n" * (MAX_TEXT // 12)
    cut = clean_text(f"{paragraphs}gamma delta")
    assert len(cut) <= MAX_TEXT
    assert cut.endswith(("alpha…", "beta…"))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One &amp; two</p><p>Three<br>four</p>", "One & two\n\nThree\nfour"),
        ("Just text\nover lines", "Just text over lines"),
        ("<ul><li>a</li><li><p>b</p></li></ul><p>c</p>", "• a\n• b\n\nc"),
        ('<p>Before <img src="https://example.com/a.jpg" alt="not this"> after</p>', "Before after"),
        ('<a href="https://example.com/?a=1&amp;b=2" title="a &gt; b">link</a> text', "link text"),
        ("<h2>Head</h2>text<blockquote><p>quote</p></blockquote>", "Head\n\ntext\n\nquote"),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", "a b\n\n1 2"),
        ("<p>two\n  source\n lines</p>", "two source lines"),
        ("<pre>def f():\n  return 1</pre>", "def f():\nreturn 1"),
        ("1 &lt; 2 &amp;lt; 3", "1 < 2 &lt; 3"),
        ("word<em>s</em> stay together", "words stay together"),
        ("", ""),
    ],
)
def test_CF4_cleaned_html_reads_as_text(html, text):
    assert plain_text(html) == text


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("Short enough.", "Short enough."),
        ("The first sentence is here. The second one is too long to fit.", "The first sentence is here."),
        (
            "He met Dr. Smith yesterday and they spoke for hours about it",
            "He met Dr. Smith yesterday and they…",
        ),
        (
            "議会は計画を承認した。市長は来週にも着工すると述べ、住民説明会を開く考えを示した。",
            "議会は計画を承認した。市長は来週にも着工すると述べ、住民説明会を開く考…",
        ),
        ("“Is it over?” she asked. Nobody knew what to answer then.", "“Is it over?” she asked."),
    ],
)
def test_an_excerpt_ends_at_a_sentence_or_a_word(text, short):
    limit = 36
    assert excerpt(text, limit) == short
    assert len(short) <= limit


def test_an_excerpt_is_one_line():
    assert excerpt("First.\n\nSecond.") == "First. Second."


@given(ANY_TEXT)
def test_X2_xml_safe_text_holds_only_characters_of_xml(text):
    safe = xml_safe(text)

    def allowed(c: str) -> bool:
        return c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000"

    assert all(map(allowed, safe))
    assert safe == "".join(filter(allowed, text))


@pytest.mark.parametrize(
    "text",
    ["\u0301\u0327" * 500_000, " " * 5_000_000, "\n " * 1_000_000, "a" * 5_000_000, "<p" * 1000],
    ids=["marks", "spaces", "breaks", "word", "tags"],
)
@pytest.mark.cpu_seconds(30)
def test_CF7_hostile_text_takes_linear_time(text):
    clean_line(text)
    clean_text(text)
    excerpt(text)
    plain_text(text[:100_000])


@given(st.one_of(ANY_TEXT, st.text(st.sampled_from("aB_ß’“”–…·•«»¿\u2003\u0301-. \n"))))
def test_folded_words_are_letters_and_figures_apart_by_single_spaces(text):
    words = re.sub(r"[\W_]+", " ", text.casefold()).strip()
    assert folded_words(text) == f" {words} "
