"""What is done around records: their owners, roles, photos, mails, sharing, history, and many at once."""
