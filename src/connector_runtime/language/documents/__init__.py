"""YAML and JSON files, and where in them everything stands."""
