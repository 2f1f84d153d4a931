"""What an action asks for, and what becomes of what was entered."""
