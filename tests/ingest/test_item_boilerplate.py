"""Boilerplate of blog software at the end of items is cut; the author's text stays."""

import pytest

from syndicate.ingest.html.item_boilerplate import cut_boilerplate, is_read_more
from tests.ingest.reading import only_entry, rss

PAGE = "https://blog.example/2026/rain"
OWN_LINK = f'<a href="{PAGE}" rel="noopener">'
ART19 = "https://art19.com/privacy"
BLOG = '<a href="https://blog.example" rel="noopener">The Blog</a>'


def cut(html: str) -> str:
    return cut_boilerplate(html, PAGE)


@pytest.mark.parametrize(
    "credit",
    [
        f"The post {OWN_LINK}Rain</a> appeared first on {BLOG}.",
        f"The post {OWN_LINK}Rain</a> first appeared on {BLOG}.",
        "The post Rain appeared first on The Blog.",
        f"Der Beitrag {OWN_LINK}Regen</a> erschien zuerst auf {BLOG}.",
        f"L’article {OWN_LINK}Pluie</a> est apparu en premier sur {BLOG}.",
        f"La entrada {OWN_LINK}Lluvia</a> se publicó primero en {BLOG}.",
        f"L'articolo {OWN_LINK}Pioggia</a> proviene da {BLOG}.",
        f"O post {OWN_LINK}Chuva</a> apareceu primeiro em {BLOG}.",
        f"Het bericht {OWN_LINK}Regen</a> verscheen eerst op {BLOG}.",
        f"Artykuł {OWN_LINK}Deszcz</a> pochodzi z serwisu {BLOG}.",
        f"Сообщение {OWN_LINK}Дождь</a> появились сначала на {BLOG}.",
        f"Inlägget {OWN_LINK}Regn</a> dök först upp på {BLOG}.",
        f"投稿 {OWN_LINK}雨</a> は {BLOG} に最初に表示されました。",
        f"ظهرت المقالة {OWN_LINK}مطر</a> أولاً على {BLOG}.",
    ],
)
def test_credit_lines_are_cut(credit):
    assert cut(f"<p>It rains.</p><p>{credit}</p>") == "<p>It rains.</p>"
    assert cut(f"<div><p>It rains.</p><p><em>{credit}</em></p></div>") == "<div><p>It rains.</p></div>"


REDDIT = (
    'submitted by <a href="https://www.reddit.com/user/jo_lee"> /u/jo_lee </a>{to}<br>'
    '<span><a href="https://i.redd.it/a.jpg">[link]</a></span>'
    ' &nbsp; <span><a href="https://www.reddit.com/r/rain/comments/1/">[comments]</a></span>'
)
HACKER_NEWS = (
    '<p>Article URL: <a href="https://a.example/b?c=d">https://a.example/b?c=d</a></p>'
    '<p>Comments URL: <a href="https://news.ycombinator.com/item?id=1">https://news.ycombinator.com/item?id=1</a></p>'
    "<p>Points: 12</p> <p># Comments: 3</p>"
)
MEDIUM = (
    f'<hr><p>{OWN_LINK}Rain in the hills</a> was originally published in <a href="https://m.example">The Hill'
    "</a> on Medium, where people are continuing the conversation by highlighting and responding to this"
    " story.</p>"
)
COMMENTS = '<a href="https://news.ycombinator.com/item?id=1">Comments</a>'


@pytest.mark.parametrize(
    ("written", "left"),
    [
        (f"<p>It rains.</p>{REDDIT.format(to=' ')}", "<p>It rains.</p>"),
        (f"<p>It rains.</p>{REDDIT.format(to=' to <a>r/rain</a> ')}", "<p>It rains.</p>"),
        (REDDIT.format(to=" "), ""),
        (HACKER_NEWS, ""),
        (f"<p>It rains.</p>{HACKER_NEWS}", "<p>It rains.</p>"),
        (f"<p>It rains.</p>{MEDIUM}", "<p>It rains.</p>"),
        (COMMENTS, ""),
        (f"<p>{COMMENTS}</p>", ""),
        (f"<p>It rains.</p><p>{COMMENTS}</p>", f"<p>It rains.</p><p>{COMMENTS}</p>"),
        ("<p>The poem was submitted by a reader.</p>", "<p>The poem was submitted by a reader.</p>"),
        ("<p>It was originally published in 1926.</p>", "<p>It was originally published in 1926.</p>"),
    ],
)
def test_the_lines_of_sites_for_links_and_blogs_are_cut(written: str, left: str) -> None:
    assert cut(written) == left


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("<p>It rains […]</p>", "<p>It rains…</p>"),
        ("<p>It rains. [...]</p>", "<p>It rains. …</p>"),
        (f"<p>It rains … {OWN_LINK}Continue reading Rain in the hills</a></p>", "<p>It rains …</p>"),
        (f"<p>It rains. [{OWN_LINK}Read more…</a>]</p>", "<p>It rains. …</p>"),
        (f"<p>It rains.</p><p>{OWN_LINK}Read More →</a></p>", "<p>It rains.</p><p>…</p>"),
        (f"<p>Es regnet …</p><p>{OWN_LINK}Weiterlesen</a></p>", "<p>Es regnet …</p>"),
        (f"<p>Il pleut…</p>{OWN_LINK}Lire la suite »</a>", "<p>Il pleut…</p>"),
        ("It rains … Continue reading Rain in the hills →", "It rains …"),
        (
            f"<p>It rains […] The post {OWN_LINK}Is it the post?</a> appeared first on {BLOG}.</p>",
            "<p>It rains…</p>",
        ),
        (
            f"<p>Rain […]</p>{OWN_LINK}Keep reading</a><p>The post A appeared first on {BLOG}.</p>",
            "<p>Rain…</p>",
        ),
        (f"<p>{OWN_LINK}Read more</a></p>", ""),
    ],
)
def test_what_leads_on_becomes_an_ellipsis(written, left):
    assert cut(written) == left


