"""Services for editions, their review, and the pages of subscribers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from syndicate.services.output_services import OutputServices

if TYPE_CHECKING:
    from syndicate.delivery.dkim_signing import DkimKey
    from syndicate.delivery.message import MailOptions
    from syndicate.jobs.audience.preferences_job import PreferencesJob
    from syndicate.jobs.audience.sign_up_job import SignUpJob
    from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
    from syndicate.jobs.newsletter.edition_job import EditionJob
    from syndicate.jobs.newsletter.edition_review import ReviewService
    from syndicate.jobs.newsletter.renderer import EditionRenderer
    from syndicate.jobs.newsletter.review_links import ReviewLinks
    from syndicate.jobs.newsletter.selection import Selector
    from syndicate.jobs.stories.replay_job import ReplayJob


@dataclass
class NewsletterServices(OutputServices):
    """Adds the services of editions, review, sign-up, preferences and unsubscribing."""

    @cached_property
    def dkim_keys(self) -> tuple[DkimKey, ...]:
        """Keys that sign mail. Raises ``ConfigError`` for an unusable key file."""
        from syndicate.delivery.dkim_signing import load_key
        from syndicate.services.mail_services import mail_domain

        mail = self.settings.mail
        domain = mail.dkim_domain or mail_domain(self.settings)
        keys = (
            (mail.dkim_rsa_key, mail.dkim_rsa_selector),
            (mail.dkim_ed25519_key, mail.dkim_ed25519_selector),
        )
        return tuple(
            load_key(self.settings.path(file), domain=domain, selector=selector)
            for file, selector in keys
            if file
        )

    def mail_options(self, newsletter: str) -> MailOptions:
        """Return the options that all mails of a newsletter share."""
        from syndicate.services.mail_services import newsletter_mail

        titles = {newsletter.name: newsletter.title for newsletter in self.newsletters}
        return newsletter_mail(self.settings, newsletter, titles.get(newsletter, newsletter))

    @cached_property
    def edition_renderer(self) -> EditionRenderer:
        """Renderer of editions as mail."""
        from syndicate.jobs.newsletter.renderer import EditionRenderer
        from syndicate.newsletter.story_views import SiteFacts
        from syndicate.services import mail_services
        from syndicate.services.edition_rendering import gone_pages, sample_message

        site, settings, logo = self.settings.site, self.settings, self.publish_options.logo
        shared = {"title", "url", "language", "google_news_url", "accent", "accent_dark"}
        return EditionRenderer(
            templates=self.templates,
            site=SiteFacts(
                **site.model_dump(include=shared),
                # Mail programs show no SVG.
                logo=logo if logo.endswith(".png") else "",
                postal_address=settings.mail.address,
                zone=self.zone,
            ),
            output=self.output,
            unsubscribe_url=lambda _newsletter: mail_services.unsubscribe_link(settings),
            preferences_url=mail_services.preferences_link(settings),
            routes=mail_services.web_routes(settings),
            gone=partial(gone_pages, self.store),
            message=partial(sample_message, self.mail_options),
        )

    @cached_property
    def review(self) -> ReviewService:
        """Service with which editors review editions."""
        from syndicate.jobs.newsletter.edition_review import ReviewService

        return ReviewService(store=self.store, newsletters=self.newsletters, renderer=self.edition_renderer)

    @cached_property
    def review_links(self) -> ReviewLinks | None:
        """Review of editions behind a signed link, or ``None`` without a web server."""
        if not self.settings.web.listen:
            return None
        from syndicate.jobs.newsletter.review_links import ReviewLinks

        return ReviewLinks(store=self.store, review=self.review, site_url=self.settings.site.url)

    @cached_property
    def editions(self) -> EditionJob:
        """Job that cuts editions."""
        from syndicate.jobs.newsletter.edition_job import EditionJob

        return EditionJob(review=self.review, selector=self._selector)

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
        sign_up, site = self.settings.sign_up, self.settings.site
        if not (sign_up.enabled and self.settings.web.listen):
            return None
        from syndicate.jobs.audience.sign_up_job import SignUpJob, SignUpOptions
        from syndicate.newsletter.story_views import TOKEN

        options = SignUpOptions(
            **sign_up.model_dump(exclude={"enabled"}),
            confirm_url=f"{site.url}/confirm/{TOKEN}",
            site_title=site.title,
            postal_address=self.settings.mail.address,
            accent=site.accent,
            accent_dark=site.accent_dark,
        )
        return SignUpJob(
            store=self.store, newsletters=self.newsletters, templates=self.templates, options=options
        )

    @cached_property
    def unsubscribe(self) -> UnsubscribeJob:
        """Job behind unsubscribe links."""
        from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob

        return UnsubscribeJob(store=self.store)

    @cached_property
    def preferences(self) -> PreferencesJob:
        """Job behind the preferences page."""
        from syndicate.jobs.audience.preferences_job import PreferencesJob

        consent = self.settings.sign_up.consent
        return PreferencesJob(
            store=self.store, newsletters=self.newsletters, consent=consent, feeds=self.private_feeds
        )
