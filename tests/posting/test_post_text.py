"""Texts of posts: within the limits of each network, as it counts them."""

from hypothesis import given
from hypothesis import strategies as st

from syndicate.posting import KINDS, Network, PostContent
from syndicate.posting.network_kinds import graphemes, mastodon_length, utf16_units
from syndicate.posting.network_requests import facets, record_key
from syndicate.posting.post_text import as_html, hashtags, post_text, template_mistake
from tests.factories import NOW

LINK = "https://harbour.example/a-very-long-address/of-a-report?with=query"
FAMILY = "👨‍👩‍👧‍👦"


def network(kind: str, template: str = "") -> Network:
    return Network(name="n", kind=kind, secret="s", template=template)


def content(
    title: str = "Ship strikes bridge", summary: str = "Nobody was hurt.", **more: object
) -> PostContent:
    return PostContent(title=title, summary=summary, link=LINK, **more)  # type: ignore[arg-type]


def test_a_link_counts_as_23_characters_on_mastodon():
    assert mastodon_length(f"Read {LINK}") == 5 + 23


def test_a_family_emoji_counts_as_one_on_bluesky_and_as_eleven_on_telegram():
    assert graphemes(FAMILY) == 1
    assert utf16_units(FAMILY) == 11


def test_the_summary_is_shortened_before_the_title_and_never_the_link():
    text = post_text(network("mastodon"), content(summary="word " * 300, tags=("sea",)))
    assert mastodon_length(text) <= 500
    assert text.startswith("Ship strikes bridge\n\nword word")
    assert text.endswith(f"word…\n\n{LINK}\n\n#Sea")


def test_a_title_of_one_long_word_is_cut():
    text = post_text(network("bluesky"), content("x" * 500, tags=("sea", "ships")))
    assert graphemes(text) <= 300
    assert text.endswith("…")


def test_a_summary_in_a_script_without_spaces_is_cut_and_not_left_out():
    text = post_text(network("mastodon"), content("橋が再開", summary="港の橋が三年ぶりに再開した。" * 60))
    assert 490 < mastodon_length(text) <= 500
    assert "再開した。港の橋" in text
    assert f"…\n\n{LINK}" in text


@given(
    st.sampled_from(sorted(KINDS)),
    st.text(max_size=700),
    st.text(max_size=900),
    st.lists(st.text(max_size=60)),
)
def test_every_text_fits_and_keeps_its_link(kind, title, summary, tags):
    made = post_text(network(kind), content(title, summary, tags=tuple(tags)))
    assert KINDS[kind].measure(made) <= KINDS[kind].limit
    assert kind == "bluesky" or LINK in made


def test_empty_values_leave_no_gap():
    assert post_text(network("mastodon"), content(summary="")) == f"Ship strikes bridge\n\n{LINK}"


def test_a_headline_calls_nobody_and_closes_no_markup():
    assert "@everyone" not in post_text(network("discord"), content("Hello @everyone"))
    assert post_text(network("slack"), content("<!channel> & co")).startswith("&lt;!channel&gt; &amp; co")
    assert post_text(network("discord"), content("a *b* `c`")).startswith("a \\*b\\* \\`c\\`")
    assert "<script>" not in as_html("<script>alert(1)</script>", LINK)


def test_a_placeholder_in_a_headline_is_text():
    assert post_text(network("slack"), content("About {link}", summary="")).startswith("About {link}")


def test_hashtags_join_words_and_leave_out_numbers_and_doubles():
    assert hashtags(("climate change", "2026", "Climate Change", "b", "c")) == ["#ClimateChange", "#B", "#C"]


def test_mistakes_in_templates_are_named():
    assert "{headline}" in template_mistake("{headline}")
    assert template_mistake("Look!")
    assert not template_mistake("{title} {link}")


def test_facets_are_offsets_of_bytes():
    text = f"Ä ship #Sea {LINK}"
    tag, link = facets(text)
    raw = text.encode()
    assert raw[tag["index"]["byteStart"] : tag["index"]["byteEnd"]] == b"#Sea"
    assert raw[link["index"]["byteStart"] : link["index"]["byteEnd"]].decode() == LINK


def test_record_keys_are_sorted_by_time_and_stay_the_same():
    keys = [record_key(NOW.replace(minute=minute), 7) for minute in range(3)]
    assert keys == sorted(keys)
    assert keys[0] == record_key(NOW.replace(minute=0), 7)
    assert all(len(key) == 13 and key[0] in "234567abcdefghij" for key in keys)


def test_graphemes_of_many_bytes_fit_the_bytes_of_bluesky() -> None:
    family = "👨\u200d👩\u200d👧\u200d👦"
    bluesky = Network(name="sky", kind="bluesky", secret="s")
    text = post_text(bluesky, PostContent(title=family * 290, link="https://h.example/a"))
    assert 1000 < len(text.encode()) <= 3000
