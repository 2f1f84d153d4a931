"""What kinds of records add: contacts, items, transactions, money that settles them."""
