"""The image and the compose files."""

import json
import os
import re
import resource
import shutil
import subprocess
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from syndicate.cli import _syndicate
from syndicate.settings import load_settings
from syndicate.web.readers.routes import ROUTES

CHECKOUT = Path(__file__).parents[2]
DEPLOY = CHECKOUT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")
COMPOSE: dict[str, Any] = {
    path.name: yaml.safe_load(path.read_text("utf-8")) for path in DEPLOY.glob("compose*.yaml")
}
SERVICES = [
    (name, service)
    for name, file in COMPOSE.items()
    for service, facts in file["services"].items()
    if facts["image"] == "syndicate-news"
]


def services() -> list[tuple[str, dict[str, Any]]]:
    return [(service, COMPOSE[name]["services"][service]) for name, service in SERVICES]


BASE = os.environ.get("SYNDICATE_TEST_BASE_IMAGE", "")
READ_ONLY = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges")


def test_the_image_runs_as_an_ordinary_user_with_a_health_check():
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001:10001$", last, re.M)
    assert re.search(r"^HEALTHCHECK ", last, re.M)
    assert re.search(r"^STOPSIGNAL SIGTERM$", last, re.M)


def test_the_build_sees_no_file_of_a_newsroom():
    ignored = (CHECKOUT / ".dockerignore").read_text("utf-8").splitlines()
    assert ignored[0] == "*"
    kept = [line[1:] for line in ignored if line.startswith("!")]
    assert [name for name in kept if not list(CHECKOUT.glob(name))] == []
    assert not {"feeds", "outbox", "syndicate.db", ".git"} & set(kept)


@pytest.mark.parametrize(("name", "service"), SERVICES)
def test_a_service_has_a_read_only_root_and_no_privileges(name: str, service: str):
    facts = COMPOSE[name]["services"][service]
    assert facts["read_only"]
    assert facts["tmpfs"] == ["/tmp"]
    assert facts["cap_drop"] == ["ALL"]
    assert facts["security_opt"] == ["no-new-privileges:true"]
    assert facts["volumes"] == ["./news:/srv/news"]
    assert facts["init"]
    assert facts["stop_grace_period"] == "90s"


def test_images_of_others_have_a_version_and_no_registry():
    images = {facts["image"] for file in COMPOSE.values() for facts in file["services"].values()}
    assert images == {"syndicate-news", "postgres:18", "caddy:2"}


