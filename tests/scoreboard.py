"""What a run of the tests has shown, in figures.

A test reports with the fixture `score`; `score("creates", 1_000)`. A whole run of the
default tests that fails nowhere writes `docs/reference/scoreboard.md`. Only figures that
the next run repeats are reported: counts, and measurements as the bound they stayed below.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "scoreboard.md"
QUALITY = ROOT / "quality.yaml"
PLAN = "plan"
TITLE = """\
# Scoreboard

Written by `python3 dev.py test` when every test has passed; nobody edits it by hand.
Counts are those of the default run, a tenth of the long one (`python3 dev.py test --long`) where a test has both.
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the page; a `largest` is the greatest number reported, others add up."""

    label: str
    largest: bool = False


FIGURES = {
    "hostile": Figure("Hostile inputs tried"),
    "hostile_accepted": Figure("… accepted or acted upon"),
    "wire": Figure("Faults injected on the wire"),
    "wire_lost": Figure("… that ended in anything but a typed failure or a true reply"),
    "overrun_percent": Figure(
        "Worst overrun of a deadline under a dripping server: at most, in percent", largest=True
    ),
    "schedules": Figure("Schedules of waits, slow attempts and wishes of a server, in simulated time"),
    "schedules_late": Figure("… that ended after the deadline"),
    "bomb_mib": Figure("Peak memory gained under a compression bomb of 1 GiB: at most, in MiB", largest=True),
    "creates": Figure("Records created while nearly a third of the requests broke"),
    "creates_lost": Figure("… lost"),
    "creates_doubled": Figure("… there twice"),
    "unsafe_repeats": Figure("Creates without identity sent again after an unknown outcome"),
    "refreshes_asked": Figure("Concurrent callers that found a token expired"),
    "refreshes": Figure("… renewals that reached the accounts server"),
    "tenant_calls": Figure("Calls of many tenants through one process"),
    "crossings": Figure("… that met another tenant's token, cookie or reply"),
    "mutated_replies": Figure("Replies of embedded tests with something wrong in them"),
    "mutated_foreign": Figure("… that brought out a fault of Python's, or a create without its record"),
    "secrets": Figure("Secrets planted in the tests"),
    "secrets_found": Figure("… found in anything that was written"),
    "stumbles": Figure("Kinds of stumble of a token endpoint"),
    "stumbles_ended": Figure("… that ended a connection"),
    "outage_tenants": Figure("Tenants whose tokens ended during an outage of a minute", largest=True),
    "outage_lost": Figure("… that had to connect anew", largest=True),
    "mutants": Figure("Mutated component files"),
    "tracebacks": Figure("… that ended in a traceback"),
    "spoiled_taken": Figure("Parts of a spoiled compiled component that were taken for true"),
    "pipelined_kib": Figure(
        "Input the sandbox keeps of a client that sends 64 MB ahead of its turn: at most, in KiB", largest=True
    ),
    "broken_streams": Figure("Commands run on a full disk, a closed pipe or a narrow terminal, none with a traceback"),
    "costly_replies": Figure("Replies tried that cost far more than they weigh"),
    "refused_mib": Figure("Peak memory gained by one of them that is refused: at most, in MiB", largest=True),
    "taken_percent": Figure(
        "Peak memory of a long reply that is taken, to that of `json.loads`: at most, in percent",
        largest=True,
    ),
    "turn_kib": Figure("Most of a long reply read in one turn of an event loop, in KiB", largest=True),
    "vain_tries": Figure("Beginnings of values tried in 1.3 MB of deep brackets: at most", largest=True),
    "shown_chars": Figure("Most characters shown of 20 MB that a vendor says", largest=True),
    "interrupted_sends": Figure("Moments of a call at which an interrupt came, none of which blocked the next one"),
    "pieces_per_turn": Figure("Pieces of a reply that an event loop takes before others run: at most", largest=True),
    "saves_refused": Figure("Replies and places that are no good for saving, with an older file untouched"),
    "moments": Figure("Moments of time-outs, cancellations and signals whose frames were looked through"),
    "moments_open": Figure("… that showed a token, refresh token or client secret"),
    "stuck_look_ups": Figure("Calls to hosts whose look-up hangs"),
    "stuck_threads": Figure("… threads they left behind: at most", largest=True),
    "waiting_callers": Figure("Callers that waited for their turn at a budget"),
    "overtaken": Figure("… overtaken by one who came later"),
    "interrupts": Figure("Moments of a call at which it was interrupted by a signal"),
    "places_lost": Figure("… after which a place of the budget was lost"),
    "spoiled_files": Figure("Spoiled files of stores opened and used"),
    "spoiled_foreign": Figure("… that ended in an error of another library"),
}


class Scoreboard:
    """Gathers what tests report and how many cases each row of the plan has."""

    def __init__(self) -> None:
        self.figures: Counter[str] = Counter()
        self.cases: Counter[str] = Counter()
        self.quality: dict[str, dict[str, str]] = yaml.safe_load(QUALITY.read_text("utf-8"))["rows"]

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Write on a test which rows it proves: reports may come from other processes."""
        for item in items:
            item.user_properties += [
                (PLAN, row) for row in {mark.args[0] for mark in item.iter_markers("plan")}
            ]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what a test that passed has shown."""
        if report.when != "call" or not report.passed:
            return
        rows = [row for name, row in report.user_properties if name == PLAN]
        self.cases.update(rows)
        # Each case of such a row is one hostile input, or one fault on the wire.
        self.figures.update({self.quality.get(row, {}).get("counts") for row in rows} - {None})
        for name, number in report.user_properties:
            if name not in FIGURES:
                continue
            self.figures[name] = (
                max(self.figures[name], number) if FIGURES[name].largest else self.figures[name] + number
            )

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the page after a whole run without a failure."""
        if exitstatus == 0 and not self.figures["secrets_found"] and is_whole(session.config):
            text = self.page()
            if not PAGE.exists() or PAGE.read_text("utf-8") != text:
                PAGE.write_text(text, "utf-8")

    def page(self) -> str:
        """Return the page's text."""
        lines = [TITLE, "| what | number |", "| --- | ---: |"]
        lines += [f"| {figure.label} | {self.figures[name]:,} |" for name, figure in FIGURES.items()]
        lines += ["", "## Rows of the plan", ""]
        lines += ["`quality.yaml` names the tests of each row and the code that they defend.", ""]
        lines += ["| row | what goes wrong | test cases |", "| --- | --- | ---: |"]
        lines += [f"| {key} | {row['about']} | {self.cases[key]:,} |" for key, row in self.quality.items()]
        return "\n".join(lines) + "\n"


def is_whole(config: pytest.Config) -> bool:
    """Return whether the default run was asked for: every file, everything but the long tests."""
    everywhere = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    narrowed = any(
        config.getoption(name, None)
        for name in ("keyword", "deselect", "lf", "ignore", "maxfail", "collectonly")
    )
    # Processes that only do a share of the tests are told their part by the one that leads.
    leads = not hasattr(config, "workerinput")
    return leads and everywhere and not narrowed and config.getoption("markexpr") == "not long"


def pytest_configure(config: pytest.Config) -> None:
    """Gather through one object a run."""
    config.pluginmanager.register(Scoreboard(), "scoreboard-of-the-run")


@pytest.fixture
def score(record_property: Callable[[str, object], None]) -> Callable[[str, int], None]:
    """Report a figure: `score(name, number)` with a name of `FIGURES`."""

    def scoring(name: str, number: int) -> None:
        assert name in FIGURES, f"the scoreboard has no figure {name!r}"
        record_property(name, number)

    return scoring
