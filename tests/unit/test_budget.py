"""A service's budget: how many requests in a window, and how many at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector_runtime.stores.budget import Budget, Rule


def nobody() -> None:
    """Be woken for nothing."""


def test_a_window_never_sees_more_requests_than_allowed() -> None:
    """The fourth of three a minute has to wait until the first is a minute old."""
    budget, rule = Budget(), Rule(requests=3, per_s=60.0)

    waits = [budget.take("org", rule, now=at, wake=nobody) for at in (0.0, 1.0, 2.0, 3.0)]

    assert waits == [None, None, None, 57.0]
    assert budget.take("org", rule, now=60.0, wake=nobody) is None


@given(st.lists(st.floats(0, 30), min_size=1, max_size=200), st.integers(1, 10))
def test_no_window_of_any_schedule_is_overdrawn(gaps: list[float], allowed: int) -> None:
    """Whenever callers come, no stretch of `per_s` seconds holds more than `requests`."""
    budget, rule, now, taken = Budget(), Rule(requests=allowed, per_s=60.0), 0.0, []
    for gap in gaps:
        now += gap
        if budget.take("org", rule, now=now, wake=nobody) is None:
            taken.append(now)
            budget.give_back("org")

    for start in taken:
        assert sum(start <= at < start + 60.0 for at in taken) <= allowed


def test_one_key_does_not_pay_for_another() -> None:
    """Each organisation has its own window."""
    budget, rule = Budget(), Rule(requests=1, per_s=60.0)

    assert budget.take("a", rule, now=0.0, wake=nobody) is None
    assert budget.take("b", rule, now=0.0, wake=nobody) is None


def test_who_waits_for_a_slot_is_woken_in_turn() -> None:
    """A freed slot wakes the one who waits longest, once."""
    budget, rule, woken = Budget(), Rule(concurrency=1), []
    budget.take("org", rule, now=0.0, wake=nobody)
    assert budget.take("org", rule, now=0.0, wake=lambda: woken.append("first")) == float("inf")
    budget.take("org", rule, now=0.0, wake=lambda: woken.append("second"))

    budget.give_back("org")

    assert woken == ["first"]


def test_a_wake_up_that_comes_too_late_goes_to_the_next() -> None:
    """Someone who gave up hands on what was meant for him, so that nobody waits for nothing."""
    budget, rule, woken = Budget(), Rule(concurrency=1), []
    budget.take("org", rule, now=0.0, wake=nobody)
    budget.take("org", rule, now=0.0, wake=nobody)
    budget.take("org", rule, now=0.0, wake=lambda: woken.append("next"))
    budget.give_back("org")

    budget.forget("org", nobody)

    assert woken == ["next"]
