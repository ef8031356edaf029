"""The life of one export: contacts from the platform to tables in object storage.

Knows sweeps, files and watermarks; must not import Airflow, whose state store and paths are passed in.
"""
