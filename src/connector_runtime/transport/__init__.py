"""Send a request once: allowed hosts only, one deadline, bounded reading."""
