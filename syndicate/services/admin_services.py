"""Services of the operator's pages and API."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from syndicate import __version__
from syndicate.audience.mailbox_address import parse_mailbox
from syndicate.errors import SyndicateError
from syndicate.services.declared import access_of
from syndicate.services.mailing_services import MailingServices
from syndicate.text.urls import is_loopback

if TYPE_CHECKING:
    from syndicate.jobs.admin.admin_jobs import AdminJobs, AdminOptions
    from syndicate.jobs.admin.needs import NeedsReader
    from syndicate.jobs.admin.sources.source_actions import SourceActions
    from syndicate.jobs.admin.sources.source_list_view import SourceListViews
    from syndicate.jobs.admin.system.metric_views import MetricsReader
    from syndicate.jobs.backup.backup_job import BackupJob
    from syndicate.jobs.stage_log import StageLog

log = logging.getLogger("syndicate.web")
_ROLES = {"off": (), "admins": ("admin",), "all": ("admin", "editor")}


class AdminServices(MailingServices):
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
    def source_views(self) -> SourceListViews:
        """Views of all sources with their conditions."""
        from syndicate.jobs.admin.sources.source_list_view import SourceListViews

        return SourceListViews(self.zone)

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
            conditions=self.source_views.conditions,
        )

    @property
    def mail_servers(self) -> tuple[str, ...]:
        """Names of the mail servers: that of [mail], then each brand's own."""
        return tuple(dict.fromkeys(["", *(brand.sender for brand in self.brands)]))

    @cached_property
    def admin_options(self) -> AdminOptions:
        """Facts about the installation for pages and API."""
        from syndicate.jobs.admin.admin_jobs import AdminOptions

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
    def source_actions(self) -> SourceActions:
        """Actions on sources."""
        from syndicate.jobs.admin.sources.source_actions import SourceActions

        read_access = partial(access_of, base=self.settings.base)
        return SourceActions(store=self.store, read_access=read_access, places=self.places("sources"))

    @cached_property
    def admin(self) -> AdminJobs:
        """Jobs of the operator's pages and API."""
        from syndicate.services.admin_composition import admin_jobs

        return admin_jobs(self)

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
