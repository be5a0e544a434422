"""``syndicate serve``, and the web server of an installation, composed from its services."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from syndicate import __version__
from syndicate.cli.operate.runners import Serve, log, note_start, serve_with_settings
from syndicate.cli.operate.signals import SignalHandler
from syndicate.cli.options import Call, config_option, log_option
from syndicate.errors import ConfigError, StoreError
from syndicate.jobs.admin.access.setup_key import new_setup_key
from syndicate.jobs.admin.access.token_actions import TokenActions
from syndicate.logs import Format, configure_logs
from syndicate.services import Services, open_services
from syndicate.settings import Settings, load_settings
from syndicate.store.core.server_clock import database_time
from syndicate.text.urls import is_loopback
from syndicate.web.app import create_app
from syndicate.web.request_counts import counted
from syndicate.web.server import WebServer, parse_listen
from syndicate.web.web_options import WebOptions

FLUSH = 15.0
"""Seconds between two writes of readers' clicks."""


@click.command()
@config_option
@log_option
def serve(call: Call, log_format: Format) -> None:
    """Run only the web server, beside `run` or workers, until SIGTERM."""
    configure_logs(log_format)
    settings = load_settings(call.config)
    asyncio.run(serve_with_settings(call.config, settings, partial(_open_server, call.config)))
    log.info("stopped")


@contextmanager
def _open_server(config: Path, settings: Settings, signals: SignalHandler) -> Iterator[Serve]:
    with open_services(settings) as services:
        services.rejections = signals.rejections
        servers = web_servers(services, lambda: store_health(services))
        if not servers:
            raise ConfigError(
                '[web] listen is empty: set it to the address of the server, such as "0.0.0.0:8080"'
            )

        async def serve_pages(signals: SignalHandler, event: str) -> None:
            serving = start_servers(servers)
            await note_start(event, config, services)
            await asyncio.to_thread(log_setup_address, services, servers)
            while not signals.received.is_set():
                try:
                    await asyncio.wait_for(signals.received.wait(), FLUSH)
                except TimeoutError:
                    await asyncio.to_thread(_flush, services)
            await stop_servers(servers, serving)
            await asyncio.to_thread(_flush, services)

        yield serve_pages


def start_servers(servers: Sequence[WebServer]) -> "list[asyncio.Task[None]]":
    """Serve in tasks of the event loop."""
    for server in servers:
        log.info("serving", extra={"did": {"url": server.url}})
    return [asyncio.create_task(server.serve(lambda: None)) for server in servers]


async def stop_servers(servers: Sequence[WebServer], serving: "Sequence[asyncio.Task[None]]") -> None:
    """Finish open responses and end the tasks."""
    for server in servers:
        server.stop()
    await asyncio.gather(*serving)


def log_setup_address(services: Services, servers: Sequence[WebServer]) -> None:
    """Log the address that adds the first user, if there is none."""
    if not services.settings.admin.enabled or not servers:
        return
    if key := new_setup_key(services.store, datetime.now(UTC)):
        options = services.admin_options
        # The last server has the pages; its port may differ from the address that other machines use.
        url = servers[-1].url if options.is_local and is_loopback(options.url) else options.url
        log.info(
            "no users yet: open this address within an hour",
            extra={"did": {"url": f"{url}/admin/setup/{key}"}},
        )


def _flush(services: Services) -> None:
    try:
        services.reader_counter.flush(datetime.now(UTC))
    except StoreError as error:
        log.warning("clicks and readers were not stored: %s", error)
    services.stage_log.flush()


def store_health(services: Services, keep: Callable[[], None] = lambda: None) -> Mapping[str, object]:
    """Return the state of a process whose only part that may fail is the store, or the lock on it."""
    try:
        keep()
        with services.store.read() as connection:
            database_time(connection)
    except StoreError as error:
        return {"ok": False, "version": __version__, "problems": [str(error)]}
    return {"ok": True, "version": __version__, "problems": []}


