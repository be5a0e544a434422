"""Rendering of an edition as the mail that would be sent, trimmed to size and checked by lint."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from syndicate.errors import RenderError
from syndicate.jobs.newsletter.own_links import missing
from syndicate.model import (
    EVERY_EDITION,
    Digest,
    EditionStory,
    LeaveReason,
    LeftOut,
    Newsletter,
    archive_folder,
    edition_url,
)
from syndicate.newsletter.lint.findings import DoubtfulLinks, LintFinding, Origins
from syndicate.newsletter.lint.mail_lint import errors_of, lint_mail
from syndicate.newsletter.lint.mail_page import MailPage
from syndicate.newsletter.lint.structure import check_headers
from syndicate.newsletter.periods import Period
from syndicate.newsletter.render import RenderedEdition, SiteFacts, render_edition
from syndicate.newsletter.trim import fit, without_broken
from syndicate.templating import Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedEdition:
    """A rendered edition with what lint says. ``trimmed`` has a sentence for all that was left out.

    ``dropped`` has the reason of each item that went, by the article that leads it, ``broken`` the error of
    the template for each story with which it fails.
    """

    digest: Digest
    rendered: RenderedEdition
    web_url: str
    findings: tuple[LintFinding, ...]
    trimmed: tuple[str, ...]
    dropped: Mapping[int, LeaveReason]
    broken: Mapping[int, str] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[str, ...]:
        """Return what stops a send."""
        return errors_of(self.findings)

    @property
    def parts(self) -> tuple[str, str, str]:
        """Subject, HTML and text, as the store takes them."""
        return self.rendered.subject, self.rendered.html, self.rendered.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An edition as it would be cut: nothing is stored yet. ``proof`` is ``None`` when it is empty."""

    newsletter: Newsletter
    period: Period
    stories: tuple[EditionStory, ...]
    proof: CheckedEdition | None
    left_out: tuple[LeftOut, ...] = ()

    @property
    def rendered(self) -> RenderedEdition | None:
        """The mail, or ``None``."""
        return None if self.proof is None else self.proof.rendered

    @property
    def problems(self) -> tuple[str, ...]:
        """Return what stops it."""
        return () if self.proof is None else self.proof.errors

    def check(self) -> None:
        """Raise ``RenderError`` if lint stops it."""
        if self.problems:
            raise RenderError("; ".join(self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionRenderer:
    """Renders and proofs editions.

    ``unsubscribe_url`` gives a newsletter's link with the token open; ``preferences_url`` is that of the page
    of choices, or ``""``. ``message`` gives the raw mail one reader would get, ``gone`` the status of
    articles (by id) whose page was gone when we last read it.
    ``output`` is where our pages are written, ``routes`` are the first parts of the paths that the web server
    answers otherwise.
    """

    templates: Templates
    site: SiteFacts
    output: Path
    unsubscribe_url: Callable[[Newsletter], str]
    preferences_url: str
    message: Callable[[Newsletter, Period, RenderedEdition, str], bytes]
    gone: Callable[[Collection[int]], Mapping[int, int]]
    routes: Collection[str]

    def proof(
        self,
        newsletter: Newsletter,
        period: Period,
        digest: Digest,
        *,
        cadence: str = EVERY_EDITION,
        invented: bool = False,
    ) -> CheckedEdition:
        """Render, trim and lint. Raises ``RenderError`` when a template fails with all stories.

        ``cadence`` names the form that some readers chose, and so its page in the archive.
        The links of an ``invented`` edition lead nowhere and are not looked at, and a template must not fail
        with any of its stories.
        """
        web_url = edition_url(self.site.url, newsletter.name, period.end, cadence)

        def render(what: Digest) -> RenderedEdition:
            return render_edition(
                self.templates,
                newsletter,
                what,
                period=period,
                site=self.site,
                unsubscribe_url=self.unsubscribe_url(newsletter),
                preferences_url=self.preferences_url,
                web_url=web_url,
            )

        whole = digest
        gone = {} if invented else self.gone([story.article_id for story in digest.stories])
        digest, left_out = _without_gone(digest, gone)
        dropped = _leads(whole, digest, LeaveReason.GONE)
        broken: Mapping[int, str] = {}
        try:
            fitting, rendered, trimmed = fit(digest, render)
        except RenderError as error:
            if invented:
                raise
            digest, said, broken = without_broken(digest, render, error)
            left_out += said
            dropped |= dict.fromkeys(broken, LeaveReason.TEMPLATE)
            fitting, rendered, trimmed = fit(digest, render)
        dropped |= _leads(digest, fitting, LeaveReason.SIZE)
        digest = fitting
        origins = Origins(
            digest,
            lambda text, file: self.templates.find(text, "mail/", file),
            self._variables(rendered, web_url),
        )
        page = MailPage(rendered.html)
        doubtful = DoubtfulLinks() if invented else self._doubtful(newsletter, page, web_url, digest, gone)
        headers = check_headers(self.message(newsletter, period, rendered, web_url))
        findings = (*lint_mail(rendered, origins, doubtful, page, digest), *headers)
        return CheckedEdition(
            digest=digest,
            rendered=rendered,
            web_url=web_url,
            findings=findings,
            trimmed=left_out + trimmed,
            dropped=dropped,
            broken=broken,
        )

    def _variables(self, rendered: RenderedEdition, web_url: str) -> dict[str, str]:
        """Return what the templates call the addresses that no article brought."""
        return {
            rendered.unsubscribe_url: "unsubscribe_url",
            rendered.preferences_url: "preferences_url",
            web_url: "web_url",
            f"{self.site.url}/": "site.url",
            self.site.google_news_url: "google_news_url",
        }

    def _doubtful(
        self,
        newsletter: Newsletter,
        page: MailPage,
        web_url: str,
        digest: Digest,
        gone: Mapping[int, int],
    ) -> DoubtfulLinks:
        """Links and pictures of ours that are not there, and pages of articles that are gone."""
        later = self._later(newsletter, web_url)
        ours = missing(page, self.site.url, self.output, routes=self.routes, later=later)
        dead = {
            story.url: f"the page answered {gone[story.article_id]} when it was last read"
            for story in digest.stories
            if story.article_id in gone and story.url
        }
        return replace(ours, dead={**ours.dead, **dead})

    def _later(self, newsletter: Newsletter, web_url: str) -> set[str]:
        """Return the pages written after the edition: its own page and, for the first one, the archive's."""
        page = unquote(urlsplit(web_url).path.removeprefix(urlsplit(self.site.url).path)).lstrip("/")
        return {page, f"{archive_folder(newsletter.name)}/index.html"}


def _without_gone(digest: Digest, gone: Mapping[int, int]) -> tuple[Digest, tuple[str, ...]]:
    """Leave out the stories whose page answered 404 or 410 when it was last read; at least one stays."""
    kept = tuple(story for story in digest.stories if story.article_id not in gone)
    if not kept or len(kept) == len(digest.stories):
        return digest, ()
    said = tuple(
        f'the story "{story.title}" was left out: its page answered {gone[story.article_id]}'
        for story in digest.stories
        if story.article_id in gone
    )
    return replace(digest, stories=kept), said


def _leads(before: Digest, after: Digest, reason: LeaveReason) -> dict[int, LeaveReason]:
    """Return the leads of the items that are in one digest and not in the other."""
    kept = {story.article_id for story in after.stories}
    return {story.article_id: reason for story in before.stories if story.article_id not in kept}
