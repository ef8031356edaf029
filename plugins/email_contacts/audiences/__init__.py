"""Audience files: a source and the list that it fills, as a document that people write.

Knows documents; must not know Airflow or HTTP, and reads no source itself. Importing it loads nothing heavy,
for a DAG file reads audiences each time it is parsed.
"""
