"""Rows that must not be sent: of people who opted out, and such as would make the platform merge contacts."""
