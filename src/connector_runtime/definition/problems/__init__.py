"""What is wrong with a component, and where it stands."""
