"""Contacts of an email platform, run from Apache Airflow.

Importing this package costs nothing: it imports neither Airflow nor any of its own rooms.
"""

__version__ = "0.1.0"
