"""The one door for Airflow's plugin manager, which executes every file that it finds in this folder.

It adds nothing to the UI yet; it is what makes ``airflow plugins`` name the package.
"""

from airflow.plugins_manager import AirflowPlugin


class EmailContactsPlugin(AirflowPlugin):
    """Registers the package under its own name."""

    name = "email_contacts"
