import pytest

from syndicate.text.colours import accent_contrast, accent_rules, contrast


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#ffffff") == pytest.approx(1)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_the_shipped_accents_have_the_contrast_that_is_asked_of_others():
    assert accent_contrast("#0a5c55", dark=False) > 6
    assert accent_contrast("#78d0c4", dark=True) > 6


def test_an_accent_replaces_the_shipped_one_in_its_scheme_alone():
    rules = accent_rules("#7a1f3d", "")

    assert "(prefers-color-scheme: light)" in rules
    assert "--accent: #7a1f3d" in rules
    assert "dark" not in rules
    assert accent_rules("", "") == ""
