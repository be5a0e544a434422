"""Frame of the web server's pages: the site around them, read from the store at most once in a while."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from syndicate.errors import SyndicateError
from syndicate.jobs.publish.context import PublishContext
from syndicate.jobs.publish.newsletter_views import read_sent, views_of
from syndicate.jobs.publish.site_build import SiteBuild
from syndicate.publish.page_context import Page
from syndicate.publish.publish_options import PublishOptions
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline
from syndicate.publish.site_view import NewsletterView
from syndicate.store.stories import ranked_lists
from syndicate.templating import Templates

log = logging.getLogger("syndicate.web")

# Seconds after which the frame is read again, also after a failure.
MAX_AGE = 300.0
TOP_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFrame:
    """Site around a page of the web server, with the top stories and the newsletters for its contents."""

    pages: SitePages
    top: Sequence[Headline] = ()
    newsletters: Sequence[NewsletterView] = ()

    def variables(self) -> dict[str, object]:
        """Return the variables of every page."""
        own = {"top": self.top, "offers": self.newsletters}
        return {**self.pages.server_variables(Page(canonical="")), **own}


class FrameCache:
    """Return the frame that ``read`` gave last, at most ``MAX_AGE`` seconds old.

    While the store cannot be read, the former frame is used, or a frame of the site's title alone.
    """

    def __init__(
        self, templates: Templates, options: PublishOptions, read: Callable[[datetime], SiteFrame]
    ) -> None:
        self._read, self._lock, self._until = read, Lock(), 0.0
        self._frame = bare_frame(templates, options)

    def __call__(self) -> SiteFrame:
        """Return the frame; several threads may call it."""
        with self._lock:
            if time.monotonic() >= self._until:
                try:
                    self._frame = self._read(datetime.now(UTC))
                except SyndicateError as error:
                    log.warning("%s", error)
                self._until = time.monotonic() + MAX_AGE
            return self._frame


def read_frame(context: PublishContext) -> SiteFrame:
    """Return the frame from the rows."""
    pages = SiteBuild(context).begin()
    with context.store.read() as connection:
        ranked = ranked_lists.ranked_stories(connection, "top", limit=TOP_SHOWN)
        items = context.views.headlines(connection, [story.article_id for story in ranked])
        newsletters = views_of(context, connection, read_sent(connection, context.newsletters, context.now))
    return SiteFrame(pages=pages, top=list(map(Headline.of, items)), newsletters=newsletters)


def bare_frame(templates: Templates, options: PublishOptions) -> SiteFrame:
    """Return a frame of the site's title alone."""
    return SiteFrame(pages=SitePages(templates, options))
