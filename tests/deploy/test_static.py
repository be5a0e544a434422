"""Workflow files that publish a newsroom without a server."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from syndicate.cli import _syndicate
from tests.cli.conftest import CONFIG

FOLDER = Path(__file__).parents[2] / "deploy" / "static"
FILES = sorted(FOLDER.iterdir())
TEXTS = {path.name: path.read_text("utf-8") for path in FILES}
# YAML 1.1 reads the key "on" as true.
WORKFLOWS: dict[str, Any] = {
    name: {"on" if key is True else key: value for key, value in yaml.safe_load(text).items()}
    for name, text in TEXTS.items()
}
ACTIONS = [name for name in WORKFLOWS if "jobs" in WORKFLOWS[name]]


def steps(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = WORKFLOWS[name]["jobs"]["publish"]["steps"]
    return found


def scripts(name: str) -> str:
    if name in ACTIONS:
        return "\n".join(step.get("run", "") for step in steps(name))
    return "\n".join(WORKFLOWS[name]["pages"]["script"])


def test_each_host_has_a_file():
    assert sorted(WORKFLOWS) == ["forgejo.yml", "github.yml", "gitlab-ci.yml"]


@pytest.mark.parametrize("name", ACTIONS)
def test_a_workflow_runs_by_schedule_one_at_a_time_and_is_never_cut_off(name: str):
    workflow = WORKFLOWS[name]
    assert re.fullmatch(r"\d+ \* \* \* \*", workflow["on"]["schedule"][0]["cron"])
    assert workflow["concurrency"] == {"group": "news", "cancel-in-progress": False}
    assert workflow["jobs"]["publish"]["timeout-minutes"] > 30


def test_a_pipeline_runs_one_at_a_time_and_is_never_cut_off():
    job = WORKFLOWS["gitlab-ci.yml"]["pages"]
    assert (job["resource_group"], job["interruptible"]) == ("news", False)
    assert job["artifacts"]["paths"] == ["public"]
    assert set(job["cache"]["paths"]) == {"syndicate.db", "feeds/"}


def test_actions_are_pinned_by_tag():
    used = [step["uses"] for step in steps("github.yml") if "uses" in step]
    assert len(used) >= 5
    assert [name for name in used if not re.fullmatch(r"[\w-]+/[\w/-]+@v\d+", name)] == []


def test_the_state_is_saved_under_a_new_key_and_restored_from_the_latest():
    caches = [step["with"] for step in steps("github.yml") if "cache/" in step.get("uses", "")]
    restored, saved = caches
    assert restored["path"].split() == saved["path"].split() == ["syndicate.db", "feeds"]
    assert restored["key"] == saved["key"]
    assert saved["key"].startswith(restored["restore-keys"])


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_no_registry_is_named(name: str):
    assert re.findall(r"://|index-url|docker\.io|ghcr|quay", scripts(name)) == []
    assert "pip install ./syndicate_news-*.whl" in scripts(name)


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_the_command_exists_with_these_options_and_only_code_1_goes_on(name: str):
    (arguments,) = re.findall(r"syndicate once (.*) \|\| \[ \$\? = 1 \]", scripts(name))
    command = _syndicate.get_command(None, "once")  # type: ignore[arg-type]
    assert command
    assert command.make_context("once", arguments.split())


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_the_site_has_no_web_server(name: str):
    assert 'SYNDICATE_WEB__LISTEN: ""' in TEXTS[name]
    assert "SYNDICATE_SITE__URL: " in TEXTS[name]


class Forge:
    """A repository on this machine, in place of one on a host."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.runs = folder, 0
        bin_folder = folder / "bin"
        bin_folder.mkdir()
        program = bin_folder / "syndicate"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m syndicate "$@"\n', "utf-8")
        program.chmod(0o755)
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "PYTHONPATH": str(FOLDER.parents[1]),
            "REPOSITORY": f"file://{folder}/origin.git",
            "TOKEN": "secret",
            "SYNDICATE_WEB__LISTEN": "",
            "SYNDICATE_SITE__URL": "https://user.example/news",
        }
        (folder / "first").mkdir()
        (folder / "first" / "config.toml").write_text(CONFIG, "utf-8")
        (folder / "first" / "desk").mkdir()
        (folder / "first" / "desk" / "snow.md").write_text(
            "---\ntitle: Snow comes early\ndate: 2026-11-23T10:00:00Z\n---\n\nHalf a metre fell.\n", "utf-8"
        )
        self.sh(
            "git init -q --bare -b main origin.git; git init -q -b main first; cd first; git add .; "
            'git -c user.name=a -c user.email=a@localhost commit -qm "A newsroom"; '
            "git push -q ../origin.git main",
            folder,
        )

    def sh(self, script: str, folder: Path) -> str:
        run = ["sh", "-e", "-c", script]
        done = subprocess.run(
            run, cwd=folder, env=self.environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    def begin(self) -> tuple[Path, list[str]]:
        """A run that has done all but its last step; its folder, and that step."""
        self.runs += 1
        folder = self.folder / f"run{self.runs}"
        folder.mkdir()
        *first, last = [step["run"] for step in steps("forgejo.yml") if "pip install" not in step["run"]]
        for script in first:
            self.sh(script, folder)
        return folder, [last]

    def run(self) -> str:
        """A whole run; the id of the tree of the pages."""
        folder, rest = self.begin()
        for script in rest:
            self.sh(script, folder)
        return self.sh("git rev-parse pages^{tree}", self.folder / "origin.git")

    def page(self, path: str) -> str:
        return self.sh(f"git show pages:{path}", self.folder / "origin.git")


@pytest.mark.all
def test_the_forgejo_workflow_publishes_and_a_second_run_changes_no_byte(tmp_path: Path):
    forge = Forge(tmp_path)
    first = forge.run()

    assert "Snow comes early" in forge.page("news.rss")
    assert "url=site/" in forge.page("index.html")
    # Search needs the web server, so that no page offers it.
    assert 'role="search"' not in forge.page("site/index.html")
    assert forge.sh("git ls-tree --name-only state", tmp_path / "origin.git") == "syndicate.db\n"
    assert forge.run() == first
    assert forge.sh("git rev-list --count state", tmp_path / "origin.git") == "1\n"


@pytest.mark.all
def test_a_run_that_began_with_an_older_state_replaces_nothing(tmp_path: Path):
    forge = Forge(tmp_path)
    forge.run()
    folder, (push,) = forge.begin()
    forge.run()
    before = forge.sh("git for-each-ref", tmp_path / "origin.git")

    with pytest.raises(subprocess.CalledProcessError, match="returned non-zero"):
        forge.sh(push, folder)

    assert forge.sh("git for-each-ref", tmp_path / "origin.git") == before
