"""Command line: a module per command group, imported when its command runs.

Exit codes: 0 success, 1 needs a person, 2 usage, 3 configuration, 4 store locked or unusable.
"""

import importlib
import sys
from difflib import get_close_matches
from typing import Any

import click

from syndicate import __version__
from syndicate.cli.output import say
from syndicate.errors import SyndicateError

# name → (module, help). The help stands here so that `--help` imports no command.
_COMMANDS = {
    "init": ("operate.setup", "Write a commented config.toml and a .gitignore."),
    "check": ("operate.setup", "Check configuration, templates and schedules; show the next runs."),
    "run": ("operate.daemon", "Run everything until SIGTERM: stages, newsletter and web server."),
    "ingest": ("operate.stage_commands", "Read the sources that are due."),
    "stories": ("operate.stage_commands", "Group new articles into stories, link and rank them."),
    "publish": ("operate.stage_commands", "Write the feeds and pages that changed."),
    "edition": ("operate.stage_commands", "Cut the newsletter editions that are due."),
    "deliver": ("operate.stage_commands", "Send the deliveries that are due."),
    "status": ("operate.status", "Show sources, stories, editions, deliveries and problems."),
    "sources": ("reading.source_commands", "Find, add, list, test, pause and remove sources; OPML."),
    "rules": ("reading.rule_commands", "Try the rules for incoming articles; change nothing."),
    "explain": ("reading.explain", "Explain an article's story, ranks, channels and newsletters."),
    "editor": ("editing.editor_commands", "Pin, drop, retitle or boost stories, with who and when."),
    "replay": (
        "editing.replay_command",
        "Show past lists and editions as the present rules would make them.",
    ),
    "preview": ("editing.preview", "Render the next edition of a newsletter without sending it."),
    "lint": ("editing.lint_command", "Find problems of a newsletter before it is sent."),
    "newsletters": ("editing.newsletter_commands", "List, pause and resume newsletters."),
    "editions": (
        "editing.edition_commands",
        "Review editions: show, change, approve, hold, withdraw, correct.",
    ),
    "send": ("editing.preview", "Send the next edition to one mailbox, as a test."),
    "subscribers": (
        "mailing.subscriber_commands",
        "Add, import, list, export, remove and unsuppress subscribers.",
    ),
    "deliveries": ("mailing.delivery_commands", "List deliveries; resolve uncertain deliveries."),
    "bounces": ("mailing.bounce_commands", "Read bounces, complaints and unsubscribe mails."),
    "dkim": ("mailing.dkim_commands", "Make a DKIM key, which signs mail."),
    "doctor": ("operate.doctor", "Check DNS, TLS and unsubscribing, as receivers of mail do."),
    "prune": ("operate.stage_commands", "Remove rows that are older than [retention] allows."),
    "demo": ("demo_command", "Run the whole pipeline on a small bundled newsroom."),
}


class _LazyGroup(click.Group):
    """Group that lists its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"syndicate.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        # Click suggests only commands that are imported.
        if args[0] not in _COMMANDS and (alike := get_close_matches(args[0], _COMMANDS)):
            names = " or ".join(map(repr, alike))
            raise click.UsageError(f"No such command {args[0]!r}. Did you mean {names}?", ctx)
        return super().resolve_command(ctx, args)

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


def main(arguments: list[str] | None = None) -> Any:
    """Run a command. A ``SyndicateError`` becomes a message and its exit code."""
    try:
        return _syndicate.main(args=arguments, prog_name="syndicate")
    except SyndicateError as error:
        say(f"syndicate: {error}", err=True)
        sys.exit(error.exit_code)
