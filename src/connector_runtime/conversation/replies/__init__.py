"""Replies read and judged, and what a call gives back."""
