"""What a cell means: e-mail addresses, numbers, dates, booleans, phone numbers."""
