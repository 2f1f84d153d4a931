"""Small values and tools that every floor uses; they know nothing of components."""
