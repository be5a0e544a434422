"""Services of the operator's pages and API."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from syndicate import __version__
from syndicate.audience.mailbox_address import parse_mailbox
from syndicate.errors import SyndicateError
from syndicate.services.newsletter_services import NewsletterServices
from syndicate.text.urls import is_loopback
from syndicate.toml_lines import declared_places

if TYPE_CHECKING:
    from syndicate.jobs.admin.admin_facts import AdminOptions
    from syndicate.jobs.admin.mailing.review_links import ReviewLinks
    from syndicate.jobs.admin.needs import NeedsReader
    from syndicate.jobs.admin.system.metric_views import MetricsReader
    from syndicate.jobs.backup.backup_job import BackupJob
    from syndicate.jobs.stage_log import StageLog
    from syndicate.services.admin_jobs import AdminJobs
    from syndicate.services.command_jobs import CommandJobs

log = logging.getLogger("syndicate.web")
_ROLES = {"off": (), "admins": ("admin",), "all": ("admin", "editor")}


class AdminServices(NewsletterServices):
    """Adds what the operator's pages and API call.

    ``rejections`` are the mistakes for which the process kept its settings at the last reload.
    """

    rejections: Sequence[tuple[datetime, str]] = ()

    @cached_property
    def needs(self) -> NeedsReader:
        """Reader of everything that waits for a person."""
        from syndicate.jobs.admin.needs import NeedsReader, shown_address

        return NeedsReader(
            store=self.store,
            zone=self.zone,
            newsletters=self.newsletters,
            servers=self.mail_servers,
            lists=tuple((found.url, shown_address(found, found.url)) for found in self.source_lists),
            backup_every=self.backup.every if self.backup else None,
        )

    @cached_property
    def backup(self) -> BackupJob | None:
        """Job that writes backups, or ``None`` without a folder for backups."""
        from syndicate.jobs.backup.backup_job import BackupJob

        section = self.settings.backup
        if not section.folder:
            return None
        every = timedelta(seconds=section.every)
        folder = self.settings.path(section.folder)
        return BackupJob(store=self.store, folder=folder, every=every, keep=section.keep, owner=self.owner)

    @cached_property
    def stage_log(self) -> StageLog:
        """Log of the stages' runs and of counts."""
        from syndicate.jobs.stage_log import StageLog

        return StageLog(store=self.store)

    @cached_property
    def metrics(self) -> MetricsReader:
        """Reader of the metrics."""
        from syndicate.jobs.admin.system.metric_views import MetricsReader

        return MetricsReader(
            store=self.store,
            version=__version__,
            needs=self.needs,
            stage_log=self.stage_log,
            channels=[channel.name for channel in self.channels],
            newsletters=[newsletter.name for newsletter in self.newsletters],
            conditions=lambda *given: self.admin.source_list.conditions(*given),  # noqa: PLW0108 - imports late
        )

    @property
    def mail_servers(self) -> tuple[str, ...]:
        """Names of the mail servers: that of [mail], then each brand's own."""
        return tuple(dict.fromkeys(["", *(brand.sender for brand in self.brands)]))

    @cached_property
    def admin_options(self) -> AdminOptions:
        """Facts about the installation for pages and API."""
        from syndicate.jobs.admin.admin_facts import AdminOptions

        settings, admin = self.settings, self.settings.admin
        listen = admin.listen or settings.web.listen
        url = admin.url or (f"http://{listen}" if admin.listen else settings.site.url)
        is_local = is_loopback(f"http://{listen.rpartition(':')[0]}/")
        policy = admin.second_step
        if policy == "auto":
            policy = "off" if is_local and is_loopback(url) else "admins"
        return AdminOptions(
            title=settings.site.title,
            site_url=settings.site.url,
            url=url,
            hosts=frozenset(urlsplit(address).netloc.lower() for address in (settings.site.url, url)),
            zone=self.zone,
            is_local=is_local,
            second_step=frozenset(_ROLES[policy]),
            user_header=admin.user_header,
            proxies=admin.proxies,
            take_back=admin.take_back,
        )

    @cached_property
    def commands(self) -> CommandJobs:
        """The part of ``admin`` that most commands call, which imports less."""
        from syndicate.services.command_jobs import CommandJobs

        return CommandJobs(self)

    @cached_property
    def admin(self) -> AdminJobs:
        """Actions and views of operators, for pages, API and commands."""
        from syndicate.services.admin_jobs import AdminJobs

        return AdminJobs(self)

    @cached_property
    def review_links(self) -> ReviewLinks | None:
        """Review of editions behind a signed link, or ``None`` without a web server."""
        if not self.settings.web.listen:
            return None
        from syndicate.jobs.admin.mailing.review_links import ReviewLinks

        return ReviewLinks(store=self.store, actions=self.commands.editions, site_url=self.settings.site.url)

    def places(self, table: str) -> dict[str, str]:
        """Return file and line of what the configuration declares in an array of tables."""
        return declared_places(self.settings.path(self.settings.file), table)

    def mail_operator(self, to: str, subject: str, text: str) -> None:
        """Mail a text to a user or for an alert, from the sender of [mail]. Raises ``MailError``."""
        from syndicate.delivery.plain_mail import send_plain_mail

        sender = parse_mailbox(self.settings.mail.sender)
        mailbox = (sender.name or self.settings.site.title, sender.address.display)
        send_plain_mail(self.sender(), mailbox, to, subject, text)

    def mail_password_link(self, address: str, key: str) -> None:
        """Mail the link for a new password; a failure is logged without the address."""
        title = self.settings.site.title
        text = (
            f"Choose a new password for {title} within 48 hours:\n\n"
            f"{self.admin_options.url}/admin/password/{key}\n\n"
            "Without such a request, ignore this mail: the password stays as it is.\n"
        )
        try:
            self.mail_operator(address, f"New password for {title}", text)
        except SyndicateError as error:
            log.warning("the mail with a link for a password was not sent: %s", type(error).__name__)
