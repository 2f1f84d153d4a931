"""One connection in use."""
