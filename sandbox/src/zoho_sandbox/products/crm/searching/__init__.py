"""Search by criteria and words, and COQL's address."""
