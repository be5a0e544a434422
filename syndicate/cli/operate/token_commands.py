"""Commands for API tokens, and the audit log."""

import click

from syndicate.cli.operate.user_commands import user_id_of
from syndicate.cli.options import Call, action_options, timed_options
from syndicate.cli.output import attributes, table
from syndicate.model.actors import SCOPES, command_actor


@click.group()
def tokens() -> None:
    """Add, list and revoke the API tokens of programs."""


@tokens.command()
@action_options
@click.argument("name")
@click.option("--user", "address", required=True, help="The address of the owner.")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(list(SCOPES)))
@click.option(
    "--days", type=click.FloatRange(0, 3650, min_open=True), help="The lifetime  [default: no end]."
)
def add(call: Call, name: str, address: str, scopes: tuple[str, ...], days: float | None) -> None:
    """Create a token for the program NAME and print it, once."""
    with call.services() as services:
        user_id = user_id_of(services, address)
        added = services.admin.tokens.add(call.change, name, scopes, days=days, user_id=user_id)
    answer = {"id": added.result.id, "token": added.secret, "message": added.result.message}
    call.show(answer, f"{added.result.message} It is shown only now:\n{added.secret}")


@tokens.command("list")
@timed_options
def list_(call: Call) -> None:
    """Show all tokens, without their secrets."""
    from syndicate.jobs.admin.access.access_views import token_views

    with call.services() as services, services.store.read() as connection:
        found = token_views(connection, command_actor(""))
    columns = "id name beginning owner created ends used revoked scopes"
    tokens = [attributes(token, columns) for token in found]
    call.show_table("tokens", columns.split(), tokens, "There are no tokens.")


@tokens.command()
@action_options
@click.argument("token_id", type=int)
def revoke(call: Call, token_id: int) -> None:
    """Revoke the token with this id."""
    with call.services() as services:
        result = services.admin.tokens.revoke(call.change, token_id)
    call.show({"id": result.id, "changed": result.is_change}, result.message)


@click.group()
def audit() -> None:
    """Show what users, tokens and commands changed."""


@audit.command("list")
@timed_options
@click.option("--actor", default="", help="Only changes by this user, token or command.")
@click.option("--action", default="", help="Only this action, such as source.add.")
@click.option("--kind", "object_kind", default="", help="Only objects of this kind, such as source.")
@click.option("--id", "object_id", default="", help="Only the object with this id.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
def list_audit(call: Call, limit: int, **chosen: str) -> None:
    """Show the audit log, newest first."""
    from syndicate.jobs.admin.access.access_views import audit_page, audit_summary

    with call.services() as services, services.store.read() as connection:
        found = audit_page(connection, chosen, limit=limit)
    rows = [
        (f"{row.at:%Y-%m-%d %H:%M:%S}", row.actor_name, row.action, f"{row.object_kind} {row.object_id}")
        for row in found
    ]
    answer = {"rows": [audit_summary(row) for row in found]}
    columns = ("at (UTC)", "who", "action", "object")
    call.show(answer, (lambda: table(columns, rows)) if rows else "The audit log has no such row.")
