"""Zoho's products, each in a folder that knows nothing of the others."""
