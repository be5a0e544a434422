"""Articles on pages that look like other pages, and other pages that look like articles."""

# ruff: noqa: E501

import json
import re
from collections import Counter

import pytest

from syndicate.errors import ParseError
from syndicate.ingest.page.page_extraction import parse_page
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import ParsedSource, Paywall

URL = "https://courier.example/2026/11/ferry-returns"
TITLE = "Ferry returns after three weeks in dock"
SENTENCES = (
    "The ferry to Skerry Island sailed again on Thursday morning after three weeks in dock.",
    "Engineers had replaced both propellers and a cracked shaft, the operator said.",
    "About two hundred islanders waited on the pier, many with three weeks of parcels.",
    "Captain Maria Lindqvist said the crossing had been calm and took forty minutes.",
    "The council had hired a smaller boat in the meantime, which carried no cars.",
    "Farmers complained that feed for their animals arrived late and cost twice as much.",
    "A second ferry, promised for next summer, is still waiting for its first inspection.",
)
LONGER = (
    "Shop owners on the harbour front expect a better December than the last one.",
    "The school had moved its winter concert to the mainland and will now move it back.",
    "Anyone who bought a ticket for a cancelled sailing can ask for the money until March.",
    "The operator did not say what the repair had cost, but called it the largest in ten years.",
    "An inquiry into the accident, in which nobody was hurt, will report in the spring.",
    "Its first finding is that a log as long as a bus had drifted into the channel overnight.",
    "The harbour master wants a second camera on the breakwater and a boat that clears the water.",
)
SHORT_TEXT = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES)
TEXT = SHORT_TEXT + "".join(f"<p>{sentence}</p>" for sentence in LONGER)

LOGIN_BOX = (
    "<div class='login'><form action='/login'><label>Email</label><input name=u><label>Password</label>"
    "<input type='password' name=p><button>Sign in</button> <a href='/forgot'>Forgot it?</a></form></div>"
)
NEWSLETTER = (
    "<aside><h3>Newsletter</h3><p>Sign up to read our newsletter every morning.</p><input type=email></aside>"
)
COOKIES = (
    "<div id='consent'><p>We and our 812 partners store cookies. Manage consent. Your privacy matters to us.</p>"
    "<button>Accept all</button><button>Reject all</button></div>"
)
RELATED = "<div class='related'><h3>Related</h3><ul>" + "".join(
    f"<li><a href='/a/{n}'>Another story with a rather long headline number {n}</a></li>" for n in range(8)
) + "</ul></div>"  # fmt: skip
COMMENTS = (
    "<section id='comments'><h2>Comments</h2><p>Already have an account? Log in to comment.</p>"
    "<div class='comment'><p>About time too, I have been eating porridge for days.</p></div></section>"
)
HEADER = "<header><a href='/'>The Courier</a> <span>Already a subscriber?</span> <a href='/in'>Sign in</a></header>"
MENU = "<nav><ul>" + "".join(f"<li><a href='/{n}'>Section {n}</a></li>" for n in range(12)) + "</ul></nav>"
FOOTER = "<footer><p>© The Courier. Subscribe to continue reading offline in our app.</p></footer>"


def page(body: str, head: str = f"<title>{TITLE} - The Courier</title>") -> str:
    return f"<!doctype html><html lang=en><head><meta charset=utf-8>{head}</head><body>{body}</body></html>"


def article(text: str = TEXT, before: str = "", after: str = "", title: str = TITLE) -> str:
    return f"{HEADER}{MENU}{before}<main><article><h1>{title}</h1>{text}</article>{after}</main>{FOOTER}"


def ld(**facts: object) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@context": "https://schema.org", **facts})}</script>'


def read(html: str, **more: object) -> ParsedSource:
    request = ParseRequest(body=html.encode(), url=URL, content_type="text/html")
    return parse_page(request, **more)  # type: ignore[arg-type]


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