def test_no_file_holds_a_password():
    many = COMPOSE["compose.many.yaml"]["services"]
    assert many["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    assert ":${POSTGRES_PASSWORD:?" in many["worker"]["environment"]["SYNDICATE_STORE__URL"]


def variables(text: str) -> dict[str, str]:
    return dict(re.findall(r"\b(SYNDICATE_\w+)[=:] ?(\S+)", text))


def test_each_command_of_a_container_exists_with_its_options():
    commands = [facts["command"] for _, facts in services() if "command" in facts]
    commands.append(json.loads(re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.M)[0]))
    assert [command[0] for command in commands] == ["worker", "serve", "run"]
    for name, *arguments in commands:
        command = _syndicate.get_command(None, name)  # type: ignore[arg-type]
        assert command
        assert command.make_context(name, arguments)


def test_the_variables_of_containers_are_settings_and_all_ports_are_that_of_the_web_server(tmp_path: Path):
    (tmp_path / "config.toml").write_text("", "utf-8")
    given = variables(DOCKERFILE) | {
        name: str(value) for _, facts in services() for name, value in facts.get("environment", {}).items()
    }
    settings = load_settings(tmp_path / "config.toml", given)
    assert given.keys() == {"SYNDICATE_WEB__LISTEN", "SYNDICATE_STORE__URL"}
    port = settings.web.listen.rpartition(":")[2]
    assert re.findall(r"^EXPOSE (.*)$", DOCKERFILE, re.M) == [port]
    assert COMPOSE["compose.yaml"]["services"]["newsroom"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert COMPOSE["compose.many.yaml"]["services"]["proxy"]["environment"] == {"UPSTREAM": f"serve:{port}"}
    (address,) = re.findall(r"urlopen\('http://127\.0\.0\.1:(\d+)(/[^']*)'", DOCKERFILE)
    assert address == (port, next(route.path for route in ROUTES if route.handler == "health"))


def test_the_image_installs_extras_that_exist():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    (extras,) = re.findall(r"^ARG EXTRAS=(.*)$", DOCKERFILE, re.M)
    assert set(extras.split(",")) <= project["optional-dependencies"].keys()


class Containers:
    """Podman with the limits of this process, which no container may exceed without privileges."""

    def __init__(self) -> None:
        limits = {
            "nofile": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
            "nproc": resource.getrlimit(resource.RLIMIT_NPROC)[1],
        }
        self.limits = [f"--ulimit={name}={min(hard, 20_000)}" for name, hard in limits.items() if hard > 0]
        self.runtime: list[str] = []

    def podman(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["podman", *self.runtime, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def build(self, base: str, name: str) -> None:
        machine = [f"--volume={path}:{path}:ro" for path in ("/etc/ssl/certs", "/etc/resolv.conf")]
        options = ["--format=docker", "--isolation=chroot", "--network=host", *self.limits, *machine]
        options += ["--build-arg", f"BASE={base}", "--file", str(DEPLOY / "Dockerfile"), "--tag", name]
        done = self.podman("build", *options, str(CHECKOUT))
        assert done.returncode == 0, done.stderr[-3000:]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.podman("run", *self.limits, "--network=none", *READ_ONLY, *arguments)

    def find_runtime(self, image: str) -> bool:
        """Find a runtime that starts a container; crun needs cgroups that some machines lack."""
        for runtime in ([], ["--runtime=runc"], ["--runtime=crun"]):
            self.runtime = runtime
            if self.run("--rm", image, "true").returncode == 0:
                return True
        return False


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    """Podman, and the image as ``localhost/syndicate-test``, built on a base of this machine."""
    if not shutil.which("podman"):
        pytest.skip("podman is not installed")
    containers, base = Containers(), BASE
    if not base:
        if not shutil.which("debootstrap") or os.geteuid() != 0:
            pytest.skip("SYNDICATE_TEST_BASE_IMAGE names no image, and debootstrap cannot make a base")
        base, folder = "localhost/syndicate-test-base", tmp_path_factory.mktemp("base")
        packages = "--include=python3,python3-venv,ca-certificates"
        subprocess.run(["debootstrap", "--variant=minbase", packages, "stable", folder / "root"], check=True)
        subprocess.run(["tar", "-C", folder / "root", "-cf", folder / "root.tar", "."], check=True)
        assert containers.podman("import", str(folder / "root.tar"), base).returncode == 0
        shutil.rmtree(folder)
    if not containers.find_runtime(base):
        pytest.skip("podman runs no containers here")
    containers.build(base, "localhost/syndicate-test")
    yield containers
    containers.podman("rmi", "--force", "localhost/syndicate-test")


@pytest.fixture
def news(tmp_path: Path) -> Path:
    """An empty folder of the image's user."""
    folder = tmp_path / "news"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, 10001, 10001)
    return folder


@pytest.mark.all
@pytest.mark.timeout(1200)
def test_a_container_with_a_read_only_root_is_healthy_and_ends_with_0_in_five_seconds(
    containers: Containers, news: Path
):
    volume = f"--volume={news}:/srv/news"
    began = containers.run("--rm", volume, "localhost/syndicate-test", "init", ".")
    assert "Wrote config.toml" in began.stdout, began.stderr
    started = containers.run("--detach", "--name=syndicate-test", volume, "localhost/syndicate-test")
    try:
        assert started.returncode == 0, started.stderr
        for _ in range(60):
            if containers.podman("healthcheck", "run", "syndicate-test").returncode == 0:
                break
            containers.podman("exec", "syndicate-test", "sleep", "1")
        else:
            raise AssertionError(containers.podman("logs", "syndicate-test").stderr)
        user = containers.podman("exec", "syndicate-test", "id", "-u")
        assert user.stdout == "10001\n"
        assert containers.podman("exec", "syndicate-test", "touch", "/opt/file").returncode != 0
        began_at = time.monotonic()
        containers.podman("stop", "--time=60", "syndicate-test")
        assert time.monotonic() - began_at < 8  # five, and the time of podman
        (facts,) = json.loads(containers.podman("inspect", "syndicate-test").stdout)
        assert facts["State"]["ExitCode"] == 0
    finally:
        containers.podman("rm", "--force", "syndicate-test")


@pytest.mark.all
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("library", ["psycopg", "procrastinate", "obstore"])
def test_the_image_brings_the_optional_packages(containers: Containers, library: str):
    script = f"import {library}, syndicate"
    done = containers.run("--rm", "--entrypoint=python3", "localhost/syndicate-test", "-c", script)
    assert done.returncode == 0, done.stderr
