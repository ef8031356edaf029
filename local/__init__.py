"""A real Airflow and the sandbox platform on this machine, for the demo, for trying out and for the tests.

Starts the same processes that a deployment has (API server, scheduler, DAG processor, triggerer), with a home
of their own inside the checkout. Only the Makefile and the tests use it; a deployment does not need it.
"""
