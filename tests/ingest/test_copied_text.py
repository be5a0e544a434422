"""Text copied from news pages: the article without the boilerplate around it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.ingest.folder.boilerplate import read_copied_text
from syndicate.text.plain import clean_line

FIRST = "The harbour board voted on Monday to keep the old ferry running until spring, its chair said."
SECOND = (
    "“We read more than 400 letters,” she said, and share this view: trending prices are no reason to stop."
)
THIRD = "Published figures, updated on 3 May 2024, show that 3 min read as little to those who wait an hour."
BODY = [FIRST, SECOND, THIRD]

LAYOUTS = {
    "everything, blank lines": f"""Ferry stays

Published: 24 November 2026 - 10:10 Updated: 24 November 2026 - 14:00
Read Mode
100% Font Size
3 min read
Share

{FIRST}

{SECOND}

Follow our Google News channel online or via the app for the latest headlines

{THIRD}

Read more:
Ferry prices rise again
Who pays for the harbour?
Top Content
Storm closes the market
Trending
A cat on the pier""",
    "one newline between paragraphs": f"""Ferry stays
By Ada O'Neil and Ben Ode
Published Nov 24, 2026 10:10 AM | Updated Nov 24, 2026 2:00 PM
3 min read • Share
{FIRST}
{SECOND}
{THIRD}
Read more:
• Ferry prices rise again
• Who pays for the harbour?
Trending
1. A cat on the pier
2. Storm closes the market""",
    "labels on their own lines": f"""Ferry stays

Published:
24/11/2026 10:10
Last updated:
24/11/2026 14:00
Facebook
Twitter
WhatsApp
Copy link

{FIRST}

{SECOND}

{THIRD}

READ MORE

Ferry prices rise again

Who pays for the harbour?

© 2026 Harbour News. All rights reserved""",
    "one line of boilerplate": f"""Ferry stays
Read Mode 100% Font Size 3 min read Share
Published: 2026-11-24 10:10 / Updated: 2026-11-24 14:00

{FIRST}

{SECOND}

{THIRD}

Related stories:
- Ferry prices rise again
- Who pays for the harbour?

Most read
Storm closes the market""",
    "lists in the middle": f"""Ferry stays
Posted on 24 Nov 2026 at 10:10 UTC
Last update: 24 Nov 2026 at 14:00 UTC

{FIRST}

Read more: Ferry prices rise again

{SECOND}

Read more:
Who pays for the harbour?

Advertisement

{THIRD}
Follow us on Telegram""",
    "broken at a width": """Ferry stays
Home > News > Local
10:10, 24 November 2026
Updated 24 November 2026 14:00

The harbour board voted on Monday to keep the old ferry running until
spring, its chair said.

“We read more than 400 letters,” she said, and share this view: trending
prices are no reason to stop.

Published figures, updated on 3 May 2024, show that 3 min read as little
to those who wait an hour.

Read more:
Ferry prices rise again
Who pays for the harbour?""",
    "no empty line before the list, windows line ends": "\r\n".join(
        [
            "Ferry stays",
            "",
            "24.11.2026 10:10",
            "Updated: 24.11.2026 14:00",
            "",
            FIRST,
            "",
            SECOND,
            "",
            THIRD,
            "Share this article",
            "Share on Facebook",
            "12 comments",
            "Read more:",
            "Ferry prices rise again",
            "Who pays for the harbour?",
        ]
    ),
    "other list first": f"""Ferry stays
Published: Tuesday, November 24, 2026, 10:10
Updated: Tuesday, November 24, 2026, 14:00
{FIRST}
{SECOND}
{THIRD}
Top Content
Storm closes the market
2 hours ago
Trending
A cat on the pier
Read more:
Ferry prices rise again
Who pays for the harbour?
Subscribe to our newsletter for a weekly summary""",
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.sampled(3)
def test_copied_text_is_taken_apart_without_losing_a_word(text):
    article = read_copied_text(text, UTC)
    assert article.title == "Ferry stays"
    assert article.paragraphs == BODY
    assert article.read_more == ["Ferry prices rise again", "Who pays for the harbour?"]
    assert article.published == datetime(2026, 11, 24, 10, 10, tzinfo=UTC)
    assert article.updated == datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


def test_arabic_boilerplate_is_recognised():
    first = "صوت مجلس الميناء يوم الاثنين لصالح إبقاء العبارة القديمة حتى الربيع، بحسب رئيسته."
    second = "وقالت إن المجلس اقرأ المزيد من الرسائل قبل التصويت، وإن الأكثر قراءة منها جاء من الطلاب."
    article = read_copied_text(
        f"""العبارة القديمة باقية

بقلم: ليلى حداد
نُشر: ٢٤ نوفمبر ٢٠٢٦ - ١٠:١٠
آخر تحديث: 24 تشرين الثاني 2026 الساعة 02:00 م
وضع القراءة
100% حجم الخط
3 دقائق للقراءة
شارك

{first}

