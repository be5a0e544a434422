"""Command that makes DKIM keys: a key file and a DNS record."""

import os
from pathlib import Path

import click

from syndicate.cli.options import Call, common_options
from syndicate.delivery.dkim_keys import load_key, new_key
from syndicate.errors import ConfigError
from syndicate.services.mail_services import mail_domain
from syndicate.settings import load_settings


@click.group()
def dkim() -> None:
    """Make keys that sign mail."""


@dkim.command()
@common_options
@click.option(
    "--kind",
    type=click.Choice(["rsa", "ed25519"]),
    default="rsa",
    show_default=True,
    help="The signature algorithm.",
)
@click.option("--brand", default="", metavar="NAME", help="Sign the mail of a brand of [[brands]].")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def new(call: Call, kind: str, brand: str, file: Path) -> None:
    """Write a new private key to FILE (mode 0600) and print its DNS record. An existing file is kept."""
    settings = load_settings(call.config)
    section = {"": settings.mail, **{declared.name: declared for declared in settings.brands}}.get(brand)
    if section is None:
        raise click.BadParameter(f"There is no [[brands]] {brand!r}.", param_hint="--brand")
    selector = getattr(section, f"dkim_{kind}_selector")
    domain = section.dkim_domain or mail_domain(settings.branded(brand))
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigError(f"{file} exists already and may sign mail; choose another name") from error
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(new_key(kind))
    key = load_key(file, domain=domain, selector=selector)
    name = f"{selector}._domainkey.{domain}"
    answer = {"file": str(file), "name": name, "type": "TXT", "record": key.record}

    table = f"[[brands]] {brand}:" if brand else "[mail]"

    def text() -> None:
        click.echo(f"Wrote {file}. Publish this TXT record:\n\n  {name}\n")
        # A string of a TXT record holds 255 bytes; longer values need several (RFC 6376 section 3.6.2.2).
        for start in range(0, len(key.record), 250):
            click.echo(f'  "{key.record[start : start + 250]}"')
        click.echo(f'\nThen set {table} dkim_{kind}_key = "{file}" and run `syndicate doctor`.')

    call.show(answer, text)
