"""What a preparation leaves: bodies, lists of rows that are not sent, and the manifest."""
