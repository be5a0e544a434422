"""Numbers of generated examples: some in a default run, as many as a test names with ``./run test --all``."""

import hypothesis

BY_DEFAULT = "few"
ALL = "all"
FEW = 25
# A busy machine is no failure: tests say nothing about time.
hypothesis.settings.register_profile(BY_DEFAULT, deadline=None, max_examples=FEW)
hypothesis.settings.register_profile(ALL, deadline=None)


def examples(count: int) -> int:
    """Return the number of examples for a test that deserves ``count``."""
    return count if hypothesis.settings.get_current_profile_name() == ALL else min(count, FEW)
