"""One call of one action, written once, without I/O."""
