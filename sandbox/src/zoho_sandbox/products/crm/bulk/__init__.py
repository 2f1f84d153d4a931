"""Bulk jobs, and the files that they read and write."""
