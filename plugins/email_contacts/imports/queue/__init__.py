"""The queue of an account: who comes first submits first, one at a time."""
