"""Triggers: changes that are asked for, and what is kept from one time to the next."""

from connector_runtime.triggers.poll import Poll

__all__ = ["Poll"]
