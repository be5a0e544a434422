"""What ``config.toml`` declares, as the words of the model."""

from syndicate.model import Channel, Newsletter, Republish, Source, SourceKind
from syndicate.publish.channels import parse_query
from syndicate.settings import Settings
from syndicate.text.urls import is_web_url


def declared_sources(settings: Settings) -> tuple[Source, ...]:
    """The sources of ``[[sources]]``, in order."""
    return tuple(_source(settings, position) for position in range(len(settings.sources)))


def declared_channels(settings: Settings) -> tuple[Channel, ...]:
    """The channels of ``[[channels]]``, in order."""
    return tuple(
        Channel(
            name=channel.name,
            title=channel.title or channel.name.replace("-", " ").capitalize(),
            query=channel.query,
            clauses=parse_query(channel.query),
            limit=channel.limit,
            language=channel.language or settings.site.language,
            description=channel.description,
        )
        for channel in settings.channels
    )


def declared_newsletters(settings: Settings) -> tuple[Newsletter, ...]:
    """The newsletters of ``[[newsletters]]``, in order."""
    return tuple(
        Newsletter(
            name=newsletter.name,
            title=newsletter.title or f"{settings.site.title}: {newsletter.name}",
            schedule=newsletter.schedule,
            time_zone=newsletter.time_zone or settings.site.time_zone,
            query=newsletter.query,
            clauses=parse_query(newsletter.query),
            stories=newsletter.stories,
            trending=newsletter.trending,
            language=newsletter.language or settings.site.language,
            max_lateness=newsletter.max_lateness,
            first_edition=newsletter.first_edition,
            approval=newsletter.approval,
        )
        for newsletter in settings.newsletters
    )


def _source(settings: Settings, position: int) -> Source:
    declared = settings.sources[position]
    is_feed = is_web_url(declared.url)
    default = Republish.FULL if declared.own else Republish.SUMMARY
    return Source(
        id=0,
        name=declared.name,
        url=declared.url if is_feed else str(settings.path(declared.url)),
        kind=SourceKind.FEED if is_feed else SourceKind.FOLDER,
        section=declared.section,
        language=declared.language.lower(),
        own=declared.own,
        weight=declared.weight,
        republish=declared.republish or default,
        paused=declared.paused,
    )
