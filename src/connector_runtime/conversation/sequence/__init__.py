"""An action of several requests."""
