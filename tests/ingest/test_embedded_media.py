"""Embedded players of an item's text."""

import re

import pytest

from syndicate.ingest.html.embedded_media import MAX_MEDIA
from syndicate.ingest.html.sanitise import clean_html
from syndicate.ingest.limits import MAX_HTML_CHARACTERS

BASE = "https://news.example/film/"


def link(url: str, title: str, host: str = "") -> str:
    return f'<p><a href="{url}" rel="noopener">{title}</a>{f" ({host})" if host else ""}</p>'


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        (
            '<iframe src="https://www.youtube.com/embed/m0BI0NyUiNU?rel=0" title="A &amp; B"></iframe>',
            link("https://www.youtube.com/watch?v=m0BI0NyUiNU", "A &amp; B", "youtube.com"),
        ),
        (
            '<iframe src="//www.youtube-nocookie.com/embed/Bgaw9qe7DEE?start=2160"></iframe>',
            link("https://www.youtube.com/watch?v=Bgaw9qe7DEE&amp;t=2160s", "youtube.com"),
        ),
        (
            '<iframe src="https://player.vimeo.com/video/113?h=5" title="YouTube video player"></iframe>',
            link("https://vimeo.com/113", "vimeo.com"),
        ),
        (
            '<iframe src="about:blank" data-src="https://tv.example/embed/7" title="Flood"></iframe>',
            link("https://tv.example/embed/7", "Flood", "tv.example"),
        ),
        (
            '<video controls><source src="the%20flood.mp4" type="video/mp4">Your browser is old.</video>',
            link(f"{BASE}the%20flood.mp4", "the flood.mp4", "news.example"),
        ),
        (
            '<iframe src="https://www.youtube.com/embed/videoseries?list=PL1"></iframe>',
            link("https://www.youtube.com/embed/videoseries?list=PL1", "youtube.com"),
        ),
        ('<audio src="/talk.mp3">', link("https://news.example/talk.mp3", "talk.mp3", "news.example")),
    ],
)
def test_an_embedded_player_becomes_a_link(html, shown):
    assert clean_html(html, BASE).html == shown


@pytest.mark.parametrize(
    "html",
    [
        '<iframe src="javascript:alert(1)"></iframe>',
        '<iframe src="https://www.facebook.com/plugins/like.php?href=x"></iframe>',
        '<iframe src="https://www.googletagmanager.com/ns.html" width="300"></iframe>',
        '<iframe src="https://ads.example/" width="1" height="1"></iframe>',
        '<iframe src="https://ads.example/" style="display:none"></iframe>',
        '<!-- <iframe src="https://tv.example/embed/7"></iframe> -->',
        "<video></video>",
        '<div hidden><iframe src="https://tv.example/embed/7">Old browser</iframe></div>',
        '<div style="display:none"><div><video src="/v.mp4" controls></video></div></div>',
    ],
)
def test_hidden_frames_buttons_and_trackers_leave_nothing(html):
    found = clean_html(f"<p>Before</p>{html}", BASE).html
    assert re.sub("</?div>", "", found) == "<p>Before</p>"


@pytest.mark.parametrize("frame", ['<div hidden><iframe src="/1"/></div>', '<iframe src="/1" width="0">'])
def test_the_text_after_a_hidden_frame_without_an_end_tag_stays(frame):
    assert clean_html(f"{frame}<p>A</p>", BASE).text == "A"


def test_a_player_after_a_hidden_element_is_seen():
    html = '<div hidden>a</div><iframe src="https://tv.example/embed/7"></iframe>'
    assert 'href="https://tv.example/embed/7"' in clean_html(html, BASE).html


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ('<!-- <iframe src="https://tv.example/1"> --><p>A</p>', "<p>A</p>"),
        ("<script>write('<iframe src=https://tv.example/1>')</script><p>A</p>", "<p>A</p>"),
        (
            "<img alt='<iframe src=\"https://tv.example/1\">' src='https://news.example/a.jpg'><p>A</p>",
            '<img alt="&lt;iframe src=&quot;https://tv.example/1&quot;&gt;" src="https://news.example/a.jpg"><p>A</p>',
        ),
    ],
)
def test_text_about_players_in_comments_code_and_attributes_takes_nothing_from_the_article(html, shown):
    video = '<iframe src="https://tv.example/2"></iframe>'
    assert clean_html(f"{html}{video}", BASE).html == f"{shown}{link('https://tv.example/2', 'tv.example')}"


def test_a_player_without_an_end_tag_takes_no_text_up_to_the_next():
    html = '<video src="/1.mp4" /><p>A</p><video src="/2.mp4"></video>'
    assert "<p>A</p>" in clean_html(html, BASE).html


@pytest.mark.cpu_seconds(5)
@pytest.mark.parametrize("part", ["<video>", "<iframe ", "<video src=x>", "<video></video"])
@pytest.mark.sampled(2)
def test_any_number_of_players_is_read_in_linear_time(part):
    clean_html(part * (MAX_HTML_CHARACTERS // len(part)), BASE)


def test_a_text_has_a_bounded_number_of_players():
    html = clean_html('<iframe src="https://tv.example/1"></iframe>' * (MAX_MEDIA + 20), BASE).html
    assert html.count("<a ") == MAX_MEDIA


def test_a_title_cannot_leave_its_link():
    html = clean_html(
        "<iframe src='https://tv.example/1' title='</a><script>x</script><b>y'></iframe>", BASE
    ).html
    assert "<script" not in html
    assert "<b>" not in html


def test_a_player_without_a_name_is_no_part_of_the_text_before_an_article():
    video = '<iframe src="https://www.youtube.com/embed/m0BI0NyUiNU" title="{}"></iframe>'
    assert clean_html(f"{video.format('')}<p>It rains.</p>", BASE).text == "It rains."
    assert clean_html(f"{video.format('Rain')}<p>A</p>", BASE).text == "Rain (youtube.com)\n\nA"