@pytest.mark.parametrize(
    "written",
    [
        "<p>This interview appeared first on public radio.</p>",
        "<p>The post appeared first on stamps.</p><p>Later it was a painting.</p>",
        '<p>More: <a href="https://other.example/" rel="noopener">Read more about the budget</a></p>',
        "<p>He asked her to read on.</p>",
        "<p>It rains … and it pours</p>",
        "<p>Books, films, and <a href='https://other.example/'>more</a></p>",
        "<ul><li>One</li><li>Two</li></ul>",
        "",
    ],
)
def test_what_the_author_wrote_stays(written):
    assert cut(written) is written


@pytest.mark.parametrize(
    "line",
    [
        'Hosted on Acast. See <a href="https://acast.com/">acast.com/privacy</a> for more information.',
        'Learn more about your ad choices. Visit <a href="https://a.example/b">megaphone.fm/adchoices</a>',
        'See <a href="https://omnystudio.com/listener">omnystudio.com/listener</a> for privacy information.',
        f"See Privacy Policy at {ART19} and California Privacy Notice at {ART19}#do-not-sell-my-info.",
    ],
    ids=["Acast", "Megaphone", "Omny", "Art19"],
)
def test_the_last_line_of_a_podcast_host_is_cut(line):
    assert cut(f"<p>Anna sails.</p><p> </p><p>{line}</p>") == "<p>Anna sails.</p>"
    assert cut(f"<p>Anna sails.<br><br>{line}</p>") == "<p>Anna sails.</p>"
    assert cut(f"<p>{line}</p><p>Anna sails.</p>") == f"<p>{line}</p><p>Anna sails.</p>"


def test_text_and_summary_of_an_item_have_no_boilerplate():
    credit = f"&lt;p&gt;The post {OWN_LINK.replace('<', '&lt;')}A&lt;/a&gt; appeared first on B.&lt;/p&gt;"
    entry = only_entry(
        rss(
            f"<title>a</title><link>{PAGE}</link><description>&lt;p&gt;Short [&amp;#8230;]&lt;/p&gt; {credit}"
            f"</description><content:encoded>&lt;p&gt;It rains.&lt;/p&gt;{credit}</content:encoded>"
        )
    )
    assert (entry.html, entry.text, entry.summary) == ("<p>It rains.</p>", "It rains.", "Short…")


def test_a_button_s_alternative_text_is_told_from_a_sentence():
    assert is_read_more("Keep reading »")
    assert is_read_more("Continue reading Rain in the hills →")
    assert not is_read_more("Read more about rain")
    assert not is_read_more("A street in the rain")


def test_links_around_icons_at_the_end_are_cut():
    icon = '<a href="https://social.example/jo" rel="noopener"><img alt="Follow me" width="16" height="16" src="https://blog.example/follow.png"></a>'
    assert cut(f"<p>It rains.</p>\n{icon}{icon}") == "<p>It rains.</p>"
    assert cut(f"<p>It rains.</p><p>{icon} {icon}</p>") == "<p>It rains.</p>"
    large = icon.replace("16", "600")
    assert cut(f"<p>It rains.</p>{large}") == f"<p>It rains.</p>{large}"
    photo = icon.replace('width="16" height="16" ', "")
    assert cut(f"<p>It rains.</p>{photo}{icon}") == f"<p>It rains.</p>{photo}"


@pytest.mark.parametrize(
    "dateline",
    ["", "<p>\n Posted on April 22, 2014 \n</p>", "<div>Veröffentlicht am 3. Mai 2024 von Jo</div>"],
)
def test_a_title_and_a_dateline_above_the_text_are_cut(dateline):
    html = f"<article>\n<h2>Rain &amp; wind</h2>{dateline}<p>Posted on 3 doors: it rains.</p></article>"
    cut_html = cut_boilerplate(html, PAGE, "Rain & wind")
    assert cut_html.replace("\n", "") == "<article><p>Posted on 3 doors: it rains.</p></article>"
    assert cut_boilerplate("<h2>Rain</h2><p>It rains.</p>", PAGE, "Rain & wind").startswith("<h2>Rain</h2>")


@pytest.mark.parametrize(
    "sentence",
    [
        "Published in 1984, the novel won.",
        "Updated for 2024 models",
        "Published on 24 February 2022, before the war.",
        "Publicado en 1605, el Quijote",
    ],
)
def test_a_sentence_with_a_year_is_no_dateline(sentence):
    assert cut(f"<p>{sentence}</p><p>It rains.</p>") == f"<p>{sentence}</p><p>It rains.</p>"


def test_an_item_does_not_repeat_its_title_as_a_heading():
    entry = only_entry(
        rss("<title>Rain</title><description>&lt;h1&gt;Rain&lt;/h1&gt;It rains.</description>")
    )
    assert (entry.html, entry.summary) == ("It rains.", "It rains.")
