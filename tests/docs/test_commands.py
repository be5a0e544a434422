"""docs/commands.md names every command and every option, and none that does not exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner

from syndicate.cli import _syndicate
from syndicate.errors import ConfigError, StoreError, SyndicateError
from syndicate.model import DeliveryState

TEXT = (Path(__file__).parents[2] / "docs" / "commands.md").read_text("utf-8")
# Explained once for all commands, and by click itself.
UNIVERSAL = {"--help"}


def leaves(command: click.Command, path: str = "syndicate") -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        yield from leaves(below, f"{path} {name}")


COMMANDS = dict(leaves(_syndicate))
SECTIONS = dict(re.findall(r"^### (syndicate .+?)\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))


def options(command: click.Command) -> set[str]:
    found = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    return {name for option in found for name in option.opts if name.startswith("--")} - UNIVERSAL


def test_every_command_is_documented_and_no_other():
    assert set(SECTIONS) == set(COMMANDS)


def test_every_option_is_documented_and_no_other():
    for name, command in COMMANDS.items():
        own = SECTIONS[name].replace(f"`{name} ", "`")

        assert set(re.findall(r"--[a-z][a-z-]*", own)) == options(command), name


def test_a_mistyped_dry_run_is_refused_by_every_command():
    dry = {name: command for name, command in COMMANDS.items() if "--dry-run" in options(command)}
    assert len(dry) == 20
    for name in dry:
        for typed in ("--dryrun", "--dry-run=yes", "--dry_run"):
            done = CliRunner().invoke(_syndicate, [*name.split()[1:], typed])
            assert done.exit_code == 2, (name, typed, done.output)


def test_the_usage_line_shows_every_argument():
    for name, command in COMMANDS.items():
        arguments = [parameter for parameter in command.params if isinstance(parameter, click.Argument)]
        usage = re.search(rf"`{name}( [^`]*)?`", SECTIONS[name])

        assert usage, name
        for argument in arguments:
            assert str(argument.metavar or argument.name).upper() in usage[0], name


def test_every_exit_code_is_documented():
    assert set("01234") <= set(re.findall(r"^\| (\d) \| .+ \|$", TEXT, re.MULTILINE))


def test_the_documented_exit_codes_are_those_of_the_errors():
    assert (SyndicateError.exit_code, ConfigError.exit_code, StoreError.exit_code) == (1, 3, 4)
    assert click.UsageError.exit_code == 2


def test_every_state_of_a_delivery_is_documented():
    section = SECTIONS["syndicate deliveries list"]
    assert [state for state in DeliveryState if f"`{state.value}`" not in section] == []
