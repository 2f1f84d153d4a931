"""What every part stands on: state, time, settings, requests and replies, tokens, limits, faults."""
