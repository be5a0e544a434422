"""Services for editions, their review, and the pages of subscribers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING

from syndicate.errors import ConfigError
from syndicate.services.declared import brand_of
from syndicate.services.output_services import OutputServices
from syndicate.toml_lines import declared_places

if TYPE_CHECKING:
    from syndicate.audience.fields import SubscriberField
    from syndicate.delivery.dkim_signing import DkimKey
    from syndicate.delivery.message import MailOptions
    from syndicate.delivery.outgoing import Sender
    from syndicate.jobs.audience.preferences_job import PreferencesJob
    from syndicate.jobs.audience.sign_up_job import SignUpJob
    from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
    from syndicate.jobs.newsletter.edition_job import EditionJob
    from syndicate.jobs.newsletter.edition_preview import EditionPreviewer
    from syndicate.jobs.newsletter.edition_review import ReviewService
    from syndicate.jobs.newsletter.issue_writer import IssueWriter
    from syndicate.jobs.newsletter.message_content import MessageComposer
    from syndicate.jobs.newsletter.message_job import MessageJob
    from syndicate.jobs.newsletter.renderer import EditionRenderer
    from syndicate.jobs.newsletter.selection import Selector
    from syndicate.jobs.stories.replay_job import ReplayJob
    from syndicate.model import SegmentClause


@dataclass
class NewsletterServices(OutputServices):
    """Adds the services of editions, review, sign-up, preferences and unsubscribing."""

    _dkim_keys: dict[str, tuple[DkimKey, ...]] = field(default_factory=dict, init=False)

    def dkim_keys(self, brand: str = "") -> tuple[DkimKey, ...]:
        """Return the keys that sign the mail of a brand. Raises ``ConfigError`` for an unusable key file."""
        from syndicate.services.mail_services import dkim_keys

        if brand not in self._dkim_keys:
            self._dkim_keys[brand] = dkim_keys(self.settings.branded(brand))
        return self._dkim_keys[brand]

    def mail_options(self, newsletter: str, *, signed: bool = True) -> MailOptions:
        """Return the options that all mails of a newsletter share, with its keys only for ``signed`` mail.

        Raises ``ConfigError`` for an unusable key, so that no mail leaves without its signature.
        """
        from syndicate.services.mail_services import newsletter_mail

        declared = {known.name: known for known in self.newsletters}.get(newsletter)
        brand, title = (declared.brand.name, declared.title) if declared else ("", newsletter)
        keys = self.dkim_keys(brand) if signed else ()
        return newsletter_mail(self.settings.branded(brand), newsletter, title, keys)

    @cached_property
    def edition_renderer(self) -> EditionRenderer:
        """Renderer of editions as mail."""
        from syndicate.jobs.newsletter.renderer import EditionRenderer
        from syndicate.newsletter.story_views import SiteFacts
        from syndicate.services import mail_services
        from syndicate.services.declared import declared_announcements
        from syndicate.services.edition_rendering import gone_pages, previous_edition, sample_message

        settings = self.settings
        return EditionRenderer(
            templates=self.templates,
            site=settings.site.as_options(SiteFacts, brand=brand_of(settings, ""), zone=self.zone),
            output=self.published,
            unsubscribe_url=lambda _newsletter: mail_services.unsubscribe_link(settings),
            preferences_url=mail_services.preferences_link(settings),
            routes=mail_services.web_routes(settings),
            gone=partial(gone_pages, self.store),
            previous=partial(previous_edition, self.store),
            announcements=declared_announcements(settings),
            # Editions are cut and checked on machines without the keys, too.
            message=partial(sample_message, partial(self.mail_options, signed=False)),
        )

    @cached_property
    def review(self) -> ReviewService:
        """Service with which editors review editions."""
        from syndicate.jobs.newsletter.edition_review import ReviewService

        return ReviewService(
            store=self.store,
            newsletters=self.newsletters,
            renderer=self.edition_renderer,
            segment=self.segment_clauses,
        )

    @cached_property
    def _composer(self) -> MessageComposer:
        """Reader of messages written in Markdown."""
        from syndicate.jobs.newsletter.message_content import MessageComposer

        return MessageComposer(
            selector=self._selector, renderer=self.edition_renderer, channels=self.channels
        )

    @cached_property
    def issues(self) -> IssueWriter:
        """Service with which editors write one-off issues."""
        from syndicate.jobs.newsletter.issue_writer import IssueWriter

        return IssueWriter(review=self.review, composer=self._composer)

    @cached_property
    def editions(self) -> EditionJob:
        """Job that cuts editions."""
        from syndicate.jobs.newsletter.edition_job import EditionJob
        from syndicate.jobs.newsletter.search_mail_job import SearchMailJob

        return EditionJob(
            review=self.review,
            selector=self._selector,
            messages=self.messages,
            searches=SearchMailJob(messages=self.messages),
            owner=self.owner,
        )

    def sender(self, server: str = "") -> Sender:
        """Return the sender of mail: an outbox folder, or SMTP over the server of a brand."""
        from syndicate.delivery.folder_sender import FolderSender
        from syndicate.delivery.smtp.sender import SmtpSender
        from syndicate.services.mail_services import smtp_options

        if self.settings.mail.transport == "folder":
            return FolderSender(self.settings.path(self.settings.mail.folder))
        return SmtpSender(smtp_options(self.settings.branded(server)))

    @cached_property
    def previewer(self) -> EditionPreviewer:
        """Renderer of mails before they are sent."""
        from syndicate.jobs.newsletter.edition_preview import EditionPreviewer

        return EditionPreviewer(editions=self.editions, mail=self.mail_options, sender=self.sender)

    @cached_property
    def messages(self) -> MessageJob:
        """Job that queues welcome mails and series."""
        from syndicate.jobs.newsletter.message_job import MessageJob

        return MessageJob(review=self.review, composer=self._composer)

    @cached_property
    def _selector(self) -> Selector:
        """Selection of an edition's stories."""
        from syndicate.jobs.newsletter.selection import Selector

        return Selector(
            ranking=self.ranking, site_url=self.edition_renderer.site.url, story_options=self.stories.options
        )

    @cached_property
    def replay(self) -> ReplayJob:
        """Job that computes past lists and editions with the present rules."""
        from syndicate.jobs.stories.replay_job import ReplayJob

        return ReplayJob(
            store=self.store, options=self.ranking, stories=self.stories.options, selector=self._selector
        )

    @cached_property
    def sign_ups(self) -> SignUpJob | None:
        """Job behind the sign-up page, or ``None`` without the page."""
        sign_up = self.settings.sign_up
        if not (sign_up.enabled and self.settings.web.listen):
            return None
        from syndicate.jobs.audience.sign_up_job import SignUpJob, SignUpOptions
        from syndicate.newsletter.story_views import TOKEN

        options = sign_up.as_options(
            SignUpOptions,
            consent=self.consent,
            fields=tuple(field for field in self.subscriber_fields if field.sign_up),
            confirm_url=f"{self.settings.site.url}/confirm/{TOKEN}",
        )
        return SignUpJob(
            store=self.store,
            newsletters=self.newsletters,
            templates=self.templates,
            options=options,
            with_logos=self.edition_renderer.with_logos,
        )

    @cached_property
    def subscriber_fields(self) -> tuple[SubscriberField, ...]:
        """Declared fields of subscribers."""
        return tuple(field.declared() for field in self.settings.fields)

    def segment_clauses(self, text: str) -> tuple[SegmentClause, ...]:
        """Return the clauses of a declared segment, by its name, or of a query.

        Raises ``ConfigError`` for an unknown name and for a query that cannot be parsed.
        """
        from syndicate.audience.segments import parse_segment

        declared = {segment.name: segment.query for segment in self.settings.segments}
        if text not in declared and re.fullmatch(r"[\w-]+", text):
            known = ", ".join(declared) or "none"
            raise ConfigError(
                f"No segment is named {text!r}. Known names: {known}; or write a query: tag:vip."
            )
        newsletters = [newsletter.name for newsletter in self.newsletters]
        try:
            return parse_segment(declared.get(text, text), self.subscriber_fields, newsletters)
        except ConfigError as error:
            if text not in declared:
                raise
            place = declared_places(self.settings.path(self.settings.file), "segments").get(text, "")
            raise ConfigError(f"{place}: segment {text}: {error}") from error

    def segments_of(self, newsletter: str) -> list[str]:
        """Return the names of the declared segments whose queries name a newsletter."""
        from syndicate.audience.segments import parse_segment
        from syndicate.model import SegmentSubject

        return [
            segment.name
            for segment in self.settings.segments
            if any(
                clause.subject is SegmentSubject.NEWSLETTER and newsletter in clause.values
                for clause in parse_segment(segment.query, self.subscriber_fields)
            )
        ]

    @cached_property
    def unsubscribe(self) -> UnsubscribeJob:
        """Job behind unsubscribe links."""
        from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob

        return UnsubscribeJob(store=self.store)

    @cached_property
    def preferences(self) -> PreferencesJob:
        """Job behind the preferences page."""
        from syndicate.jobs.audience.preferences_job import PreferencesJob

        return PreferencesJob(
            store=self.store, newsletters=self.newsletters, consent=self.consent, feeds=self.private_feeds
        )
