"""Records and what hangs on them: related lists, notes, attachments, tags, metadata."""
