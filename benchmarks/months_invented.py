"""Blogs invented for ``benchmarks.months``: kinds that a list of ordinary posts does not show.

Each is a feed whose items have dates in the last days. A fixed seed chooses the words.
"""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape

from benchmarks.redated import Feed

Post = tuple[str, str, str, str]
"""Title, link, HTML and further elements of an item."""

_SUBJECTS = (
    "the harbour master", "a retired keeper", "the night train", "our compiler", "the town library",
    "a new battery", "the parser", "an old camera", "the rowing club", "a bakery on the pier",
    "the weather service", "a garden robot", "the lighthouse", "the print shop", "a small telescope",
)  # fmt: skip
_VERBS = ("found", "repaired", "lost", "measured", "rewrote", "painted", "sold", "tested", "opened")
_OBJECTS = (
    "forty maps of the coast", "its first thousand pages", "a faster index", "the eastern stairs",
    "a bell from 1911", "three boxes of letters", "the slowest query", "a recipe for rye bread",
    "two kilometres of cable", "the colour of the sea", "a better type checker", "the lost minutes",
)  # fmt: skip


def invented_blogs(last: datetime, days: int) -> Mapping[str, Feed]:
    """Return the blogs by name; their items are spread over the days before ``last``."""
    kinds = {
        "release-notes": _releases(),
        "podcast": _podcast(),
        "weekly-links": _weekly_links(),
        "link-blog": _link_blog(),
        "comic": _comic(),
        "microblog": _microblog(),
    }
    feeds = {name: _feed(name, list(posts), last, days) for name, posts in kinds.items()}
    return {**feeds, "drafts": _feed("drafts", list(_essays()), last, days, late=timedelta(days=3))}


def _releases() -> Iterator[Post]:
    rng = random.Random(1)
    for minor in range(2, 14):
        # A hot fix follows some releases on the same or the next day.
        for version in (f"1.{minor}", f"1.{minor}.1") if minor % 3 == 0 else (f"1.{minor}",):
            change = f"{rng.choice(_SUBJECTS)} {rng.choice(_VERBS)} {rng.choice(_OBJECTS)}"
            text = (
                f"<p>Foo {version} is available. This release fixes bugs and improves performance: "
                f"{change}.</p><p>Download it from the usual place, or run <code>foo upgrade</code>. "
                "Thanks to everybody who reported problems.</p>"
            )
            yield f"Foo {version} released", f"https://foo.example/releases/{version}", text, ""


def _podcast() -> Iterator[Post]:
    rng = random.Random(2)
    notes = (
        "<p>Listen and subscribe wherever you get podcasts. Support the show and get early episodes. "
        "Music by The Ferrymen. Hosted by Ann and Bob. Write to us with questions for the next show.</p>"
    )
    for episode in range(41, 50):
        guest = f"{rng.choice(_SUBJECTS)} {rng.choice(_VERBS)} {rng.choice(_OBJECTS)}"
        sound = f'<enclosure url="https://pod.example/{episode}.mp3" type="audio/mpeg" length="9999"/>'
        text = f"<p>Today: how {guest}.</p>{notes}"
        yield f"Episode {episode}", f"https://pod.example/episodes/{episode}", text, sound


def _weekly_links() -> Iterator[Post]:
    rng = random.Random(3)
    for week in range(44, 49):
        links = "".join(
            f'<li><a href="https://site-{rng.randrange(99)}.example/{rng.randrange(9999)}">'
            f"{rng.choice(_SUBJECTS)} {rng.choice(_VERBS)} {rng.choice(_OBJECTS)}</a></li>"
            for _ in range(12)
        )
        text = f"<p>What I read this week. As always, tell me what I missed.</p><ul>{links}</ul>"
        yield f"Links for week {week}", f"https://links.example/weeks/{week}", text, ""


def _link_blog() -> Iterator[Post]:
    rng = random.Random(4)
    for number in range(60):
        what = f"{rng.choice(_SUBJECTS)} {rng.choice(_VERBS)} {rng.choice(_OBJECTS)}".capitalize()
        # Every tenth comes back to a page that was linked before.
        page = number - 5 if number % 10 == 9 else number
        comment = f"<p>{rng.choice(('Neat', 'Worth a read', 'Sad, but true', 'I had no idea'))}.</p>"
        yield what, f"https://site-{page % 7}.example/articles/{page}", comment, ""


def _comic() -> Iterator[Post]:
    for number in range(301, 314):
        picture = f'<img src="https://comic.example/{number}.png" alt="" width="740" height="300">'
        yield f"Comic {number}", f"https://comic.example/{number}", picture, ""


def _microblog() -> Iterator[Post]:
    rng = random.Random(6)
    for number in range(75):
        what = f"{rng.choice(_SUBJECTS)} {rng.choice(_VERBS)} {rng.choice(_OBJECTS)}".capitalize()
        yield "", f"https://micro.example/{number}", f"<p>{what}.</p>", ""


def _essays() -> Iterator[Post]:
    rng = random.Random(7)
    for number in range(12):
        what = f"{rng.choice(_SUBJECTS)} {rng.choice(_VERBS)} {rng.choice(_OBJECTS)}".capitalize()
        text = f"<p>{what}, and this is how it went.</p>"
        yield what, f"https://drafts.example/{number}", text, ""


def _feed(
    name: str, posts: list[Post], last: datetime, days: int, late: timedelta = timedelta()
) -> Feed:  # fmt: skip
    """Return an RSS feed, newest post first, the newest an hour old.

    Every third post appears ``late`` after its date, as a draft does that keeps the date of its first line.
    """
    step = timedelta(days=days) / len(posts)
    parts: list[tuple[bytes, datetime | None]] = [
        (
            f'<?xml version="1.0"?><rss version="2.0"><channel><title>{name}</title>'
            f"<link>https://{name}.example/</link><description>x</description>".encode(),
            None,
        )
    ]
    for place, (title, link, html, more) in enumerate(reversed(posts)):
        published = (last - timedelta(hours=1) - place * step).replace(microsecond=0)
        written = f"<title>{escape(title)}</title>" if title else ""
        guid = f"{name}-{len(posts) - place}"
        written += f'<link>{link}</link><guid isPermaLink="false">{guid}</guid>'
        dated = published - late if place % 3 == 1 else published
        written += f"<pubDate>{format_datetime(dated)}</pubDate>{more}"
        item = f"<item>{written}<description>{escape(html)}</description></item>"
        parts.append((item.encode(), published))
    return Feed((*parts, (b"</channel></rss>", None)))
