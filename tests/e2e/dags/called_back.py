"""Imports whose end only a callback can tell of in time: waited for by the operator, and by the sensor."""

from __future__ import annotations

from airflow.sdk import DAG, Param

from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.sensor import ImportCompletedSensor

PEOPLE = [{"email": f"called-back-{number}@example.com"} for number in range(20)]
LISTS = {"list_id": Param(1, type="integer")}

with DAG(dag_id="operator_is_called", schedule=None, params=LISTS) as operator_is_called:
    ImportContactsOperator(task_id="waiting", list_ids="{{ params.list_id }}", json_body=PEOPLE)

with DAG(dag_id="sensor_is_called", schedule=None, params=LISTS) as sensor_is_called:
    sent = ImportContactsOperator(
        task_id="send",
        list_ids="{{ params.list_id }}",
        json_body=PEOPLE,
        wait_for_completion=False,
        awaited_by="waiting",
    )
    ImportCompletedSensor(task_id="waiting", process_ids=[sent.output])
