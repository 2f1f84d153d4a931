"""Polls and subscriptions, with their state in files."""
