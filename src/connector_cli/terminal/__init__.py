"""Words, data, signals and exit codes: what every command shares."""
