"""Former names of commands, which still work."""

import click

FORMER_NAMES = {
    ("subscribers", "allow"): "unsuppress",
    ("subscribers", "export-gone"): "export-suppressions",
    ("subscribers", "import-gone"): "import-suppressions",
    ("subscribers", "export-person"): "export-data",
    ("deliveries", "doubt"): "after-restore",
    ("deliveries", "arrived"): "mark-sent",
}
"""Present name by group and former name."""


class RenamedGroup(click.Group):
    """Group that also finds commands by their former names, with a note on standard error."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a present or former name."""
        name = FORMER_NAMES.get((str(self.name), cmd_name))
        if name is None:
            return super().get_command(ctx, cmd_name)
        click.echo(
            f"`{self.name} {cmd_name}` is deprecated: it is now called `{self.name} {name}`.", err=True
        )
        return super().get_command(ctx, name)
