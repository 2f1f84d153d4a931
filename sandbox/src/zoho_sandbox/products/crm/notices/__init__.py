"""Notification channels, and the callbacks that tell of changes."""
