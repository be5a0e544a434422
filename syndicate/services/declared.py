"""Declarations of ``config.toml`` as values of the model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from syndicate.errors import ConfigError
from syndicate.model import (
    Access,
    Brand,
    Channel,
    MessageStep,
    Newsletter,
    Republish,
    Selectors,
    Source,
    SourceKind,
    SourceList,
)
from syndicate.publish.channel_query import in_language, parse_query
from syndicate.settings import Settings
from syndicate.settings.mail_settings import NewsletterSettings
from syndicate.settings.source_settings import AuthSettings, SourceSettings
from syndicate.settings.story_settings import ChannelSettings
from syndicate.text.privacy import looks_secret
from syndicate.text.urls import is_web_url

if TYPE_CHECKING:
    from syndicate.newsletter.edition_announcements import DeclaredAnnouncement


def declared_sources(settings: Settings) -> tuple[Source, ...]:
    """Return the sources of ``[[sources]]``, in order."""
    return tuple(_source(settings, declared) for declared in settings.sources)


def declared_lists(settings: Settings) -> tuple[SourceList, ...]:
    """Return the source lists of ``[[source_lists]]``, in order."""
    return tuple(
        SourceList(
            url=list_settings.url if is_web_url(list_settings.url) else str(settings.path(list_settings.url)),
            every=list_settings.every,
            section=list_settings.section,
            private=is_private(list_settings.url, list_settings.private, list_settings.auth is not None),
            access=read_access(list_settings.auth, settings.base),
        )
        for list_settings in settings.source_lists
    )


def is_private(url: str, declared: bool | None, has_access: bool) -> bool:  # noqa: FBT001 three facts
    """Return true for a secret URL: as declared, or else with authentication or a key in the URL."""
    return (has_access or looks_secret(url)) if declared is None else declared


def channel_of(settings: Settings, channel: ChannelSettings) -> Channel:
    """Return a channel of ``[[channels]]`` or of the store."""
    language = channel.language or settings.site.language
    return channel.as_options(
        Channel,
        title=channel.title or channel.name.replace("-", " ").capitalize(),
        clauses=in_language(parse_query(channel.query), language),
        language=language,
    )


def newsletter_of(settings: Settings, newsletter: NewsletterSettings) -> Newsletter:
    """Return a newsletter of ``[[newsletters]]`` or of the store."""
    series = ((f"series {mail.days}", mail.days, mail.file) for mail in newsletter.series)
    return newsletter.as_options(
        Newsletter,
        brand=brand_of(settings, newsletter.brand),
        title=newsletter.title or f"{settings.branded(newsletter.brand).site.title}: {newsletter.name}",
        time_zone=newsletter.time_zone or settings.site.time_zone,
        messages=tuple(
            MessageStep(name=name, days=days, file=str(settings.path(file)))
            for name, days, file in (("welcome", 0, newsletter.welcome), *series)
            if file
        ),
        clauses=parse_query(newsletter.query),
        language=newsletter.language or settings.site.language,
    )


def declared_announcements(settings: Settings) -> tuple[DeclaredAnnouncement, ...]:
    """Return the announcements of ``[[announcements]]``, in order."""
    from syndicate.newsletter.edition_announcements import DeclaredAnnouncement

    return tuple(declared.as_options(DeclaredAnnouncement) for declared in settings.announcements)


def brand_of(settings: Settings, name: str) -> Brand:
    """Return a brand of ``[[brands]]``; the site's for ``""``."""
    branded, own = settings.branded(name), {brand.name: brand for brand in settings.brands}.get(name)
    site, files = branded.site, dict[str, str]()
    for key, suffix in (("logo", ""), ("logo_dark", "-dark")):
        stem = f"brand-{name}" if own and own.logo else "logo"
        if file := getattr(site, key):
            files[f"{key}_file"] = str(settings.path(file))
            files[key] = f"site/assets/{stem}{suffix}{Path(file).suffix.lower()}"
    return site.as_options(
        Brand,
        name=name,
        **files,
        postal_address=branded.mail.address,
        sender=name if own and own.host and branded.mail.transport == "smtp" else "",
    )


def _source(settings: Settings, declared: SourceSettings) -> Source:
    is_web = is_web_url(declared.url)
    default = Republish.FULL if declared.own else Republish.SUMMARY
    listed = SourceKind.PAGE if declared.select.item else SourceKind.FEED
    return declared.as_options(
        Source,
        id=0,
        url=declared.url if is_web else str(settings.path(declared.url)),
        kind=declared.kind or (listed if is_web else SourceKind.FOLDER),
        language=declared.language.lower(),
        republish=declared.republish or default,
        interval=declared.interval or None,
        select=declared.select.as_options(Selectors) if declared.select.item else None,
        private=is_private(declared.url, declared.private, declared.auth is not None),
        access=read_access(declared.auth, settings.base),
    )


def access_of(fields: Mapping[str, str], base: Path) -> Access | None:
    """Return the authentication in the fields of a form, if any. Raises ``ConfigError``."""
    keys = ("username", "header", "secret_file", "secret_env")
    values = {key: value for key in keys if (value := fields.get(key, "").strip())}
    if not fields.get("auth"):
        if values:
            raise ConfigError("the user name, the header and the place of the secret need --auth, the type")
        return None
    try:
        auth = AuthSettings.model_validate({"type": fields["auth"], **values})
    except ValueError as error:
        reasons = [line.strip() for line in str(error).splitlines() if "Value error" in line]
        raise ConfigError(reasons[0].removeprefix("Value error, ") if reasons else str(error)) from error
    return read_access(auth, base)


def read_access(auth: AuthSettings | None, base: Path) -> Access | None:
    """Return the authentication of a source; a relative secret file starts from the folder ``base``."""
    if auth is None:
        return None
    return auth.as_options(
        Access,
        kind=auth.type,
        secret_file=str((base / Path(auth.secret_file).expanduser()).absolute()) if auth.secret_file else "",
    )
