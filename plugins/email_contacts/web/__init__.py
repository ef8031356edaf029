"""What this package serves inside Airflow's API server: the address that the platform calls.

The API server only: FastAPI and Airflow's models are loaded at the first request, and ``lazy`` is all that
other processes ever load of it. Whatever is not public API of Airflow stands in ``airflow_core``.
"""
