from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.model import Image
from tests.examples import examples
from tests.publish.feeds import ATOM, every_format, read, read_one, write
from tests.publish.samples import HARBOUR, OPTIONS, WORLD, published, related

anything = st.text(max_size=40)
moments = st.integers(0, 2**32 - 1).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


texts = st.fixed_dictionaries(dict.fromkeys(("title", "author", "tag", "html", "alt", "other"), anything))


@every_format
@settings(max_examples=examples(60))
@given(text=texts, moment=moments)
def test_X2_no_string_whatever_it_holds_breaks_a_feed(
    form: str, text: dict[str, str], moment: datetime
) -> None:
    article = published(
        title=text["title"],
        authors=(text["author"],),
        tags=(text["tag"],),
        summary=text["other"],
        published=moment,
        html=text["html"],
        image=Image(url="https://harbour.example/i.jpg", alt=text["alt"]),
        related=(related(101, title=text["title"], source_name=text["other"]),),
        source=replace(HARBOUR, title=text["other"] or "Harbour", feed_id=text["alt"]),
    )
    channel = replace(WORLD, title=text["title"], description=text["other"])
    options = replace(OPTIONS, title=text["other"])

    document = write(form, article, published(2), channel=channel, options=options)

    root = ET.fromstring(document)
    assert len(root.findall("channel/item" if form == "rss" else f"{ATOM}entry")) == 2


@every_format
def test_X4_text_that_looks_like_the_end_of_an_entry_stays_text(form: str) -> None:
    tricks = "</item><item></entry><entry>]]></channel></rss></feed>"
    articles = [published(number, title=tricks, html=tricks, summary=tricks) for number in (1, 2, 3)]

    entries = read(write(form, *articles)).entries

    assert [entry.title for entry in entries] == [tricks] * 3


@every_format
def test_X2_titles_keep_every_character_xml_can_carry(form: str) -> None:
    kept = "naïve 水 😀 ]]> \u200d&amp;"

    assert read_one(form, published(title=f"\x00\x1b\ud800\ufffe{kept}\x0b")).title == kept
