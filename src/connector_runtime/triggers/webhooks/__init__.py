"""Triggers that are pushed: subscriptions, the proof of a push, and its events."""
