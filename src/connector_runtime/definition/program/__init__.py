"""Actions compiled to closures; see `action`."""
