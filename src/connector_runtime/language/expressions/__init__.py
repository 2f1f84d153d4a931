"""Expressions in `${ … }`: their grammar, filters and tests."""
