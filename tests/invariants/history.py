"""Random histories: steps made from a seed, and the search for a shorter history that fails as well."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.invariants.material import TOPICS

PAPERS = ("alpha", "beta", "gamma")
SLOTS = 5
READERS = ("ann", "bob", "cleo", "dan")
TOPIC = -1
# How often each step is drawn, and the bounds of its arguments; a topic is one of the history's own three.
STEPS: dict[str, tuple[int, tuple[int, ...]]] = {
    "arrive": (20, (len(PAPERS), SLOTS, TOPIC, 8, 4, TOPIC, 5, 11, 5, 40)),
    "edit": (8, (99, TOPIC, 8, 4, TOPIC, 5, 11, 5)),
    "copy": (9, (99, 99, 2, 5)),
    "full_text": (6, (99, 99, 4)),
    "vanish": (2, (99,)),
    "ingest": (12, ()),
    "place": (12, (2,)),
    "restart": (4, ()),
    "wait": (8, (7,)),
    "prune": (2, ()),
    "decide": (5, (99, 5, 4)),
    "publish": (3, ()),
    "cut": (3, (2,)),
    "down": (3, (3, len(PAPERS), SLOTS, TOPIC, 8, 4, 30)),
    "jump": (1, ()),
    "deliver": (4, (12,)),
    "subscribe": (3, (len(READERS),)),
    "sign_up": (1, (len(READERS),)),
    "unsubscribe": (1, (len(READERS),)),
    "pause": (1, (len(READERS),)),
    "suppress": (1, (len(READERS),)),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One operation. Its arguments are numbers that choose among what there is, so that any subset runs."""

    name: str
    arguments: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}{self.arguments!r}"


def random_history(seed: int, length: int = 26) -> tuple[Step, ...]:
    """Return the steps that belong to a seed; the same ones on every machine."""
    rng = random.Random(seed)
    names = rng.choices(list(STEPS), [weight for weight, _ in STEPS.values()], k=length)
    topics = rng.sample(range(len(TOPICS)), 3)

    def argument(bound: int) -> int:
        return rng.choice(topics) if bound == TOPIC else rng.randrange(bound)

    steps = [Step(name, tuple(map(argument, STEPS[name][1]))) for name in names]
    return (Step("temper", (rng.randrange(3),)), *steps)


def shrink(
    steps: Sequence[Step], fails: Callable[[Sequence[Step]], bool], *, runs: int = 250
) -> tuple[Step, ...]:
    """Return a short subsequence that still fails: leave out ever smaller parts as long as that helps."""
    kept, size = tuple(steps), max(1, len(steps) // 2)
    while runs > 0:
        shorter = False
        start = len(kept)
        while start > 0 and runs > 0:
            start = max(0, start - size)
            tried = kept[:start] + kept[start + size :]
            if len(tried) < len(kept):
                runs -= 1
                if fails(tried):
                    kept, shorter = tried, True
        if size == 1 and not shorter:
            break
        size = max(1, size // 2)
    return kept
