"""The part that tokens play in a conversation."""
