"""Settings that can be changed, and what is read of pipelines, pick lists and the recycle bin."""
