"""Timers of time entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoho_sandbox.products.books.calls.statuses import change
from zoho_sandbox.products.books.records.registry import handles
from zoho_sandbox.products.books.rules.errors import refusal

if TYPE_CHECKING:
    from zoho_sandbox.core.wire import Answer
    from zoho_sandbox.products.books.records.request import Request
    from zoho_sandbox.products.books.records.store import Record


@handles("timer_start")
def start_timer(request: Request) -> Answer:
    """Let a time entry's timer run."""
    values = {"timer_started_at": request.books.now(), "is_timer_running": True}
    record = change(request, request.record(), values)
    return request.answer(time_entry=record)


def _running(request: Request) -> Record:
    found = request.books.state.find(request.books.kind("time_entries"), equals={"is_timer_running": True})
    if not found:
        raise refusal("unknown_resource")
    return found[-1]


@handles("timer_stop")
def stop_timer(request: Request) -> Answer:
    """Stop the timer that runs."""
    record = change(request, _running(request), {"is_timer_running": False, "timer_started_at": ""})
    return request.answer(time_entry=record)


@handles("timer_running")
def get_running_timer(request: Request) -> Answer:
    """Answer the time entry whose timer runs."""
    return request.answer(time_entry=_running(request))