def mounted_apps(services: Services) -> dict[str, ASGIApp]:
    """Return the applications beside the site by the first segment of their addresses.

    The first request makes them: their libraries take some 20 MB.
    """
    admin = services.settings.admin
    if not admin.enabled:
        return {}
    api = {"api": _made_on_first_use(partial(_api_app, services))}
    return api if admin.listen else {"admin": _admin_on_first_use(services), **api}


def _admin_on_first_use(services: Services) -> ASGIApp:
    return _made_on_first_use(partial(_admin_app, services), partial(_fill_overview, services))


def _made_on_first_use(make: Callable[[], ASGIApp], then: Callable[[], None] = lambda: None) -> ASGIApp:
    """Return an application that the first request makes; ``then`` runs in a thread beside that request."""
    made: list[ASGIApp] = []
    beside = set[asyncio.Task[None]]()
    lock = asyncio.Lock()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async with lock:
            if not made:
                made.append(await asyncio.to_thread(make))
                beside.add(asyncio.create_task(asyncio.to_thread(then)))
        await made[0](scope, receive, send)

    return app


def _admin_app(services: Services) -> ASGIApp:
    from syndicate.cli.operate.doctor import health_findings
    from syndicate.web.admin.admin_app import create_admin_app

    jobs = services.admin
    jobs.system = replace(jobs.system, checks=partial(health_findings, services))
    return create_admin_app(jobs, services.templates)


def _fill_overview(services: Services) -> None:
    """Read the overview: its next view finds the articles of earlier weeks in memory."""
    with suppress(StoreError):
        services.admin.overview.read(datetime.now(UTC))


def _api_app(services: Services) -> ASGIApp:
    from syndicate.jobs.admin.access.token_actions import TokenRequests
    from syndicate.web.api import ApiOptions, create_api

    jobs, settings = services.admin, services.settings
    options = ApiOptions(site_url=settings.site.url, is_public=settings.api.public)
    return create_api(jobs, services.store, TokenRequests(tokens=jobs.tokens).actor, options)


def web_servers(
    services: Services, health: Callable[[], Mapping[str, object]], keep: Callable[[], None] = lambda: None
) -> tuple[WebServer, ...]:
    """Return the servers at ``[web] listen`` and ``[admin] listen``; they are not started.

    ``keep`` raises ``StoreError`` when the process has lost its lock on the store.
    """
    listen, admin = services.settings.web.listen, services.settings.admin
    servers = [WebServer(site_app(services, health, keep), *parse_listen(listen))] if listen else []
    if admin.enabled and admin.listen:
        servers.append(WebServer(_admin_on_first_use(services), *parse_listen(admin.listen)))
    return tuple(servers)


def site_app(
    services: Services, health: Callable[[], Mapping[str, object]], keep: Callable[[], None] = lambda: None
) -> ASGIApp:
    """Return the application of the site, with the applications beside it."""
    site = services.settings.site
    app = create_app(
        WebOptions(
            hub_url=site.hub,
            site_url=site.url,
            former_channels=services.former_channels,
            embed_origins=services.settings.web.embed_origins,
        ),
        services.published,
        services.unsubscribe,
        templates=services.templates,
        health=health,
        on_feed_read=services.reader_counter.add,
        on_article_opened=services.reader_counter.add_page if services.settings.ranking.clicks else None,
        hub_listener=services.websub,
        webhooks=services.webhooks,
        sign_ups=services.sign_ups,
        preferences=services.preferences,
        private_feeds=services.private_feeds,
        review_links=services.review_links,
        search=services.search,
        embeds=services.embeds,
        frame=services.site_frame,
        mounted=mounted_apps(services),
        ready=lambda: store_health(services, keep),
        metrics=metrics_handler(services),
    )
    return counted(app)


def metrics_handler(services: Services) -> Callable[[Request], Response]:
    """Return the handler of /metrics, which imports prometheus_client at the first request."""
    actor_of = TokenActions(store=services.store).actor_of

    def respond(request: Request) -> Response:
        from syndicate.web.metrics import metrics_response

        return metrics_response(request, services.metrics, actor_of, datetime.now(UTC))

    return respond
