"""What is seen in a browser, and the sandbox's own addresses under `/_sandbox/`."""