def f1(text: str, expected: str) -> float:
    found, wanted = words(text), words(re.sub(r"<[^>]+>", " ", expected))
    return 2 * (found & wanted).total() / (found.total() + wanted.total())


ARTICLES = {
    "a login box in the corner": (page(article(before=LOGIN_BOX)), TEXT),
    "a login box and a short text": (page(article(SHORT_TEXT, before=LOGIN_BOX)), SHORT_TEXT),
    "a login box after a short text": (page(article(SHORT_TEXT, after=LOGIN_BOX)), SHORT_TEXT),
    "a login box in a dialogue": (page(article(SHORT_TEXT) + f"<dialog>{LOGIN_BOX}</dialog>"), SHORT_TEXT),
    "a newsletter box": (page(article(SHORT_TEXT, after=NEWSLETTER)), SHORT_TEXT),
    "a newsletter box in the text": (page(article(TEXT + NEWSLETTER)), TEXT),
    "a cookie wall over the text": (page(COOKIES + article()), TEXT),
    "a cookie wall over a short text": (page(COOKIES + article(SHORT_TEXT)), SHORT_TEXT),
    "a list of related articles": (page(article(after=RELATED)), TEXT),
    "related articles and comments": (page(article(SHORT_TEXT, after=RELATED + COMMENTS)), SHORT_TEXT),
    "comments for those with an account": (page(article(after=COMMENTS)), TEXT),
    "an offer in the header": (page(article(SHORT_TEXT)), SHORT_TEXT),
    "everything at once": (
        page(COOKIES + article(TEXT, LOGIN_BOX + NEWSLETTER, RELATED + COMMENTS)), TEXT,
    ),
    "a number that looks like an error": (
        page(article(SHORT_TEXT, title="403 arrests after the match"), "<title>403 arrests after the match</title>"),
        SHORT_TEXT,
    ),
    "a headline about signing in": (
        page(article(TEXT, LOGIN_BOX, title="Why you should sign in less"), "<title>Sign in less</title>"), TEXT,
    ),
    "a canonical that is the front page": (
        page(article(SHORT_TEXT), f"{ld(**{'@type': 'NewsArticle', 'headline': TITLE})}"
             "<link rel=canonical href='https://courier.example/'>"), SHORT_TEXT,
    ),
    "no article element": (page(f"{HEADER}{MENU}<div id=c><h1>{TITLE}</h1>{TEXT}</div>{FOOTER}"), TEXT),
    "a live blog": (
        page(article("".join(
            f"<div class=post><time>1{n}:00</time><h2>Update {n}</h2><p>{sentence}</p></div>"
            for n, sentence in enumerate(SENTENCES + LONGER[:2])
        ))), " ".join(SENTENCES + LONGER[:2]),
    ),
    "text between line breaks": (
        page(f"{MENU}<article><h1>{TITLE}</h1><div>{'<br><br>'.join(SENTENCES + LONGER)}</div></article>"), TEXT,
    ),
}  # fmt: skip


def test_a_link_between_line_breaks_stays_in_its_sentence() -> None:
    text = "<br><br>".join(f"{one[:20]}<a href='/x'>{one[20:30]}</a>{one[30:]}" for one in SENTENCES + LONGER)
    (entry,) = read(page(f"<article><h1>{TITLE}</h1><div>{text}</div></article>")).entries
    assert all(sentence in entry.text for sentence in SENTENCES + LONGER)
    assert entry.html.count("<p>") == len(SENTENCES + LONGER)


def test_pictures_of_a_list_beside_the_text_do_not_bring_it_in() -> None:
    most_read = "".join(
        f"<li><a href='/m/{n}'><img src='/m/{n}.jpg' alt=''><span>Most read story with a long headline {n}</span></a></li>"
        for n in range(12)
    )
    photo = "<figure><img src='/ferry.jpg' alt='The ferry'><figcaption>The ferry</figcaption></figure>"
    html = page(f"<div id=content><h1>{TITLE}</h1>{photo}{TEXT}<div><ul>{most_read}</ul></div></div>")
    (entry,) = read(html).entries
    assert f1(entry.text, TEXT) >= 0.95


