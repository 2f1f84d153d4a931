"""A component as a whole: loaded, described, its connections examined."""
