"""What is unwise in files without errors."""
