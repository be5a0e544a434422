"""Rendering of an edition as the mail that would be sent, trimmed to size and checked by lint."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, urlsplit

from syndicate.errors import RenderError
from syndicate.model import (
    EVERY_EDITION,
    Brand,
    EditionContent,
    EditionStory,
    LeaveReason,
    LeftOut,
    Newsletter,
    archive_folder,
    edition_url,
)
from syndicate.newsletter.edition_announcements import DeclaredAnnouncement, announcements_for
from syndicate.newsletter.lint.confirmation_lint import CONFIRM
from syndicate.newsletter.lint.findings import DoubtfulLinks, LintFinding, Origins
from syndicate.newsletter.lint.mail_lint import errors_of, lint_mail
from syndicate.newsletter.lint.mail_page import MailPage
from syndicate.newsletter.lint.structure import check_headers
from syndicate.newsletter.mail_context import DigestContext
from syndicate.newsletter.periods import Period
from syndicate.newsletter.render import RenderedEdition, render_edition
from syndicate.newsletter.story_views import SiteFacts, content_from_stories, is_mail_image
from syndicate.newsletter.trim import fit, without_broken
from syndicate.publish.front_choice import growth_of
from syndicate.publish.site_headline import Headline
from syndicate.publish.site_paths import NEWSLETTERS_PATH, day_path
from syndicate.published_files import PublishedFiles
from syndicate.templating import Templates

_PAGES = "site"
# Extensions of published files. A web server beside this program may answer other paths.
_WRITTEN = (".html", ".rss", ".atom", ".json", ".xml", ".opml")
_INDEX = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedEdition:
    """Rendered edition with the findings of lint. ``trimmed`` has a sentence for each part left out.

    ``dropped`` has the reason for each story left out, by the id of its lead article. ``broken`` has the
    template's error for each story with which a template fails.
    """

    content: EditionContent
    rendered: RenderedEdition
    trimmed: tuple[str, ...]
    dropped: Mapping[int, LeaveReason]
    broken: Mapping[int, str]
    web_url: str = ""
    findings: tuple[LintFinding, ...] = ()

    @property
    def errors(self) -> tuple[str, ...]:
        """The findings that stop a send, as sentences."""
        return errors_of(self.findings)

    @property
    def parts(self) -> tuple[str, str, str]:
        """Subject, HTML and text, as the store takes them."""
        return self.rendered.subject, self.rendered.html, self.rendered.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Edition as it would be cut, not stored. ``checked`` is ``None`` for an edition without stories."""

    newsletter: Newsletter
    period: Period
    stories: tuple[EditionStory, ...]
    checked: CheckedEdition | None
    left_out: tuple[LeftOut, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """The lint errors, as sentences."""
        return () if self.checked is None else self.checked.errors

    def raise_for_errors(self) -> None:
        """Raise ``RenderError`` if lint found an error."""
        if self.problems:
            raise RenderError("; ".join(self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionRenderer:
    """Renderer and checker of editions.

    ``unsubscribe_url`` returns a newsletter's link with a placeholder for the token. ``preferences_url`` is
    the page of choices, or ``""``. ``message`` returns the raw mail for a subscriber. ``gone`` returns the
    HTTP status of articles (by id) whose page was gone at the last read. ``previous`` returns the path of
    the edition before a period, or ``""``. ``output`` holds the published files. ``routes`` are the first
    parts of paths that the web server answers without a file.
    """

    templates: Templates
    site: SiteFacts
    output: PublishedFiles
    unsubscribe_url: Callable[[Newsletter], str]
    preferences_url: str
    message: Callable[[Newsletter, Period, RenderedEdition, str], bytes]
    gone: Callable[[Collection[int]], Mapping[int, int]]
    routes: Collection[str]
    previous: Callable[[Newsletter, Period], str]
    announcements: tuple[DeclaredAnnouncement, ...]

    def draft(
        self,
        newsletter: Newsletter,
        period: Period,
        stories: tuple[EditionStory, ...],
        *,
        variant_key: str = EVERY_EDITION,
        check_links: bool = True,
    ) -> Draft:
        """Render and check these stories. Raises ``RenderError`` when a template fails with all of them."""
        if not stories:
            return Draft(newsletter=newsletter, period=period, stories=(), checked=None)
        content = replace(
            self.content(stories), announcements=announcements_for(self.announcements, newsletter, period.end)
        )
        checked = self.check(newsletter, period, content, variant_key=variant_key, check_links=check_links)
        left_out = tuple(
            LeftOut(article_id=article_id, reason=checked.dropped[story.lead.article.id])
            for story in stories
            if story.lead.article.id in checked.dropped
            for article_id in story.tells
        )
        kept = tuple(story for story in stories if story.lead.article.id not in checked.dropped)
        return Draft(newsletter=newsletter, period=period, stories=kept, checked=checked, left_out=left_out)

    def check(
        self,
        newsletter: Newsletter,
        period: Period,
        content: EditionContent,
        *,
        variant_key: str = EVERY_EDITION,
        has_page: bool = True,
        check_links: bool = True,
    ) -> CheckedEdition:
        """Render, trim and lint. Raises ``RenderError`` when a template fails with all stories.

        ``variant_key`` gives a variant its own page in the archive. Without ``has_page`` no page shows the
        edition. Sample content has links that lead nowhere: with ``check_links=False`` links are not looked
        up, and a template must render every story.
        """
        web_url = edition_url(self.site.url, newsletter.name, period.end, variant_key) if has_page else ""
        brand = self.with_logos(newsletter.brand)
        pages = {
            "logo_url": brand.logo_url,
            "day_url": self._day_url(period, content),
            "subscribe_url": self._published(NEWSLETTERS_PATH),
            "previous_url": self._published(self.previous(newsletter, period)) if check_links else "",
        }

        def render(content: EditionContent) -> RenderedEdition:
            context = DigestContext.build(
                newsletter,
                content,
                period,
                replace(self.site, brand=brand),
                unsubscribe_url=self.unsubscribe_url(newsletter),
                preferences_url=self.preferences_url,
                web_url=web_url,
                **pages,
            )
            return render_edition(self.templates, context, title=content.title)

        gone = self.gone([story.article_id for story in content.stories]) if check_links else {}
        fitted = _fitted(content, gone, render, drop_broken=check_links)
        content, rendered = fitted.content, fitted.rendered
        page = MailPage(rendered.html)
        variables = self._variables(rendered, web_url) | {url: name for name, url in pages.items()}
        variables[brand.logo_dark_url] = "brand.logo_dark_url"

        def find(text: str, file: str) -> str:
            return self.templates.find(text, "mail/", file, but=CONFIRM)

        origins = Origins(content, find, variables)
        later = web_url, pages["day_url"]
        doubtful = self._doubtful(newsletter, page, later, content, gone) if check_links else DoubtfulLinks()
        findings = lint_mail(rendered, origins, doubtful, page, content)
        headers = check_headers(self.message(newsletter, period, rendered, web_url))
        return replace(fitted, web_url=web_url, findings=(*findings, *headers))

    def content(self, stories: tuple[EditionStory, ...]) -> EditionContent:
        """Return the content of an edition, each story with its growth and the address of its page."""
        content = content_from_stories(stories, self.site)
        headlines = [Headline.of(story.lead) for story in stories]
        grown = []
        for story, headline in zip(content.stories, headlines, strict=True):
            growth, page = growth_of(headline), headline.story
            grown.append(
                replace(
                    story,
                    coverage_url=self._address(page.path) if page else "",
                    coverage_articles=page.articles if page else 0,
                    coverage_sources=headline.coverage if page else 0,
                    new_sources=growth.sources if growth else 0,
                    new_hours=growth.hours if growth else 0,
                )
            )
        return replace(content, stories=tuple(grown))

    def _day_url(self, period: Period, content: EditionContent) -> str:
        """Return the address of the page of the day at the end of a period, ``""`` without a story of it."""
        zone = self.site.zone
        day = period.end.astimezone(zone).date()
        # The page of the day has the story, even if it is written after the edition is cut.
        has_story = any(story.published.astimezone(zone).date() == day for story in content.stories)
        return self._address(day_path(day)) if has_story else ""

    def with_logos(self, brand: Brand) -> Brand:
        """Return the brand with the addresses of its logos that are published and that mail programs show."""
        urls = {}
        for key in ("logo", "logo_dark"):
            path = getattr(brand, key)
            # Mail programs show no SVG.
            url = self._published(path) if path.endswith(".png") else ""
            urls[f"{key}_url"] = url if is_mail_image(url) else ""
        return replace(brand, **urls)

    def _address(self, path: str) -> str:
        return f"{self.site.url}/{quote(path)}" if self.site.url else ""

    def _published(self, path: str) -> str:
        """Return the address of a published file, or ``""`` if it is missing."""
        return self._address(path) if path and self.output.exists(path) else ""

    def _variables(self, rendered: RenderedEdition, web_url: str) -> dict[str, str]:
        """Return the names that templates use for the URLs that no article brought, by URL."""
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
        written: tuple[str, ...],
        content: EditionContent,
        gone: Mapping[int, int],
    ) -> DoubtfulLinks:
        """Return links to missing files of this site, and links to articles whose page is gone.

        ``written`` are addresses of pages that are written after the edition is cut.
        """
        base = urlsplit(self.site.url).path
        written += tuple(story.coverage_url for story in content.stories)
        later = {unquote(urlsplit(url).path.removeprefix(base)).lstrip("/") for url in written}
        later.add(f"{archive_folder(newsletter.name)}/index.html")
        local = doubtful_links(page, self.site.url, self.output, routes=self.routes, later=later)
        dead = {
            story.url: f"the page answered {gone[story.article_id]} when it was last read"
            for story in content.stories
            if story.article_id in gone and story.url
        }
        return replace(local, dead={**local.dead, **dead})


def _fitted(
    content: EditionContent,
    gone: Mapping[int, int],
    render: Callable[[EditionContent], RenderedEdition],
    *,
    drop_broken: bool,
) -> CheckedEdition:
    """Leave out stories that are gone, stories that break a template, and parts beyond the size limit."""
    present, trimmed = _without_gone(content, gone)
    dropped = _leads(content, present, LeaveReason.GONE)
    broken: Mapping[int, str] = {}
    try:
        fitting, rendered, cuts = fit(present, render)
    except RenderError as error:
        if not drop_broken:
            raise
        present, sentences, broken = without_broken(present, render, error)
        trimmed += sentences
        dropped |= dict.fromkeys(broken, LeaveReason.TEMPLATE)
        fitting, rendered, cuts = fit(present, render)
    dropped |= _leads(present, fitting, LeaveReason.SIZE)
    return CheckedEdition(
        content=fitting, rendered=rendered, trimmed=trimmed + cuts, dropped=dropped, broken=broken
    )


def _without_gone(content: EditionContent, gone: Mapping[int, int]) -> tuple[EditionContent, tuple[str, ...]]:
    """Leave out the stories whose page answered 404 or 410 at the last read, unless all are gone."""
    kept = tuple(story for story in content.stories if story.article_id not in gone)
    if not kept or len(kept) == len(content.stories):
        return content, ()
    sentences = tuple(
        f'the story "{story.title}" was left out: its page answered {gone[story.article_id]}'
        for story in content.stories
        if story.article_id in gone
    )
    return replace(content, stories=kept), sentences


def _leads(before: EditionContent, after: EditionContent, reason: LeaveReason) -> dict[int, LeaveReason]:
    """Return the lead article of each story that is in ``before`` and not in ``after``."""
    kept = {story.article_id for story in after.stories}
    return {story.article_id: reason for story in before.stories if story.article_id not in kept}


def doubtful_links(
    page: MailPage, site_url: str, output: PublishedFiles, *, routes: Collection[str], later: Collection[str]
) -> DoubtfulLinks:
    """Return the dead links to this site, and the links that this program cannot judge.

    ``routes`` are the first parts of the paths that the web server answers without a file. ``later`` are the
    files written after the edition is cut.
    """
    dead, unknown = {}, {}
    urls = [element.attributes.get("href", "") for element in page.all("a")]
    urls += [element.attributes.get("src", "") for element in page.all("img")]
    for url in urls:
        if not site_url or not url.startswith(f"{site_url}/") or "\x00" in url:
            continue
        path = unquote(urlsplit(url.removeprefix(site_url)).path).lstrip("/")
        first = path.partition("/")[0]
        file = f"{path}{_INDEX}" if path.endswith("/") else path
        # A folder without its slash is redirected to its page.
        if first in routes or file in later or output.exists(file) or output.exists(f"{path}/{_INDEX}"):
            continue
        if first == _PAGES or path.endswith(_WRITTEN):
            dead[url] = "this page is not published; run `syndicate publish`"
        else:
            unknown[url] = "syndicate neither writes nor answers this address"
    return DoubtfulLinks(dead=dead, unknown=unknown)
