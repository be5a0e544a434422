from syndicate.delivery.rate_limit import RateLimiter, RateLimits


def moments(rate_limiter: RateLimiter, *addresses: str, now: float = 100.0) -> list[float]:
    return [round(rate_limiter.next_slot(address, now) - now, 6) for address in addresses]


def test_without_limits_everything_may_go_at_once() -> None:
    assert moments(RateLimiter(RateLimits()), "a@x.org", "b@x.org") == [0, 0]


def test_a_rate_spreads_messages_evenly() -> None:
    assert moments(RateLimiter(RateLimits(rate=60)), *["a@x.org"] * 4) == [0, 1, 2, 3]


def test_a_domain_waits_alone() -> None:
    found = moments(RateLimiter(RateLimits(domain_rate=6)), "a@x.org", "b@X.org", "c@y.org", "d@x.org")
    assert found == [0, 10, 0, 20]


def test_both_limits_hold_together() -> None:
    found = moments(RateLimiter(RateLimits(rate=60, domain_rate=6)), "a@x.org", "b@x.org", "c@y.org")
    assert found == [0, 10, 11]


def test_time_that_was_not_used_is_not_caught_up() -> None:
    rate_limiter = RateLimiter(RateLimits(rate=60))
    moments(rate_limiter, "a@x.org")
    assert moments(rate_limiter, "a@x.org", "b@x.org", now=1000.0) == [0, 1]


def test_a_message_that_goes_first_waits_only_for_such_messages_and_puts_the_later_ones_off() -> None:
    rate_limiter = RateLimiter(RateLimits(rate=60))
    now = 1000.0
    assert [rate_limiter.next_slot("a@x.org", now) - now for _ in range(3)] == [0, 1, 2]
    assert [rate_limiter.next_slot("b@x.org", now, first=True) - now for _ in range(3)] == [0, 1, 2]
    assert rate_limiter.next_slot("a@x.org", now) - now == 6
