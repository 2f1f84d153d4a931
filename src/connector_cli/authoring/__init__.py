"""What an author of files runs: check, test, format, schemas for an editor."""
