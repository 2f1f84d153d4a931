# What type checkers take `__init__.py` for; a test compares the two.

from connector_runtime.testing.cases import Case, StillClock, cases_of, run_case, sample_of

__all__ = [
    "Case",
    "StillClock",
    "cases_of",
    "run_case",
    "sample_of",
]
