"""What the tests of secrets share."""

from token_files import keys, place

__all__ = ["keys", "place"]
