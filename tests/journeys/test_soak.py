"""The soak run finds what it looks for; on demand it makes 100,000 calls, here a few hundred."""

from __future__ import annotations

import pytest

import soak
from connector_runtime.conversation import exchange


@pytest.mark.plan("S-41")
def test_hundreds_of_calls_on_a_breaking_line_leave_nothing_behind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing lost, nothing doubled, nothing left open, and the run says so."""
    code = soak.main(["300", "--seed", "2"])

    said = capsys.readouterr().out
    figures = {line[:24].strip(): line[24:] for line in said.splitlines()[1:]}
    assert code == 0, said
    assert figures["calls"] == "300"
    assert int(figures["faults"]) > 5
    assert (figures["lost"], figures["doubled"], figures["creates sent again"]) == ("0", "0", "0")


@pytest.mark.plan("S-42")
def test_a_doubled_record_makes_it_fail(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the rule that keeps a create from being sent again, the run ends with what was doubled."""
    monkeypatch.setattr(exchange, "may_repeat", lambda *_, **__: True)
    monkeypatch.setattr(soak, "SHARE", 0.4)

    code = soak.main(["300", "--seed", "2"])

    said = capsys.readouterr().out
    assert code == 1
    assert "BROKEN doubled: " in said
    assert "BROKEN creates sent again: " in said


@pytest.mark.plan("S-41")
def test_a_leak_is_a_slope() -> None:
    """Memory that grows with the calls is steep, memory that only warms up is not."""
    leaking = [(calls, 50 + calls / 1_000) for calls in range(0, 100_000, 5_000)]
    warming = [(calls, 50 + min(calls, 20_000) / 1_000) for calls in range(0, 100_000, 5_000)]

    assert soak.slope(leaking) * 10_000 == pytest.approx(10)
    assert soak.slope(warming) == pytest.approx(0)
