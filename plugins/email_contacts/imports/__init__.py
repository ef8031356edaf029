"""The life of one import: submitted once, waited for, verified, accounted for.

The only room that knows how an import can go wrong. Builds on ``api`` and ``contacts``; knows no Airflow:
what it needs of it (the task's state store) is passed in.
"""
