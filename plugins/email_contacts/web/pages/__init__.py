"""The page "Contact imports" of Airflow's UI: the history of imports, and each of them in detail.

Rendered on the server, read-only, and shown only what Airflow's own authorisation lets the user see. What is
not public API of Airflow stands in ``airflow_access``, ``airflow_history`` and ``airflow_runs``.
"""
