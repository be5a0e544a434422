"""Command line: a module per command group, imported when its command runs.

Exit codes: 0 success, 1 needs a person, 2 usage, 3 configuration, 4 store locked or unusable.
"""

import gc
import importlib
import os
import sys
from typing import Any

import click

from syndicate import __version__
from syndicate.errors import SyndicateError

# name → (module, help). The help stands here so that `--help` imports no command.
_COMMANDS = {
    "init": ("operate.setup", "Write a commented config.toml and a .gitignore."),
    "check": ("operate.setup", "Check configuration, templates and schedules; show the next runs."),
    "run": ("operate.daemon", "Run everything until SIGTERM: stages, newsletter and web server."),
    "worker": ("operate.worker", "Work beside other workers of a PostgreSQL store until SIGTERM."),
    "serve": ("operate.serving", "Run only the web server, beside `run` or workers."),
    "once": ("operate.once", "Run every stage until nothing is due, then end: for timers and CI."),
    "ingest": ("operate.stage_commands", "Read the sources that are due."),
    "stories": ("operate.stage_commands", "Group new articles into stories, link and rank them."),
    "publish": ("operate.stage_commands", "Write the feeds and pages that changed."),
    "edition": ("operate.stage_commands", "Cut the newsletter editions that are due."),
    "deliver": ("operate.stage_commands", "Send the deliveries that are due."),
    "status": ("operate.status", "Show sources, stories, editions, deliveries and problems."),
    "sources": ("reading.source_commands", "Find, add, list, test, pause and remove sources; OPML."),
    "rules": ("reading.rule_commands", "Try the rules for incoming articles; change nothing."),
    "explain": ("reading.explain", "Explain an article's story, ranks, channels and newsletters."),
    "search": ("reading.search_command", "Search the articles, as readers do."),
    "editor": ("editing.editor_commands", "Pin, drop, retitle, merge or split stories, and more."),
    "searches": ("reading.saved_search_commands", "Save searches as feeds, mails and events."),
    "replay": ("editing.replay_command", "Show past lists and editions as the present rules make them."),
    "preview": ("editing.preview", "Render the next edition of a newsletter without sending it."),
    "channels": ("editing.channel_commands", "List, try, add, change, rename and take down channels."),
    "lint": ("editing.lint_command", "Find problems of a newsletter before it is sent."),
    "newsletters": ("editing.newsletter_commands", "List, add, change, pause and resume newsletters."),
    "editions": ("editing.edition_commands", "Review editions: show, edit, approve, hold, withdraw, fix."),
    "send": ("editing.preview", "Send the next edition to one mailbox, as a test."),
    "subscribers": ("mailing.subscriber_commands", "Add, import, list, tag, export, remove subscribers."),
    "segments": ("mailing.segment_commands", "List the segments of subscribers and their sizes."),
    "deliveries": ("mailing.delivery_commands", "List deliveries; resolve uncertain deliveries."),
    "bounces": ("mailing.bounce_commands", "Read bounces, complaints and unsubscribe mails."),
    "dkim": ("mailing.dkim_commands", "Make a DKIM key, which signs mail."),
    "doctor": ("operate.doctor", "Check DNS, TLS and unsubscribing, as receivers of mail do."),
    "users": ("operate.user_commands", "Add, list and remove users of the admin pages; passwords, roles."),
    "tokens": ("operate.token_commands", "Add, list and revoke the API tokens of programs."),
    "webhooks": ("operate.webhook_commands", "Add, list, test, remove webhooks: events for programs."),
    "posts": ("mailing.post_commands", "List posts to other networks; resolve uncertain posts."),
    "audit": ("operate.token_commands", "Show what users, tokens and commands changed."),
    "prune": ("operate.stage_commands", "Remove rows that are older than [retention] allows."),
    "backup": ("operate.backup_commands", "Write a checked backup of the store while everything runs."),
    "restore": ("operate.backup_commands", "Put a backup into the store's place; mail is held."),
    "migrate-store": ("operate.backup_commands", "Move the store, also between SQLite and PostgreSQL."),
    "demo": ("demo_command", "Run the whole pipeline on a small bundled newsroom."),
}


_ON_WINDOWS = (
    "syndicate: Windows lacks the file locks and process limits that syndicate needs. Run it in the "
    "Windows Subsystem for Linux (wsl --install, then as on Debian) or in a container."
)


class _LazyGroup(click.Group):
    """Group that lists its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"syndicate.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        # Click suggests only commands that are imported.
        if args[0] not in _COMMANDS:
            from difflib import get_close_matches

            if alike := get_close_matches(args[0], _COMMANDS):
                names = " or ".join(map(repr, alike))
                raise click.UsageError(f"No such command {args[0]!r}. Did you mean {names}?", ctx)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name in ("--config", "--json", "--now"):
                name = error.option_name
                text = f"Write {name} after the command: syndicate COMMAND {name} …"
                raise click.UsageError(text, ctx) from error
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(
    cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80}
)
@click.version_option(__version__, prog_name="syndicate")
def _syndicate() -> None:
    """Turn a list of news sources into feeds, pages and a newsletter people trust.

    Start with `syndicate demo`, or with `syndicate init` and your own sources.
    """


def main(arguments: list[str] | None = None, *, system: str = os.name) -> Any:
    """Run a command. A ``SyndicateError`` becomes a message and its exit code."""
    if system == "nt":
        sys.exit(_ON_WINDOWS)
    # Collections among imported modules take a sixth of a command's start; ``open_services`` lowers it.
    gc.set_threshold(1_000_000)
    try:
        return _syndicate.main(args=arguments, prog_name="syndicate")
    except SyndicateError as error:
        from syndicate.cli.output import say

        say(f"syndicate: {error}", err=True)
        sys.exit(error.exit_code)
