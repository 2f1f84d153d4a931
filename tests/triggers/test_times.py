"""Moments of changes, as vendors write them."""

from __future__ import annotations

from typing import Any

import pytest

from connector_runtime.triggers.moments import HOUR, moment_of, written

NOON = 1_780_315_200 * 1_000_000  # 2026-06-01T12:00:00Z


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-01T12:00:00Z",
        "2026-06-01T17:30:00+05:30",
        "2026-06-01T08:00:00-0400",
        "2026-06-01T12:00:00.000+00:00",
        1_780_315_200,
        1_780_315_200_000,
        1_780_315_200.0,
    ],
)
def test_one_moment_has_many_forms(text: Any) -> None:
    """Offsets, seconds and milliseconds mean the same moment."""
    moment = moment_of(text)

    assert moment is not None
    assert moment.micro == NOON


@pytest.mark.parametrize(
    "value", [None, True, "", "soon", "2026-06-01T12:00:00", "2026-13-01", float("nan"), 1e300, [], {}]
)
def test_what_is_no_moment_is_none(value: Any) -> None:
    """A time without its offset is nobody's, and nonsense is no time."""
    assert moment_of(value) is None


def test_a_day_may_be_anybodys() -> None:
    """A day lasts from its beginning in UTC until it has ended everywhere."""
    moment = moment_of("2026-06-01")

    assert moment is not None
    assert (moment.latest - moment.micro, moment.text()) == (36 * HOUR - 1, "2026-06-01")
    assert written(moment.latest, "date") == "2026-06-01"


@pytest.mark.plan("S-259")
@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("instant", "2026-06-01T12:00:00+00:00"),
        ("date", "2026-06-01"),
        ("seconds", 1_780_315_200),
        ("milliseconds", 1_780_315_200_000),
    ],
)
def test_a_vendor_is_asked_in_its_own_form(form: str, text: Any) -> None:
    """The moment is written as the source says."""
    assert written(NOON, form) == text


@pytest.mark.plan("S-259")
def test_a_day_that_is_asked_for_is_never_too_late() -> None:
    """Where it is still yesterday somewhere, yesterday is asked for."""
    assert written(NOON - HOUR, "date") == "2026-05-31"
