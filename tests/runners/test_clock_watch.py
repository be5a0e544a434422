"""Is the wall clock to be trusted? Two clocks that the test sets itself."""

from syndicate.clock_watch import SETTLE, ClockWatch

DAY = 86_400.0


class Clocks:
    def __init__(self) -> None:
        self.wall, self.boot = 1_800_000_000.0, 500.0
        self.watch = ClockWatch(lambda: self.wall, lambda: self.boot)

    def after(self, seconds: float, set_by: float = 0.0) -> bool:
        """So much time passes, and the wall clock is set: is it trusted?"""
        self.boot += seconds
        self.wall += seconds + set_by
        return self.watch.trusted()


def test_a_clock_that_is_only_corrected_stays_trusted() -> None:
    clocks = Clocks()
    assert all(clocks.after(15, set_by=step) for step in (0, 1.5, -2, 90, -90, 0))
    assert clocks.watch.jumps == 0


def test_a_suspended_machine_is_no_jump() -> None:
    assert Clocks().after(10 * DAY)


def test_after_a_jump_the_clock_is_doubted_until_it_has_run_steadily() -> None:
    for set_by in (DAY, -DAY):
        clocks = Clocks()
        assert not clocks.after(5, set_by=set_by)
        assert not clocks.after(SETTLE - 10)
        assert not clocks.after(5, set_by=set_by)
        assert not clocks.after(SETTLE - 1)
        assert clocks.after(1)
        assert clocks.after(15)
        assert clocks.watch.jumps == 2


def test_a_clock_that_is_set_back_to_where_it_was_is_trusted_at_once() -> None:
    clocks = Clocks()
    assert not clocks.after(5, set_by=DAY)
    assert clocks.after(5, set_by=-DAY)
    assert clocks.watch.jumps == 2
