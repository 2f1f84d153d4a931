"""Rate limits of both products. Off by default; a setting names an edition."""
