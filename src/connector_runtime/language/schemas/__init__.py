"""JSON Schemas of the language and of records."""
