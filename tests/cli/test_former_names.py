"""Former names of commands still work, with a note on standard error."""

import pytest

from syndicate.cli.former_names import FORMER_NAMES
from tests.cli.conftest import Run


@pytest.mark.parametrize(("group", "former"), sorted(FORMER_NAMES))
def test_a_former_name_runs_the_command_of_the_present_name(run: Run, group: str, former: str) -> None:
    name = FORMER_NAMES[group, former]
    present, old = run(f"{group} {name} --help"), run(f"{group} {former} --help")
    assert (old.code, present.err) == (0, "")
    assert old.out.replace(former, name) == present.out
    assert old.err.count("\n") == 1
    assert f"{group} {name}" in old.err


@pytest.mark.parametrize("group", sorted({group for group, _ in FORMER_NAMES}))
def test_the_help_of_a_group_hides_former_names(run: Run, group: str) -> None:
    listed = run(f"{group} --help").out
    assert not any(former in listed.split() for name, former in FORMER_NAMES if name == group)


def test_a_former_name_takes_the_options_of_the_present_name(run: Run, tmp_path) -> None:
    config = '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n[mail]\naddress = "1 Pier Road"\n'
    (tmp_path / "config.toml").write_text(config, "utf-8")
    assert run("deliveries doubt --dry-run --json").json["dry_run"] is True
    assert run("subscribers export-gone -").code == 0
    assert run("subscribers allow --reason fixed nobody@example.org").code == 1
