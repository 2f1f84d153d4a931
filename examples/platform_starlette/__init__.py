"""A small integration platform."""