تابعوا قناتنا على أخبار جوجل

{second}

اقرأ المزيد:
ارتفاع أسعار التذاكر
من يدفع ثمن الميناء؟
الأكثر قراءةً
العاصفة تغلق السوق""",
        UTC,
    )
    assert article.title == "العبارة القديمة باقية"
    assert article.authors == ["ليلى حداد"]
    assert article.paragraphs == [first, second]
    assert article.read_more == ["ارتفاع أسعار التذاكر", "من يدفع ثمن الميناء؟"]
    assert article.published == datetime(2026, 11, 24, 10, 10, tzinfo=UTC)
    assert article.updated == datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


def test_a_standfirst_may_stand_between_the_title_and_the_byline():
    article = read_copied_text(
        f"""Ferry stays
After a long night the board of the harbour decides
Published: Tue 24 Nov 2026, 10:10 AM Updated: Tue 24 Nov 2026, 2:00 PM
By:
Layla Haddad
3 min read
Share:

{FIRST}

Listen to this article

{SECOND}

Stay up to date with the latest news. Follow the Harbour on WhatsApp Channels.

{THIRD}""",
        UTC,
    )
    assert article.paragraphs == ["After a long night the board of the harbour decides", FIRST, SECOND, THIRD]
    assert (article.authors, article.minutes) == (["Layla Haddad"], 3)
    assert article.published == datetime(2026, 11, 24, 10, 10, tzinfo=UTC)
    assert article.updated == datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


def test_a_heading_of_a_list_directly_above_the_text_is_left_out():
    assert read_copied_text(f"Ferry stays\n\nTop Stories\n\n{FIRST}", UTC).paragraphs == [FIRST]


def test_short_lines_above_the_first_paragraph_are_text():
    lines = ["The board met.", "It voted.", "Nobody spoke.", "Print", FIRST]
    assert read_copied_text("\n\n".join(["Ferry stays", *lines]), UTC).paragraphs == lines


@pytest.mark.parametrize(
    ("published", "reading", "byline", "hint"),
    [
        ("Publié le 24 novembre 2026 à 10:10 - Mis à jour le 24 novembre 2026 à 14:00",
         "Temps de lecture : 2 min", "Par Claire Dubois", "Lire aussi : "),
        ("Veröffentlicht am 24. November 2026, 10:10 Aktualisiert am 24. November 2026, 14:00",
         "Lesezeit: 2 Minuten", "Von Claire Dubois", "Lesen Sie auch: "),
        ("Publicado el 24 de noviembre de 2026 a las 10:10 Actualizado: 24 noviembre 2026 a las 14:00",
         "2 minutos de lectura", "Por Claire Dubois", "Lea también: "),
    ],
    ids=["French", "German", "Spanish"],
)  # fmt: skip
def test_boilerplate_of_european_pages_is_recognised(published, reading, byline, hint):
    lines = [published, reading, byline, FIRST, f"{hint}Ferry prices rise again", SECOND]
    article = read_copied_text("\n\n".join(["Ferry stays", *lines]), UTC)
    assert article.paragraphs == [FIRST, SECOND]
    assert article.read_more == ["Ferry prices rise again"]
    assert (article.authors, article.minutes) == (["Claire Dubois"], 2)
    assert article.published == datetime(2026, 11, 24, 10, 10, tzinfo=UTC)
    assert article.updated == datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        "Read more about the plan on the board's own page.",
        "Trending",
        "Read more: that was the advice of the librarians, and the children took it.",
        "Share prices fell.",
        "Follow the money, the saying goes. The newsletter did.",
        "By the time the ferry left, it was dark.",
        "24 November 2026",
        "Print",
        "3 min read, then a decision: that is how the board works.",
        "Advertisement revenue fell by 3%.",
        "Updated: the board has since agreed.",
    ],
)
def test_a_line_that_may_be_text_stays_between_paragraphs(line):
    text = f"Ferry stays\n\n{FIRST}\n\n{line}\n\n{THIRD}\n"
    assert read_copied_text(text, UTC).paragraphs == [FIRST, line, THIRD]


def test_a_section_called_trending_with_paragraphs_is_no_list():
    text = f"Ferry stays\n\n{FIRST}\n\nTrending\n\n{SECOND}\n\n{THIRD}"
    assert read_copied_text(text, UTC).paragraphs == [FIRST, "Trending", SECOND, THIRD]


@given(
    st.lists(st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=60), max_size=6)
)
def test_sentences_are_never_lost(sentences):
    wanted = [clean_line(f"Say {sentence} so.") for sentence in sentences]
    article = read_copied_text("\n\n".join(["Title", *wanted]), UTC)
    assert " ".join(article.paragraphs) == " ".join(wanted)


def test_a_text_without_a_title_keeps_its_first_paragraph():
    long = " ".join([FIRST] * 4)
    article = read_copied_text(f"{long}\n\n{SECOND}", UTC)
    assert (article.title, article.paragraphs) == ("", [long, SECOND])
