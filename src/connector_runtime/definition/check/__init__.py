"""What a schema cannot see in the files of a component."""
