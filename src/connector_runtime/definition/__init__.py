"""A folder of files as a checked component."""
