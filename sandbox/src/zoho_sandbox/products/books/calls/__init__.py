"""Calls beyond create, read, update and delete."""
