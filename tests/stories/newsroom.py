"""Articles written for these tests: three events, told in different words."""

from datetime import UTC, datetime, timedelta

from syndicate.model import ScoredLink
from syndicate.stories import ArticleTerms, IndexedArticle, Placement, StoryIndex, extract_terms

START = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)

FLOOD = (
    (
        "River Douro floods the old town of Porto",
        (
            "The river Douro burst its banks on Monday and flooded the Ribeira quarter of Porto. Many "
            "residents left their homes, civil protection said, and the Dom Luís bridge was closed."
        ),
    ),
    (
        "Hundreds leave homes in Porto as Douro overflows",
        (
            "Residents of the Ribeira quarter carried furniture upstairs as the Douro rose four metres. "
            "Civil protection closed the Dom Luís bridge and asked people in Porto to avoid the river."
        ),
    ),
    (
        "Porto flood: bridge stays closed, shops count losses",
        (
            "Shopkeepers in the Ribeira of Porto swept mud out of cellars on Tuesday. The Dom Luís bridge "
            "over the Douro stays closed until engineers have checked its pillars, civil protection said."
        ),
    ),
)
BANK = (
    (
        "Central bank raises interest rates by a quarter point",
        (
            "The central bank raised its key interest rate to 2.75 per cent, citing wages and the price of "
            "services. Governor Ilse Brandt said inflation would not return to target before next summer."
        ),
    ),
    (
        "Rates go up again as governor Brandt warns of inflation",
        (
            "Mortgages will cost more after the central bank lifted interest rates by a quarter point. "
            "Governor Brandt told reporters that inflation in services was too stubborn to ignore."
        ),
    ),
)
CHESS = (
    (
        "Seventeen-year-old wins chess title after tie-break",
        (
            "Amara Nwosu won the national chess championship in a tie-break that lasted until midnight. "
            "The student from Enugu gave up her queen in the last game and mated eleven moves later."
        ),
    ),
)


def terms_of(title: str, text: str, language: str) -> ArticleTerms:
    """Return the terms of a single article."""
    return extract_terms([(title, text, language)])[0]


def article(number: int, title: str, text: str = "", **changes: object) -> IndexedArticle:
    """An article whose source has its own number, half an hour after the one before."""
    fields: dict[str, object] = {
        "article_id": number,
        "source_id": number,
        "published": START + timedelta(minutes=30 * number),
        **changes,
    }
    terms = terms_of(title, text, str(fields.pop("language", "en")))
    return IndexedArticle(title=title, terms=terms, **fields)  # type: ignore[arg-type]


def place(index: StoryIndex, item: IndexedArticle) -> Placement:
    """Add an article, and give it a story of its own number if it joins none, as the stories job does."""
    placement = index.add(item)
    if placement.story is None:
        index.assign(item.article_id, item.article_id)
    return placement


def similar(index: StoryIndex, article_id: int) -> tuple[ScoredLink, ...]:
    """The nearest articles, best first, even without a link."""
    entry = index._entries[article_id]
    ranked = index._chooser.in_context(entry, index._ranked(entry), index._neighbours)
    return tuple(match.scored() for match in ranked)


def compare(index: StoryIndex, article_id: int, other_id: int) -> ScoredLink:
    """The score of an article as seen from another."""
    return index._compare(index._entries[article_id], [other_id])[0].scored()
