"""The tests that stand in the files of a component, and what makes tests of one's own cheap."""

from connector_runtime.base.lazy import lazily

__all__, __getattr__ = lazily(
    __name__,
    {"testing.cases": "Case StillClock cases_of run_case sample_of"},
)
