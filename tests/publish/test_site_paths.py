import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.publish.site_paths import list_feed, root_of, section_path, tag_path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (section_path("World"), "site/sections/world/index.html"),
        (section_path("City Council"), "site/sections/city-council/index.html"),
        (tag_path("floods"), "site/tags/floods/index.html"),
        (section_path("Latest"), "site/sections/latest/index.html"),
        (list_feed("sections", "Latest"), "sections/latest"),
    ],
)
def test_a_plain_name_gives_a_readable_path(path, expected):
    assert path == expected


def test_names_that_lose_letters_on_the_way_keep_apart():
    names = [
        "Sci/Tech",
        "Sci-Tech",
        "Sci Tech",
        "R&D",
        "R D",
        "سياسة",
        "اقتصاد",
        "C",
        "C++",
        "C#",
        "..",
        "",
        "2026",
    ]

    paths = {section_path(name) for name in names}

    # "Sci/Tech", "Sci-Tech" and "Sci Tech" are one section to a reader, and so are "R&D" and "R D".
    assert len(paths) == len(names) - 3


def test_a_name_in_another_script_gives_a_path_that_readers_can_read():
    assert re.fullmatch(r"site/tags/ping-guo-[0-9a-f]{8}/index\.html", tag_path("苹果"))
    assert re.fullmatch(r"site/sections/sysh-[0-9a-f]{8}/index\.html", section_path("سياسة"))


def test_a_name_that_looks_like_another_ones_hash_keeps_its_own_page():
    hashed = tag_path("été").removeprefix("site/tags/").removesuffix("/index.html")
    assert tag_path(hashed) != tag_path("été")


def test_two_sources_that_differ_only_in_spelling_have_two_feeds():
    assert list_feed("sources", "The Times") != list_feed("sources", "the-times")
    assert list_feed("tags", "Open Source") == list_feed("tags", "open-source")


def test_names_that_differ_only_in_case_or_spaces_share_a_page():
    assert section_path("World  News") == section_path("world news")


@given(st.text(max_size=80))
def test_any_name_gives_a_harmless_path_below_its_folder(name):
    path = section_path(name)

    assert path.startswith("site/sections/")
    assert path.isascii()
    assert not set(path) & set(" \"'<>&?#%\\:")
    assert ".." not in path


@pytest.mark.parametrize(
    ("path", "expected"),
    [("index.html", ""), ("site/index.html", "../"), ("site/articles/2026/11/a.html", "../" * 4)],
)
def test_the_root_is_one_step_up_for_each_folder(path, expected):
    assert root_of(path) == expected
