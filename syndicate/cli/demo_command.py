"""The ``demo`` command: the whole pipeline on invented publications, without network or account."""

import asyncio
import signal
import socket
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from syndicate.cli.options import json_option, now_option
from syndicate.cli.output import show, table
from syndicate.demo.demo_folder import DemoFolder, open_demo_folder
from syndicate.demo.demo_run import DemoResult, run_pipeline
from syndicate.demo.newsroom import load_newsroom
from syndicate.demo.newsroom_server import NewsroomServer
from syndicate.errors import SyndicateError
from syndicate.services import Services, open_services
from syndicate.settings import load_settings

HOST = "127.0.0.1"
DEFAULT_PORT = 8000
DEMO_USER = "demo@tidewater.example"


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("feeds/demo"),
    show_default=True,
    help="The folder for everything the demo makes.",
)
@click.option("--serve", is_flag=True, help="Then serve feeds, pages and search until Ctrl-C.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=None,
    help=f"The port of --serve and of the site's links  [default: {DEFAULT_PORT}, or a free one].",
)
@json_option
@now_option
def demo(out: Path, serve: bool, port: int | None, as_json: bool, now: datetime | None) -> None:
    """Run the whole pipeline on a small bundled newsroom.

    Sources, articles and readers are invented and served on this machine. The stages are those of
    `syndicate run`. A second demo in the same folder replaces the first.
    """
    say = (lambda _line: None) if as_json else click.echo
    now = (now or datetime.now(UTC)).replace(microsecond=0)
    papers = load_newsroom()
    port = _port(port) if serve else port or DEFAULT_PORT
    with open_demo_folder(out) as folder, NewsroomServer(papers, now) as newsroom:
        folder.write(papers, newsroom.url, now, listen=f"{HOST}:{port}")
        settings = load_settings(folder.config, environment={})
        with open_services(settings, now=now) as services:
            result = run_pipeline(services, folder, now, say)
            show(asdict(result), as_json, lambda: _print(result, folder))
            if serve:
                _serve(services, port, lambda url, password: _print_addresses(url, password, as_json))
            elif not as_json:
                click.echo("Add --serve to see it in a browser. Images and sources are served only then.")


def _print(result: DemoResult, folder: DemoFolder) -> None:
    counts = result.counts
    rows = [
        ("sources", counts["sources"], f"{len(result.warnings)} with a warning"),
        ("articles", counts["articles"], f"{counts['duplicates']} duplicate texts"),
        ("stories", counts["stories"], f"{counts['stories_several_sources']} with several sources"),
        ("related links", counts["related_links"], f"in {counts['articles_with_related']} articles"),
        ("feed files", counts["feeds"], "RSS, Atom and JSON Feed, OPML, News sitemap"),
        ("pages", counts["pages"], "front page, sections, tags, articles"),
        ("editions", counts["editions"], f"{counts['edition_stories']} items"),
        ("deliveries", counts["deliveries"], f"{counts['sent']} sent"),
        ("second poll", counts["second_poll_new"], f"{counts['second_poll_rewritten']} files rewritten"),
    ]
    click.echo()
    table(("what", "number", ""), rows, right=(1,))
    click.echo()
    for warning in result.warnings:
        click.echo(click.wrap_text(f"warning: {warning}", 80, subsequent_indent="  "))
    for name, path in (
        ("feeds", folder.feeds / "news.rss"),
        ("pages", folder.feeds / "site" / "index.html"),
        *(("digest", path) for path in result.editions if path.suffix == ".html"),
        *(("message", path) for path in result.messages[:1]),
        ("config", folder.config),
    ):
        click.echo(f"{name:9} {path}")


def _print_addresses(url: str, password: str, as_json: bool) -> None:
    click.echo(f"serving   {url}/", err=as_json)
    user = f"user {DEMO_USER}, password {password}"
    click.echo(f"admin     {url}/admin/  {user}  (a user of this demo, on this machine only)", err=as_json)


def _port(chosen: int | None) -> int:
    """Return the chosen port, or the default or any free port. Raises ``SyndicateError`` if it is taken."""
    for port in [chosen] if chosen else [DEFAULT_PORT, 0]:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SyndicateError(f"port {chosen or DEFAULT_PORT} is taken; choose another with --port")


def _serve(services: Services, port: int, ready: Callable[[str, str], None]) -> None:
    """Serve until SIGINT or SIGTERM. Calls ``ready`` with the URL and the password of the demo's user."""
    from syndicate.access.random_keys import new_key
    from syndicate.cli.operate.serving import mounted_apps
    from syndicate.model.actors import Change, command_actor
    from syndicate.web import WebOptions, WebServer, create_app

    password = new_key()[:16]
    now = datetime.now(UTC)
    services.admin.users.add(
        Change(actor=command_actor("demo"), now=now), DEMO_USER, "admin", "Demo", password
    )
    app = create_app(
        WebOptions(page_max_age=0, feed_max_age=0),
        services.published,
        services.unsubscribe,
        templates=services.templates,
        health=lambda: {"ok": True},
        preferences=services.preferences,
        private_feeds=services.private_feeds,
        search=services.search,
        frame=services.site_frame,
        mounted=mounted_apps(services),
    )
    server = WebServer(app, HOST, port)

    async def until_signal() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.stop)
        await server.serve(lambda: ready(server.url, password))

    asyncio.run(until_signal())
