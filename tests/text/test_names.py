import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.text.names import safe_name, slug, tag_key


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Council approves harbour plan", "council-approves-harbour-plan"),
        ("Don’t panic: it’s 5 o'clock!", "dont-panic-its-5-oclock"),
        ("Čau, Straße! Ærø & Łódź", "cau-strasse-aero-lodz"),
        ("İstanbul'da ışık", "istanbulda-isik"),
        ("مجلس المدينة", "mjls-lmdynh"),
        ("خطة 2026", "khth-2026"),
        ("東京 Olympics 2026", "dong-jing-olympics-2026"),
        ("Новости дня", "novosti-dnya"),
        ("서울 시장", "seo-ul-si-jang"),
        ("../../etc/passwd", "etc-passwd"),
        ("`Don't` HURRY", "dont-hurry"),
        ("it＇s", "it-s"),
        ("", ""),
    ],
)
def test_slugs_are_ascii_words(title, expected):
    assert slug(title) == expected


def test_a_long_slug_ends_at_a_word():
    assert slug("incomprehensible " * 5) == "-".join(["incomprehensible"] * 3)
    assert slug("incomprehensibilities" * 4) == ("incomprehensibilities" * 4)[:60]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("../../etc/passwd", "-..-etc-passwd"),
        ("a\\b:c*d?.txt", "a-b-c-d-.txt"),
        (".hidden", "hidden"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        ("console", "console"),
        ("trailing. ", "trailing"),
        ("nul\x00l", "null"),
        ("x" * 200 + ".html", "x" * 95 + ".html"),
        ("م" * 80 + ".md", "م" * 48 + ".md"),
    ],
)
def test_P15_file_names_are_harmless(name, expected):
    assert safe_name(name) == expected


@given(st.text())
def test_file_names_are_single_short_and_stable(name):
    safe = safe_name(name)
    assert safe not in ("", ".", "..")
    assert not set(safe) & set('/\\:*?"<>|\0\n')
    assert len(safe.encode()) <= 100
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("spellings", "key"),
    [
        (("open source", "Open-Source", "OPEN_SOURCE", " open  source "), "open source"),
        (("Women’s rights", "womens-rights"), "womens rights"),
        (("#Climate", "climate", "Ｃlimate"), "climate"),
        (("C",), "c"),
        (("C++",), "c++"),
        (("C#",), "c#"),
        (("—",), "—"),
        (("",), ""),
    ],
)
def test_spellings_of_one_tag_have_one_key(spellings, key):
    assert {tag_key(spelling) for spelling in spellings} == {key}


@given(st.text())
def test_the_key_of_a_key_is_itself(name):
    assert tag_key(tag_key(name)) == tag_key(name)


@given(st.text())
def test_slugs_hold_only_letters_figures_and_hyphens(title):
    made = slug(title)
    assert len(made) <= 60
    assert re.fullmatch("(?:[a-z0-9]+(?:-[a-z0-9]+)*)?", made)
    assert slug(made) == made
