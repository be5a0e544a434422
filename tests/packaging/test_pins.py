"""The pins are whole: no resolver installs them, so nothing else would notice a missing package."""

import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
PINS = CHECKOUT / ".ci" / "requirements.txt"
TEST_PINS = CHECKOUT / ".ci" / "requirements-test.txt"
# What .ci/pin compiles each file from: extras, and groups beside the package.
COMPILED_FROM = {PINS: (["re2"], []), TEST_PINS: ([], ["test", "lint"])}
PYTHONS = [line.rpartition(" ")[2] for line in PROJECT["project"]["classifiers"] if ":: 3." in line]
MACHINES = {"linux": ("x86_64", "aarch64"), "darwin": ("arm64",)}
TARGETS = [
    (python, platform, machine)
    for python in PYTHONS
    for platform, machines in MACHINES.items()
    for machine in machines
]


def roots(file: Path) -> list[Requirement]:
    """The requirements that a file of pins was compiled from."""
    extras, groups = COMPILED_FROM[file]
    lines = list(PROJECT["project"]["dependencies"])
    for extra in extras:
        lines += PROJECT["project"]["optional-dependencies"][extra]
    for group in groups:
        lines += PROJECT["dependency-groups"][group]
    return [Requirement(line) for line in lines]


@cache
def pinned(file: Path) -> list[Requirement]:
    lines = file.read_text("utf-8").splitlines()
    return [Requirement(line.rstrip(" \\")) for line in lines if "==" in line and not line.startswith(" ")]


def valid(pins: list[Requirement], environment: dict[str, str] | None = None) -> dict[str, str]:
    """Name and version of each pin that holds in an environment, by default in this one."""
    held = [pin for pin in pins if not pin.marker or pin.marker.evaluate(environment)]
    return {canonicalize_name(pin.name): next(iter(pin.specifier)).version for pin in held}


def target_environment(python: str, platform: str, machine: str) -> dict[str, str]:
    """The variables of environment markers on a machine that has the newest patch release of a Python."""
    changed = {
        "python_version": python,
        "python_full_version": f"{python}.99",
        "implementation_version": f"{python}.99",
        "sys_platform": platform,
        "platform_system": {"linux": "Linux", "darwin": "Darwin"}[platform],
        "platform_machine": machine,
    }
    return {**{name: str(value) for name, value in default_environment().items()}, **changed}


def required(name: str, extras: frozenset[str], environment: dict[str, str]) -> list[Requirement]:
    """What the metadata of an installed package requires in an environment."""
    found = [Requirement(line) for line in distribution(name).requires or []]
    return [
        requirement
        for requirement in found
        if not requirement.marker
        or any(requirement.marker.evaluate({**environment, "extra": extra}) for extra in extras | {""})
    ]


def mistakes(file: Path, pins: list[Requirement], environment: dict[str, str]) -> list[str]:
    """Each requirement that the pins of an environment miss or contradict, and each pin without a use."""
    versions = valid(pins, environment)
    found, seen = set(), set()
    waiting = [("syndicate-news", requirement) for requirement in roots(file)]
    while waiting:
        parent, requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        reached = (name, frozenset(requirement.extras))
        if name not in versions:
            found.add(f"{parent} requires {requirement}, which is not pinned")
            continue
        if not requirement.specifier.contains(versions[name], prereleases=True):
            found.add(f"{parent} requires {requirement}; pinned is {versions[name]}")
        if reached in seen:
            continue
        seen.add(reached)
        try:
            waiting += [(name, next_one) for next_one in required(*reached, environment)]
        except PackageNotFoundError:
            found.add(f"{name} is pinned for {environment['python_version']} and not installed here")
    return sorted({*found, *(f"nothing requires {name}" for name in versions.keys() - dict(seen))})


@pytest.mark.parametrize("file", COMPILED_FROM, ids=lambda file: file.name)
@pytest.mark.parametrize("target", TARGETS, ids="-".join)
def test_every_requirement_of_every_package_is_pinned_and_satisfied(file, target):
    assert mistakes(file, pinned(file), target_environment(*target)) == []


def test_the_installed_packages_are_the_pinned_ones():
    here = valid(pinned(TEST_PINS))
    assert {name: distribution(name).version for name in here} == here


def test_a_missing_pin_and_a_pin_of_the_wrong_version_are_found():
    without = [pin for pin in pinned(PINS) if pin.name not in ("justext", "lxml")]
    found = mistakes(PINS, [*without, Requirement("lxml==5.4.0")], target_environment(*TARGETS[0]))
    assert "syndicate-news requires lxml<7,>=6; pinned is 5.4.0" in found
    assert [line for line in found if line.startswith("trafilatura requires justext")]