UNTITLED = f"<main><article>{TEXT}</article></main>"
TITLES = {
    "JSON-LD headline": (page(UNTITLED, ld(**{"@type": "NewsArticle", "headline": TITLE})), TITLE),
    "JSON-LD name": (page(UNTITLED, ld(**{"@type": "NewsArticle", "name": TITLE})), TITLE),
    "JSON-LD of the page": (page(UNTITLED, ld(**{"@type": "WebPage", "name": TITLE})), TITLE),
    "Open Graph": (page(UNTITLED, f"<meta property='og:title' content='{TITLE}'>"), TITLE),
    "document.title": (page(UNTITLED, f'<script>var a=1;document.title = "{TITLE}";</script>'), TITLE),
    "document.title with an escape": (page(UNTITLED, "<script>document.title='It\\'s back';</script>"), "It's back"),
    "heading": (page(f"<main><article><h1>{TITLE}</h1>{TEXT}</article></main>", ""), TITLE),
    "first sentence": (page(UNTITLED, ""), SENTENCES[0]),
}  # fmt: skip

FREE = ld(**{"@type": "NewsArticle", "headline": TITLE, "isAccessibleForFree": False})
OFFER = "<div class=offer><p>Subscribe to continue reading.</p><p>Already a subscriber? Sign in.</p></div>"
PAYWALLED = {
    "marked as not free": page(article(), FREE),
    "an offer under two sentences": page(article(f"<p>{SENTENCES[0]} {SENTENCES[1]}</p>{OFFER}")),
    "an offer under a short text": page(article(SHORT_TEXT, after=OFFER)),
    "an account under two sentences": page(
        article(f"<p>{SENTENCES[0]} {SENTENCES[1]}</p>", after="<p>Already a subscriber? Sign in.</p>")
    ),
    "in Japanese": page(article(f"<p>{SENTENCES[0]}</p><p>この記事は会員限定です。</p>")),
    "in German": page(article(f"<p>{SENTENCES[0]}</p><p>Jetzt weiterlesen mit Plus</p>")),
}

REFUSED = {
    "a page to log in": page(LOGIN_BOX, "<title>Sign in - The Courier</title>"),
    "a page to log in with conditions": page(
        f"<h1>Sign in to your account</h1>{LOGIN_BOX}<p>{' '.join(LONGER[:4])}</p>", "<title>Account</title>"
    ),
    "a page to log in without a telling title": page(LOGIN_BOX, "<title>The Courier</title>"),
    "an error page": page("<h1>404</h1><p>This page has sailed.</p>", "<title>404 – The Courier</title>"),
    "a front page as canonical": page(
        "<p>All the news.</p>", "<title>News</title><link rel=canonical href='https://courier.example/'>"
    ),
}


@pytest.mark.parametrize("name", ARTICLES)
def test_the_text_of_a_hard_page_is_taken(name: str) -> None:
    html, expected = ARTICLES[name]
    (entry,) = read(html).entries
    assert f1(entry.text, expected) >= 0.9, entry.text


@pytest.mark.parametrize("name", TITLES)
def test_a_title_is_found_wherever_the_page_keeps_it(name: str) -> None:
    html, expected = TITLES[name]
    (entry,) = read(html).entries
    assert entry.title == expected
    assert entry.text


@pytest.mark.parametrize("name", PAYWALLED)
def test_what_a_paywall_leaves_in_sight_is_no_text_unless_the_operator_says_so(name: str) -> None:
    parsed = read(PAYWALLED[name])
    assert (parsed.entries[0].text, parsed.warnings) == ("", ("its text is for subscribers only",))
    assert SENTENCES[0] in read(PAYWALLED[name], paywall=Paywall.IGNORE).entries[0].text


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.sampled(2)
def test_a_page_that_is_no_article_is_refused(name: str) -> None:
    with pytest.raises(ParseError, match="was not taken for an article"):
        read(REFUSED[name])
