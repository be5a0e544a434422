"""Random histories over the real store and jobs: whatever happened, the invariants hold."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.invariants.checks import ALL_CHECKS
from tests.invariants.history import Step, random_history, shrink
from tests.invariants.trial import Place, broken_by, shortest

SEEDS = range(3)
MORE_SEEDS = range(3, 100)
MANY_SEEDS = range(1_000, 1_200)
TOGETHER = 50
# Databases of PostgreSQL are copied in 25 ms, files of SQLite in one.
ON_POSTGRES = 5


def assert_invariants(place: Callable[[str], Place], seed: int) -> None:
    """Try the history of a seed; if it breaks anything, say what, and after which few steps."""
    engine = "sqlite" if seed % ON_POSTGRES else "postgres"
    steps = random_history(seed)
    broken = broken_by(place(engine), steps)
    if broken:
        first = broken[0].number
        steps = shortest(place(engine), steps, first)
        again = [one for one in broken_by(place(engine), steps) if one.number == first]
        lines = [
            f"seed {seed} on {engine} breaks {', '.join(f'{one.number}: {one.found}' for one in broken)}"
        ]
        lines += [
            f"The shortest history found that breaks {first} ({', '.join(one.found for one in again)}):"
        ]
        pytest.fail("\n".join([*lines, *(f"    {step}" for step in steps)]), pytrace=False)


@pytest.mark.parametrize(
    "seed", [*SEEDS, *(pytest.param(seed, marks=pytest.mark.all) for seed in MORE_SEEDS)]
)
def test_every_invariant_holds_after_a_random_history(place: Callable[[str], Place], seed: int) -> None:
    assert_invariants(place, seed)


@pytest.mark.all
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("first", MANY_SEEDS[::TOGETHER])
def test_every_invariant_holds_after_many_random_histories(place: Callable[[str], Place], first: int) -> None:
    for seed in range(first, first + TOGETHER):
        assert_invariants(place, seed)


def test_a_failing_history_is_shortened_to_the_steps_that_matter() -> None:
    steps = tuple(Step("wait", (number,)) for number in range(40))

    def fails(tried: Sequence[Step]) -> bool:
        return {Step("wait", (3,)), Step("wait", (31,))} <= set(tried)

    assert shrink(steps, fails) == (Step("wait", (3,)), Step("wait", (31,)))


def test_a_seed_stands_for_the_same_history_everywhere() -> None:
    assert random_history(7) == random_history(7)
    assert len({random_history(seed) for seed in SEEDS}) == len(SEEDS)


def test_the_architecture_page_has_the_invariants_in_the_words_of_the_checks() -> None:
    page = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text("utf-8")
    section = page.partition("## Invariants\n")[2].partition("\n## ")[0]
    written = re.findall(r"^(\d+)\. (.*(?:\n +.*)*)[;.]$", section, re.MULTILINE)
    said = [f"{check.__doc__}" for check in ALL_CHECKS]
    assert [f"{number}: {' '.join(text.split())}." for number, text in written] == [
        " ".join(text.split()) for text in said
    ]
