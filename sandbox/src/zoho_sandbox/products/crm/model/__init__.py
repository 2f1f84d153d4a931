"""Modules, fields, values, people, and what a request has at hand."""
