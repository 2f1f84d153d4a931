"""What the YAML files are written in: documents, expressions, schemas, templates."""
