"""Commands for the users of the admin pages."""

import sys
from dataclasses import replace
from pathlib import Path

import click

from syndicate.cli.options import Call, action_options, timed_options
from syndicate.cli.output import say
from syndicate.errors import NotFound
from syndicate.jobs.admin.access.token_actions import SecretResult
from syndicate.model.actors import ROLES, ActionResult
from syndicate.services import Services
from syndicate.store.access import user_store

_role = click.Choice(list(ROLES))
_password_option = click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="The file of the password, or - for standard input; else it is asked for.",
)
_link_option = click.option("--link", is_flag=True, help="Print a link for 48 hours instead of a password.")


@click.group()
def users() -> None:
    """Add, list and remove users of the admin pages; passwords, roles and sessions."""


@users.command()
@action_options
@click.argument("address")
@click.option("--role", type=_role, help="The role  [default: editor; admin for the first user].")
@click.option("--name", default="", help="The name on pages.")
@_password_option
@_link_option
def add(
    call: Call, address: str, role: str | None, name: str, password_file: Path | None, link: bool
) -> None:
    """Add the user ADDRESS with a password or a link."""
    password = _password(password_file, link)
    with call.services() as services:
        if role is None:
            with services.store.read() as connection:
                role = "editor" if user_store.has_users(connection) else "admin"
        added = services.admin.users.add(call.change, address, role, name, password)
        _show(call, services, added)


@users.command("list")
@timed_options
def list_(call: Call) -> None:
    """Show all users."""
    from syndicate.jobs.admin.access.access_views import user_views

    with call.services() as services, services.store.snapshot() as connection:
        found = [view.summary() for view in user_views(connection, call.now)]
    empty = "There are no users yet. `syndicate users add ADDRESS` adds the first, an admin."
    call.show_table("users", ("address", "name", "role", "second_step", "sessions"), found, empty)


@users.command()
@action_options
@click.argument("address")
@click.argument("role", type=_role)
def role(call: Call, address: str, role: str) -> None:
    """Give the user ADDRESS another ROLE.

    The user's sessions end.
    """
    with call.services() as services:
        _show(call, services, services.admin.users.set_role(call.change, user_id_of(services, address), role))


@users.command()
@action_options
@click.argument("address")
@_password_option
@_link_option
def password(call: Call, address: str, password_file: Path | None, link: bool) -> None:
    """Set the password of the user ADDRESS.

    The user's sessions end.
    """
    with call.services() as services:
        user_id, jobs = user_id_of(services, address), services.admin.users
        if new_password := _password(password_file, link):
            _show(call, services, jobs.set_password(call.change, user_id, new_password))
        else:
            _show(call, services, jobs.send_link(call.change, user_id))


@users.command()
@action_options
@click.argument("address")
def remove(call: Call, address: str) -> None:
    """Remove the user ADDRESS with the user's sessions and API tokens."""
    with call.services() as services:
        _show(call, services, services.admin.users.remove(call.change, user_id_of(services, address)))


@users.command()
@action_options
@click.argument("address")
@click.option("--end", is_flag=True, help="End all sessions of the user.")
@click.option("--second-step-off", is_flag=True, help="Switch the second step off, for a lost device.")
def sessions(call: Call, address: str, end: bool, second_step_off: bool) -> None:
    """Show or end the sessions of the user ADDRESS."""
    from syndicate.jobs.admin.access.access_views import user_view

    with call.services() as services:
        user_id, jobs = user_id_of(services, address), services.admin.users
        done = [jobs.reset_second_step(call.change, user_id)] if second_step_off else []
        done += [jobs.end_sessions(call.change, user_id)] if end else []
        if done:
            message = " ".join(result.message for result in done)
            is_change = any(result.is_change for result in done)
            _show(call, services, replace(done[0], message=message, is_change=is_change))
            return
        with services.store.snapshot() as connection:
            view = user_view(connection, user_id, call.now)
    columns = ("browser", "network", "created", "seen", "ends")
    found = [{name: str(getattr(session, name)) for name in columns} for session in view.sessions]
    call.show_table("sessions", columns, found, f"{address} has no session.")


def user_id_of(services: Services, address: str) -> int:
    """Return the id of a user. Raises ``NotFound``."""
    with services.store.read() as connection:
        user = user_store.find_user(connection, address_key=address.strip().casefold())
    if user is None:
        raise NotFound(f"There is no user {address}. `syndicate users list` shows the users.")
    return user.id


def _password(file: Path | None, link: bool) -> str:
    """Return the password of a file or of the terminal, or ``""`` for a link."""
    if link and file:
        raise click.UsageError("Give --link, with which the user sets the password, or --password-file.")
    if link:
        return ""
    if file is None and not sys.stdin.isatty():
        raise click.UsageError(
            "There is no terminal at which to ask for a password; give --password-file FILE (- is standard "
            "input) or --link."
        )
    if file is None:
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    with click.open_file(str(file), encoding="utf-8") as source:
        password = str(source.readline()).rstrip("\r\n")
    if not password:
        raise click.UsageError(f"The first line of {file} holds the password, and it is empty.")
    return password


def _show(call: Call, services: Services, done: ActionResult | SecretResult) -> None:
    result, key = (done.result, done.secret) if isinstance(done, SecretResult) else (done, "")
    link = f"{services.admin.options.url}/admin/password/{key}" if key else ""
    answer = {"id": result.id, "message": result.message, "changed": result.is_change}
    text = f"{result.message}\nThe link works once, for 48 hours: {link}" if link else result.message
    call.show({**answer, "link": link} if link else answer, text)
    if not services.settings.admin.enabled:
        say("The admin pages are off: write `enabled = true` below [admin] in the configuration.", err=True)
