"""The tests that stand in the files of a component."""
