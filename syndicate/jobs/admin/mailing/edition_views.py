"""Editions under review, as the pages of editors show them, and the buttons of their form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from syndicate.errors import SyndicateError
from syndicate.jobs.admin.mailing.edition_actions import Edit, EditionActions
from syndicate.jobs.newsletter.edition_review import ReviewService, content_hash
from syndicate.model import EditionContent
from syndicate.model.actors import ActionResult, Change
from syndicate.newsletter import edition_changes
from syndicate.newsletter.edition_changes import EditionChangeResult
from syndicate.newsletter.edition_form import EditionForm, form_of, move
from syndicate.store.ingest import article_store
from syndicate.store.mail.review_store import EditionChange, ReviewEdition

MOST_FOUND = 8
_STOPS = ("hold", "withdraw")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryFound:
    """Story that a search found; ``name`` is its number, or the address of an article without a story."""

    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionView:
    """Edition with the fields of its form; ``seen`` is the hash of its state and content.

    ``form`` has the saved texts, or the texts that were typed and not saved, with ``problems`` by field. Then
    ``saved`` has the saved texts. ``lost`` are texts that were typed for stories that the edition no longer
    has. ``errors`` stop its release.
    """

    reviewed: ReviewEdition
    content: EditionContent
    seen: str
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    changes: tuple[EditionChange, ...]
    variants: int
    form: EditionForm
    saved: EditionForm
    problems: Mapping[str, str] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    words: str = ""
    results: tuple[StoryFound, ...] = ()

    # Former names, for templates of operators.
    found = property(lambda self: self.reviewed)
    digest = property(lambda self: self.content)
    forms = property(lambda self: self.variants)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """Form that could not be saved, or a search: typed texts, problems by field, and the words to find."""

    form: EditionForm | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    words: str = ""


NOTHING_TYPED = Typed()


def edition_view(review: ReviewService, edition_id: int, typed: Typed = NOTHING_TYPED) -> EditionView:
    """Return an edition for its page; renders it to check it."""
    reviewed, content = review.edition(edition_id)
    errors, warnings = _findings(review, edition_id)
    saved = form_of(content, reviewed.edition.subject)
    form = typed.form or saved
    lost = [text for name, text in form.texts.items() if text and name not in saved.texts]
    return EditionView(
        reviewed=reviewed,
        content=_in_order(content, form),
        seen=content_hash(reviewed, content),
        errors=errors,
        warnings=warnings,
        changes=tuple(review.changes(edition_id)),
        variants=len(review.variants(reviewed)),
        form=replace(form, texts={**saved.texts, **form.texts}),
        saved=saved,
        problems=typed.problems,
        lost=tuple(lost),
        words=typed.words,
        results=find_stories(review, content, typed.words) if typed.words else (),
    )


def _in_order(content: EditionContent, form: EditionForm) -> EditionContent:
    place = {key: number for number, key in enumerate(form.order)}
    stories = sorted(content.stories, key=lambda story: place.get(story.key, len(place)))
    return replace(content, stories=tuple(stories))


def _findings(review: ReviewService, edition_id: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the lint errors, and the lint warnings with the parts left out."""
    try:
        checked = review.check(edition_id)
    except SyndicateError as error:
        return (str(error),), ()
    others = tuple(str(finding) for finding in checked.findings if str(finding) not in checked.errors)
    return checked.errors, (*others, *checked.trimmed)


def find_stories(review: ReviewService, content: EditionContent, words: str) -> tuple[StoryFound, ...]:
    """Return stories that an edition does not have, by words of a headline, a number or an address."""
    have = {story.story_id for story in content.stories} - {0}
    with review.store.read() as connection:
        articles = article_store.find_articles(connection, words.strip(), 5 * MOST_FOUND)
    found = {
        article.story_id or article.url: StoryFound(
            name=str(article.story_id or article.url), title=article.title
        )
        for article in articles
        if article.story_id not in have
    }
    return tuple(found.values())[:MOST_FOUND]


def press(
    actions: EditionActions,
    change: Change,
    edition_id: int,
    fields: Mapping[str, str],
    order: Sequence[str],
) -> tuple[ActionResult, str]:
    """Save all fields of a form and do what its button says; return the result and the story's key.

    ``do`` is ``save``, ``find``, ``approve``, ``hold``, ``withdraw``, or ``up``, ``down``, ``leave``,
    ``back`` or ``add`` with ``:`` and the key or name of a story. ``approve`` only saves.
    """
    form, seen = EditionForm.read(fields, order), fields.get("seen") or "none"
    verb, _, key = fields.get("do", "").partition(":")
    edits: tuple[Edit, ...] = ()
    match verb:
        case "up" | "down":
            form = replace(form, order=move(form.order, key, -1 if verb == "up" else 1))
        case "leave":
            edits = (partial(leave_out, key=key),)
        case "back":
            edits = (partial(edition_changes.bring_back, key=key),)
        case "add":
            edits = (actions.add(edition_id, key),)
    result = actions.edit(change, edition_id, *edits, form=form, seen=seen)
    if verb in _STOPS:
        again = replace(change, key=change.key and f"{change.key}/{verb}")
        result = (actions.hold if verb == "hold" else actions.withdraw)(again, edition_id)
    return result, key


def leave_out(content: EditionContent, key: str) -> EditionChangeResult:
    """Remove the story with a key from an edition."""
    keys = [story.key for story in content.stories]
    return edition_changes.drop_story(content, keys.index(key) + 1 if key in keys else 0)
